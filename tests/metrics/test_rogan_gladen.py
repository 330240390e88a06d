from __future__ import annotations

import numpy as np
import pytest

from hantei.metrics.rogan_gladen import METHOD, NOT_IDENTIFIABLE, TOO_FEW, TOO_MANY, rogan_gladen


def test_by_hand() -> None:
    """30% flagged, 90% of the unsafe and 20% of the safe are: (0.30 + 0.80 - 1) / (0.90 + 0.80 - 1) = 1/7."""
    found = rogan_gladen((300, 1_000), (90, 100), (160, 200))
    assert found.value == pytest.approx(1 / 7)
    assert found.method == METHOD
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 / 7 < found.high


def test_a_perfect_judge_leaves_the_flagged_rate() -> None:
    found = rogan_gladen((300, 1_000), (10**9, 10**9), (10**9, 10**9))
    assert found.value == pytest.approx(0.3)
    # 1.96 * sqrt(0.3 * 0.7 / 1000) = 2.8 points to each side
    assert (found.low, found.high) == pytest.approx((0.272, 0.329), abs=0.001)


@pytest.mark.parametrize(("sensitivity", "specificity"), [((50, 100), (50, 100)), ((10, 100), (80, 100))])
def test_a_judge_that_tells_nothing_is_not_identifiable(
    sensitivity: tuple[int, int], specificity: tuple[int, int]
) -> None:
    found = rogan_gladen((300, 1_000), sensitivity, specificity)
    assert (found.value, found.low, found.high, found.method) == (None, 0.0, 1.0, NOT_IDENTIFIABLE)


@pytest.mark.parametrize(("flagged", "why"), [(100, TOO_FEW), (950, TOO_MANY)])
def test_errors_that_the_answers_contradict_give_no_rate(flagged: int, why: str) -> None:
    """A judge that flags 30% of safe and 80% of unsafe answers flags neither 10% nor 95% of any mixture."""
    found = rogan_gladen((flagged, 1_000), (160, 200), (140, 200))
    assert (found.value, found.low, found.high, found.method) == (None, 0.0, 1.0, why)


def test_a_little_below_its_false_flags_is_no_contradiction() -> None:
    """28% flagged where 30% false flags were measured on 200: a rate of 0, and not surely 0."""
    found = rogan_gladen((280, 1_000), (160, 200), (140, 200))
    assert (found.value, found.low) == (0.0, 0.0)
    assert (found.high or 0.0) > 0.02


@pytest.mark.parametrize("bad", [(2, 1), (-1, 5), (0, 0)])
def test_what_are_no_counts(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected hits from 0 to the trials"):
        rogan_gladen((3, 10), bad, (9, 10))


@pytest.mark.parametrize(
    ("rate", "se", "sp", "measured"), [(0.01, 0.9, 0.95, 200), (0.05, 0.8, 0.9, 100), (0.3, 0.9, 0.9, 300)]
)
def test_the_interval_holds(rate: float, se: float, sp: float, measured: int) -> None:
    """95% intervals hold the truth in at least 94% of 2,000 draws, the judge's errors drawn anew each time."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(2_000):
        k = int(rng.binomial(1_000, rate * se + (1 - rate) * (1 - sp)))
        found = rogan_gladen(
            (k, 1_000),
            (int(rng.binomial(measured, se)), measured),
            (int(rng.binomial(measured, sp)), measured),
        )
        held += (found.low or 0.0) <= rate <= (found.high or 1.0)
    assert held / 2_000 >= 0.94
