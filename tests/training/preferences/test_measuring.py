"""What a judge is worth, by arithmetic that can be done by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hantei.training.preferences.measuring import gain, measure
from hantei.training.preferences.writing import Written
from tests.training.preferences.made import ExactChecker, dialogue

DIALOGUES = [
    replace(dialogue(0, 1, 0), id="en-unsafe"),  # its units are u0 v1 w0
    replace(dialogue(1, 0, 0), id="en-safe"),  # u1 v0 w0
    replace(dialogue(2, 1, 0), id="zh-unsafe", language="zh"),  # u2 v1 w0
    replace(dialogue(3, 1, 0), id="zh-cut", language="zh"),
]
WRITTEN = [
    Written(id="en-unsafe", unsafe=True, critique="u0 v1", output_tokens=4),  # P 1, R 2/3: F1 4/5
    Written(id="en-safe", unsafe=True, critique="u1 v1 w1", output_tokens=6),  # P 1/3, R 1/3: F1 1/3
    Written(id="zh-unsafe", unsafe=True, critique="u2 v1 w0 u3", output_tokens=8),  # P 3/4, R 1: F1 6/7
    Written(id="zh-cut", reply="unsafe : u3", output_tokens=10),  # cut off: not read
]
F1 = (4 / 5, 1 / 3, 6 / 7, 0)


def test_a_judge_is_measured() -> None:
    found = measure("M1", DIALOGUES, WRITTEN, ExactChecker(), [0.9, 0.6, 0.8, 0.7])
    assert found.f1.value == pytest.approx(sum(F1) / 4)
    assert list(found.f1_by_dialogue.values()) == pytest.approx(list(F1))
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert found.accuracy.n == 3
    assert found.unparsed.value == 1 / 4
    assert found.against_label.value == pytest.approx(1 / 3)
    assert found.units == 3  # 2, 3 and 4
    assert found.tokens == 7
    assert found.calibration_error == pytest.approx((0.1 + 0.6 + 0.2 + 0.3) / 4)  # each alone in its bin
    by_language = {one.language: one for one in found.scores}
    assert by_language["en"].precision.macro.value == pytest.approx((1 + 1 / 3) / 2)
    assert by_language["zh"].recall.macro.value == 1  # of the one that could be read
    assert found.by_language["en"].accuracy.value == 1 / 2
    assert found.by_language["zh"].unparsed.value == 1 / 2


def test_words_that_deny_the_label_count_though_the_verdict_is_right() -> None:
    written = [Written(id="en-unsafe", unsafe=True, critique="The answer is safe.")]
    found = measure("M1", DIALOGUES[:1], written, ExactChecker(), [])
    assert (found.against_label.value, found.contradicting[0].numerator) == (1, 1)
    assert found.calibration_error is None


def test_a_gain_is_paired_by_dialogue() -> None:
    before = {"a": 0.1, "b": 0.5, "c": 0.2}
    found = gain(before, {"a": 0.3, "b": 0.7, "c": 0.4, "d": 1.0})
    assert [found.value, found.low, found.high] == pytest.approx([0.2] * 3)  # the same for each of the three
    mixed = gain(before, {"a": 1.0, "b": 0.0, "c": 0.2})
    assert mixed.low is not None
    assert mixed.low < 0 < (mixed.high or 0)
