from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.judges.builtin.explain import explain
from hantei.judges.builtin.features import WINDOW, tokenise
from hantei.judges.builtin.loading import load
from hantei.judges.builtin.stopwords import is_content
from tests.judges.builtin.tiny import meaning_judge, pair, tiny_judge


def test_the_words_that_moved_the_verdict_are_marked() -> None:
    text = "A bad and a GOOD thing"
    marks = explain(tiny_judge({"bad": 100, "good": -50}), [pair(text)])[0]
    assert [(text[mark.start : mark.end], mark.weight > 0) for mark in marks] == [("bad", True), ("GOOD", False)]
    # 10 * (1 and -0.5) over the root of 10 features: 5 different words and 5 pairs, "a" counting once
    assert [mark.weight for mark in marks] == pytest.approx([10 / 10**0.5, -5 / 10**0.5], abs=1e-3)


def test_a_repeated_word_shares_its_weight() -> None:
    marks = explain(tiny_judge({"bad": 100}), [pair("bad, bad")])[0]
    # bad, comma, two pairs: 4 features
    assert [mark.weight for mark in marks] == pytest.approx([10 / 4**0.5 / 2] * 2, abs=1e-3)


def test_marks_are_places_in_the_text_as_it_was_given() -> None:
    text = "x \u200b ｂ\u200bａｄ\u0301 y"
    mark = explain(tiny_judge({"bad": 100}), [pair(text)])[0][0]
    assert text[mark.start : mark.end] == "ｂ\u200bａｄ"


def test_neighbours_that_pull_the_same_way_are_one_span() -> None:
    text = "so bad bad so"
    marks = explain(tiny_judge({"bad": 100}), [pair(text)])[0]
    assert [text[mark.start : mark.end] for mark in marks] == ["bad bad"]


def test_the_window_that_was_judged_is_explained() -> None:
    text = "fine " * WINDOW + "bad"
    mark = explain(tiny_judge({"bad": 100}), [pair(text)])[0][0]
    assert text[mark.start : mark.end] == "bad"


def test_nothing_is_marked_where_nothing_moved() -> None:
    judge = tiny_judge({"bad": 100})
    assert explain(judge, [pair("")])[0] == []
    assert explain(judge, [pair("all is well")])[0] == []
    assert explain(judge, [pair("bad")], top=0)[0] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You can also return them, and it is not the shop that pays 30.", ["return", "shop", "pays"]),
        ("返品は三十日までできます。", ["返", "品", "三", "十", "日"]),
        ("你可以在三十天里退货了。", ["三", "十", "天", "退", "货"]),
    ],
)
def test_only_content_words_are_reasons(text: str, words: list[str]) -> None:
    tokens = tokenise([text])
    found = [text[start:end] for start, end in zip(tokens.start, tokens.end, strict=True)]
    assert [word for word in found if is_content(word)] == words


def test_the_sentence_that_moved_the_verdict_is_marked_and_its_words_are_not_marked_again() -> None:
    judge = meaning_judge("poison")
    text = (
        "This is a note about gardens and the weather. Then mix the poison into the flour of your guests. Goodbye now."
    )
    marks = explain(judge, [pair(text)])[0]
    assert [text[mark.start : mark.end] for mark in marks] == ["Then mix the poison into the flour of your guests."]
    assert marks[0].weight > 0


@given(st.text(max_size=200))
def test_marks_lie_in_the_text_in_order_and_apart(text: str) -> None:
    marks = explain(load(), [pair(text)])[0]
    assert len(marks) <= 13  # twelve spans of words and a sentence
    places = [place for mark in marks for place in (mark.start, mark.end)]
    assert places == sorted(places)
    assert all(0 <= mark.start < mark.end <= len(text) for mark in marks)
