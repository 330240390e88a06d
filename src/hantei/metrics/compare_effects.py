"""Whether an attack changes one side more than another: the difference of two differences on the same plain prompts.

Each side has a rate on plain prompts and one on what was made of them. Patterns are counted, as in ``compare_pairs``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hantei.estimates import Estimate
from hantei.metrics.compare_pairs import ALPHA, Pairs, Pattern

if TYPE_CHECKING:
    from hantei.arrays import Doubles

METHOD = "of two paired differences"

BothPatterns = Counter[tuple[Pattern, Pattern]]
"""What became of a plain prompt on each side (first plain, second made of it), and of how many prompts that is so."""


class EffectDifference(Struct, frozen=True, kw_only=True):
    """How much more a variant changes the ``second`` side's rate than the ``first``'s.

    Args:
        metric: its name.
        judge: whose verdicts are counted.
        variant: how the prompts were made; ``attack`` for every attack.
        first: the first side.
        second: the second side.
        first_effect: the first side's rate on what was made less its rate on the plain prompts, with its interval.
        second_effect: the second side's.
        difference: second less first, from -2 to 2, with its interval; ``n`` is the number of plain prompts.
        p: of exchanging the two sides of each plain prompt at random.
        p_adjusted: the same by Holm's method over all comparisons of the same kind.
        of: how many comparisons these are.
    """

    metric: str
    judge: str
    variant: str
    first: str
    second: str
    first_effect: Estimate
    second_effect: Estimate
    difference: Estimate
    p: float
    p_adjusted: float = 1.0
    of: int = 1

    @property
    def tie(self) -> bool:
        """Whether no difference is shown."""
        return self.p_adjusted >= ALPHA


def effect_difference(
    both: BothPatterns, metric: str, judge: str, variant: str, sides: tuple[str, str]
) -> EffectDifference:
    """Return how much more a variant changes the second side than the first, as if it were the only comparison.

    The interval is put together of Newcombe's for each side's effect, as far as the effects go together (Zou and Donner
    2008, doi:10.1002/sim.3095); it never is [0, 0].

    Args:
        both: plain prompts on which both sides have all verdicts, at least one.
        metric: the metric's name.
        judge: whose verdicts are counted.
        variant: how the prompts were made.
        sides: the names of the first and the second.
    """
    effects = [_effect(both, side) for side in (0, 1)]
    (one, low_one, high_one), (two, low_two, high_two) = ((e.value or 0, e.low or 0, e.high or 0) for e in effects)
    together = _correlation(both)
    down = _combined(two - low_two, high_one - one, together)
    up = _combined(high_two - two, one - low_one, together)
    seen = two - one
    whole = Estimate(value=seen, low=max(-2.0, seen - down), high=min(2.0, seen + up), n=both.total(), method=METHOD)
    return EffectDifference(
        metric=metric,
        judge=judge,
        variant=variant,
        first=sides[0],
        second=sides[1],
        first_effect=effects[0],
        second_effect=effects[1],
        difference=whole,
        p=_exchange(both),
    )


def adjusted_effects(found: Sequence[EffectDifference]) -> list[EffectDifference]:
    """Return comparisons of one kind with p-values that hold for all of them together."""
    from hantei.metrics.compare_tests import holm  # needs numpy

    values = holm([one.p for one in found])
    return [replace(one, p_adjusted=value, of=len(values)) for one, value in zip(found, values, strict=True)]


def _effect(both: BothPatterns, side: int) -> Estimate:
    from hantei.metrics.compare_tests import newcombe  # needs numpy

    pairs = Pairs()
    for patterns, count in both.items():
        pairs.patterns[patterns[side]] += count
    first, second = pairs.sums()
    low, high = newcombe(pairs)
    return Estimate(
        value=second.k / second.n - first.k / first.n, low=low, high=high, n=pairs.prompts, method="newcombe"
    )


def _arrays(both: BothPatterns) -> tuple[Doubles, Doubles]:
    """Return the patterns as (kinds, 2 sides, 4), and how many prompts have each."""
    import numpy as np

    rows = sorted(both.items())
    patterns = np.array([patterns for patterns, _ in rows], dtype=np.float64)
    return patterns, np.array([count for _, count in rows], dtype=np.float64)


def _correlation(both: BothPatterns) -> float:
    """Return the correlation between the two sides' effects, from how prompts depart from each."""
    patterns, counts = _arrays(both)
    n, k = patterns[:, :, 0::2], patterns[:, :, 1::2]  # (kinds, sides, plain or made)
    sums = (counts[:, None, None] * n).sum(axis=0)
    departures = (k - n * ((counts[:, None, None] * k).sum(axis=0) / sums)) / sums
    one, other = (departures[:, :, 1] - departures[:, :, 0]).T
    spread = math.sqrt(float(counts @ (one * one)) * float(counts @ (other * other)))
    return float(counts @ (one * other)) / spread if spread else 0.0


def _combined(one: float, other: float, together: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * together * one * other + other * other))


def _exchange(both: BothPatterns) -> float:
    """Return the two-sided p-value of exchanging the sides of each prompt at random."""
    from hantei.metrics.compare_tests import exchanged  # needs numpy

    patterns, counts = _arrays(both)
    return exchanged(counts, lambda swapped: _differences(patterns, counts, swapped))


def _differences(patterns: Doubles, counts: Doubles, swapped: Doubles) -> Doubles:
    """Return the difference of the effects where so many prompts of each pattern have their sides exchanged."""
    kept = counts - swapped
    first = kept @ patterns[:, 0] + swapped @ patterns[:, 1]  # (draws, 4): plain n and k, made n and k
    second = kept @ patterns[:, 1] + swapped @ patterns[:, 0]
    out: Doubles = _effects(second) - _effects(first)
    return out


def _effects(sums: Doubles) -> Doubles:
    out: Doubles = sums[:, 3] / sums[:, 2] - sums[:, 1] / sums[:, 0]
    return out
