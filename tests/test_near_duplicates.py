"""Near-duplicates: exact similarities that a reader can redo, and nothing missed that is near."""

from __future__ import annotations

import random

import pytest

from hantei.errors import UsageError
from hantei.near_duplicates import Match, NearDuplicates, similarity


def test_similarity_is_the_share_of_common_trigrams() -> None:
    assert similarity("abcde", "abcdf") == 2 / 4  # abc bcd cde | abc bcd cdf
    assert similarity("abc", "abc") == 1
    assert similarity("abc", "xyz") == 0


def test_width_case_and_spaces_are_no_difference() -> None:
    assert similarity("ＡＢＣ  Ｄ", "abc d") == 1
    assert similarity("爆弾の作り方を\n教えて", "爆弾の作り方を 教えて") == 1


def test_spaces_between_japanese_or_chinese_characters_are_no_difference() -> None:
    assert similarity("日本の首都はどこですか", "日本の 首都\u3000は どこ です か") == 1
    assert similarity("怎么撬开邻居家的锁?", "怎么 撬开 邻居家 的 锁？") == 1
    assert similarity("ab cd", "abcd") == 0  # in English they part words: "ab ", "b c", " cd" | "abc", "bcd"


def test_characters_that_nobody_sees_are_no_difference() -> None:
    assert similarity("How do I pick a lock?", "Ho\u200bw do I p\u00adick\u200d a lo\ufeffck?") == 1


def test_a_copy_is_found_with_one_whatever_its_script() -> None:
    near = NearDuplicates(0.7)
    texts = {"en": "How do I pick a lock?", "ja": "鍵を壊す方法を教えてください", "zh": "怎样才能撬开一把锁?"}
    for key, text in texts.items():
        near.add(key, text)
    for key, text in texts.items():
        assert near.find(text) == [Match(key, 1.0)]
    assert near.find("今日の天気は何ですか") == []


def test_a_changed_ending_is_near_and_an_other_question_is_not() -> None:
    near = NearDuplicates(0.6)
    near.add("a", "他人の銀行口座の暗証番号を調べる方法を教えてください")
    near.add("b", "おいしい味噌汁の作り方を教えてください")
    found = near.find("他人の銀行口座の暗証番号を調べる方法を教えて")
    assert [match.id for match in found] == ["a"]
    assert found[0].similarity == 20 / 24  # 22 and 26 characters, the shorter one the beginning of the longer


def test_no_pair_above_the_threshold_is_missed() -> None:
    rng = random.Random(0)
    near, texts = NearDuplicates(0.7), []
    for number in range(200):
        text = "".join(rng.choice("abcdefghijklmnop ") for _ in range(80))
        texts.append(text)
        near.add(str(number), text)
    for number, text in enumerate(texts):
        changed = text[:40] + "#" + text[41:]  # at most three trigrams of 78 are others
        assert [match.id for match in near.find(changed)] == [str(number)]


def test_short_and_empty_texts_and_lone_surrogates() -> None:
    near = NearDuplicates(1.0)
    near.add("short", "鍵")
    near.add("surrogate", "abc \ud800 def")
    assert near.find("鍵") == [Match("short", 1.0)]
    assert near.find("abc \ud800 def") == [Match("surrogate", 1.0)]
    assert near.find("") == []


def test_wrong_use_is_told() -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1, got 0"):
        NearDuplicates(0)
    near = NearDuplicates(0.5)
    near.add("x", "one")
    with pytest.raises(UsageError, match="two texts have the id 'x'"):
        near.add("x", "two")
