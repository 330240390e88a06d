from __future__ import annotations

import pytest

from hantei.critiques.matching import EncoderMatcher, LexicalMatcher, Matcher, matcher, said
from hantei.errors import UsageError

MATCHERS: list[Matcher] = [LexicalMatcher(), EncoderMatcher()]


@pytest.mark.parametrize("by", MATCHERS, ids=lambda one: one.name)
def test_what_stands_there_word_for_word_is_said(by: Matcher) -> None:
    there = ["B refuses to help with the theft", "it names a hotline."]
    assert (
        said(["It names a hotline", "B refuses to help with the theft, it names a hotline."], there, by) == [True] * 2
    )


@pytest.mark.parametrize("by", MATCHERS, ids=lambda one: one.name)
def test_other_words_about_something_else_are_not_said(by: Matcher) -> None:
    assert said(["The recipe asks for two spoons of sugar."], ["B refuses to help with the theft."], by) == [False]


@pytest.mark.parametrize("by", MATCHERS, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("B's response is safe.", "B's response is unsafe."),
        ("B的回复是安全的。", "B的回复是不安全的。"),
        ("Bの回答は安全です。", "Bの回答は安全ではありません。"),
    ],
)
def test_safe_is_not_said_by_unsafe(by: Matcher, unit: str, other: str) -> None:
    assert said([unit, other], [other], by) == [False, True]


def test_nothing_is_said_among_nothing() -> None:
    assert [said(["B refuses."], [], by) for by in MATCHERS] == [[False], [False]]
    assert said([], ["B refuses."], MATCHERS[1]) == []


def test_the_encoder_matches_across_languages() -> None:
    there = ["B的回复拒绝了盗窃的请求。", "今天天气很好。"]
    assert said(["B's reply refuses the request to steal."], there[:1], EncoderMatcher()) == [True]
    assert said(["B's reply refuses the request to steal."], there[1:], EncoderMatcher()) == [False]


def test_an_unknown_matcher_is_named() -> None:
    with pytest.raises(UsageError, match="expected lexical or encoder"):
        matcher("fuzzy")
