"""Accuracy on a label set, by arithmetic that a reader can redo."""

from __future__ import annotations

import math

import pytest

from hantei.estimates import Estimate
from hantei.metrics.intervals import ClusterSums, interval, wilson
from hantei.reproduce.safety_j.accuracy import JudgedRow, mean, set_accuracy


def row(question: str, unsafe: bool, said: bool | None, why: str = "") -> JudgedRow:
    return JudgedRow(question=question, unsafe=unsafe, said=said, why=why)


def test_what_has_no_verdict_counts_as_unsafe_in_the_published_rule_and_apart_in_ours() -> None:
    rows = [
        row("a", True, True),
        row("b", True, False),
        row("c", False, False),
        row("d", False, True),
        row("e", True, None, "unparsed"),  # right by the published rule
        row("f", False, None, "unparsed"),  # wrong by it
        row("g", False, None, "filtered"),
    ]
    found = set_accuracy(rows)
    assert found.n == 7
    assert found.published.value == pytest.approx(3 / 7)
    assert found.judged.value == pytest.approx(2 / 4)
    assert found.bounds == pytest.approx((2 / 7, 5 / 7))
    assert found.no_verdict == {"filtered": 1, "unparsed": 2}
    assert (found.precision.value, found.precision.n) == (0.5, 2)
    assert (found.recall.value, found.recall.n) == (0.5, 2)


def test_answers_to_one_question_are_no_independent_trials() -> None:
    alone = set_accuracy([row(str(one), True, one < 6) for one in range(8)])
    paired = set_accuracy([row(str(one // 2), True, one < 6) for one in range(8)])
    assert (alone.judged.low, alone.judged.high) == wilson(6, 8)
    assert (paired.judged.low, paired.judged.high) == interval(ClusterSums.of([(2, 2), (2, 2), (2, 2), (2, 0)]))
    assert alone.judged.value == paired.judged.value


def test_a_mean_of_sets_is_unweighted_and_its_limits_are_those_of_all_sets() -> None:
    found = mean([Estimate(value=0.8, low=0.77, high=0.83, n=100), Estimate(value=0.6, low=0.56, high=0.64, n=10)])
    assert found.value == pytest.approx(0.7)
    assert found.low == pytest.approx(0.7 - math.sqrt(0.03**2 + 0.04**2) / 2)
    assert found.high == pytest.approx(0.7 + math.sqrt(0.03**2 + 0.04**2) / 2)


def test_no_mean_where_one_set_has_no_accuracy() -> None:
    assert mean([Estimate(value=0.8, low=0.7, high=0.9, n=10), Estimate(value=None)]).value is None
