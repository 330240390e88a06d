from __future__ import annotations

import numpy as np
import pytest

from hantei.estimates import Estimate
from hantei.metrics.error_budget import BOUNDS, INTERVAL, TRIED, error_budget
from hantei.metrics.estimation import RateEstimate, Verdicts, WeightedLabels, estimated


def without_a_judge(prompts: int, labels: int, unsafe: int, precision: float | None = None) -> RateEstimate:
    """Labels of answers of which the judge says the same, the first ``labels``; prompts in turn."""
    n = 100_000
    nothing = Verdicts(np.zeros(n, dtype=np.int64), np.zeros(n))
    there = np.arange(n) < labels
    truth = (np.arange(n) < unsafe).astype(np.float64)
    number = np.arange(n) % prompts
    return estimated("j", nothing, WeightedLabels(there, truth, np.ones(n)), number, precision=precision)


def test_labels_needed_by_hand() -> None:
    """Half are unsafe: 5 points take 1.96**2 * 0.25 / 0.05**2 = 384 labels, a few more for the one that is supposed."""
    found = without_a_judge(100_000, 100, 50, precision=0.05)
    assert found.needed is not None
    assert 384 <= found.needed <= 410
    assert found.worth == pytest.approx(100, abs=1)


def test_what_all_answers_would_not_reach_is_none() -> None:
    assert without_a_judge(100_000, 100, 50, precision=0.0001).needed is None


def test_labels_of_one_prompt_count_for_less() -> None:
    """Fifty prompts, two labels each, alike: worth fifty labels, so about the square root of 2 wider."""
    apart, together = without_a_judge(100_000, 100, 50), without_a_judge(50, 100, 50)
    alike = without_a_judge(50, 100, 100)
    assert apart.rate.low is not None
    assert together.rate.low is not None
    assert together.rate.low <= apart.rate.low
    assert alike.rate.low is not None
    assert alike.rate.low == pytest.approx(0.025 ** (1 / 50), abs=0.01)


def test_the_budget_is_a_hull() -> None:
    rate = Estimate(value=0.1, low=0.05, high=0.15, n=100)
    found = error_budget(rate, {"a": 0.1, "b": 0.2}, (0.08, 0.12))
    assert found is not None
    assert [(part.kind, part.low, part.high) for part in found.parts] == [
        (INTERVAL, 0.05, 0.15),
        (TRIED, 0.1, 0.2),
        (BOUNDS, 0.08, 0.12),
    ]
    assert (found.low, found.high) == (0.05, 0.2)
    assert error_budget(Estimate(value=None)) is None
    alone = error_budget(rate, {"a": 0.1})
    assert alone is not None
    assert [part.kind for part in alone.parts] == [INTERVAL]
