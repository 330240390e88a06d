"""Paired shares, by a published example and by arithmetic that a reader can redo."""

from __future__ import annotations

import pytest

from hantei.metrics.paired import paired


def test_newcombes_own_example() -> None:
    """Newcombe 1998, Statistics in Medicine 17:2635, table II, row a = 36, 12, 2, 0 (method 10): 0.0569 to 0.3404."""
    rows = [(True, True)] * 36 + [(True, False)] * 12 + [(False, True)] * 2
    found = paired((number, second, first) for number, (first, second) in enumerate(rows))
    assert found.difference.value == pytest.approx(0.2)
    assert (found.difference.low, found.difference.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    assert (found.gained, found.lost, found.unpaired) == (12, 2, 0)


def test_what_one_side_does_not_know_is_in_neither_share() -> None:
    found = paired([("a", True, None), ("b", None, True), ("c", True, True), ("d", False, True)])
    assert (found.first.value, found.second.value, found.first.n) == (0.5, 1.0, 2)
    assert found.unpaired == 2


def test_answers_to_one_prompt_are_no_independent_pairs() -> None:
    apart = paired((n, n % 2 == 0, True) for n in range(20))
    together = paired((n // 10, n % 2 == 0, True) for n in range(20))
    assert apart.difference.value == together.difference.value == 0.5
    assert together.difference.n == 20


def test_without_a_pair_nothing_is_said() -> None:
    assert paired([("a", None, True)]).difference.value is None
