"""Whether two sides differ on the same prompts: tests, intervals of the difference, and how many prompts would tell.

Everything counts patterns (``compare_pairs``), so that neither time nor memory grows with the number of prompts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from hantei.metrics.compare_pairs import Pairs
from hantei.metrics.intervals import CONFIDENCE, interval

if TYPE_CHECKING:
    from hantei.arrays import Doubles

POWER = 0.8
"""The chance with which as many prompts as ``prompts_to_settle`` says would show the difference."""

DRAWS = 9_999
_AT_ONCE = 1_000


def mcnemar(more: int, less: int) -> float:
    """Return the two-sided p-value of McNemar's exact test of so many flips one way and so many the other.

    Prompts on which both sides agree say nothing of which is more often hit; of those that flip, half would flip each
    way were there no difference (McNemar 1947, doi:10.1007/BF02295996).
    """
    flips, fewer = more + less, min(more, less)
    log_half = flips * math.log(2)
    terms = (math.lgamma(flips + 1) - math.lgamma(i + 1) - math.lgamma(flips - i + 1) for i in range(fewer + 1))
    return min(1.0, 2 * math.fsum(math.exp(term - log_half) for term in terms))


def exchange(pairs: Pairs) -> float:
    """Return the two-sided p-value of exchanging the sides of each prompt at random, 9,999 times with the seed 0.

    It is McNemar's test for prompts with several answers: were there no difference, either side's answers to a prompt
    could as well be the other's.
    """
    patterns, counts = pairs.arrays()
    return exchanged(counts, lambda swapped: _differences(patterns, counts, swapped))


def exchanged(counts: Doubles, differences: Callable[[Doubles], Doubles]) -> float:
    """Return the two-sided p-value of a difference where the sides of prompts are exchanged at random, as ``exchange``.

    Args:
        counts: how many prompts have each pattern.
        differences: takes how many prompts of each pattern are exchanged, (draws, patterns), and returns the
            difference of each draw.
    """
    import numpy as np

    seen = abs(differences(np.zeros((1, len(counts)))))[0]
    rng, as_far = np.random.default_rng(0), 0
    for start in range(0, DRAWS, _AT_ONCE):
        size = (min(_AT_ONCE, DRAWS - start), len(counts))
        swapped = rng.binomial(counts.astype(np.int64), 0.5, size).astype(np.float64)
        as_far += int((abs(differences(swapped)) >= seen - 1e-12).sum())
    return (as_far + 1) / (DRAWS + 1)


def _differences(patterns: Doubles, counts: Doubles, swapped: Doubles) -> Doubles:
    """Return the difference of the two rates where so many prompts of each pattern have their sides exchanged."""
    kept = counts - swapped
    first_n, first_k, second_n, second_k = patterns.T
    first = (kept @ first_k + swapped @ second_k) / (kept @ first_n + swapped @ second_n)
    second = (kept @ second_k + swapped @ first_k) / (kept @ second_n + swapped @ first_n)
    out: Doubles = second - first
    return out


def bootstrap(pairs: Pairs) -> tuple[float, float]:
    """Return the percentile interval of the difference from drawing prompts again, 9,999 times with the seed 0."""
    import numpy as np

    patterns, counts = pairs.arrays()
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(int(counts.sum()), counts / counts.sum(), DRAWS).astype(np.float64)
    values = _differences(patterns, drawn, np.zeros_like(drawn))
    low, high = np.percentile(values, (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)))
    return float(low), float(high)


def newcombe(pairs: Pairs) -> tuple[float, float]:
    """Return Newcombe's hybrid score interval of the difference of two paired shares, second less first.

    Wilson's limits of each side, put together as far as the sides go together (Newcombe 1998, method 10,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C). It never is [0, 0]. Where prompts have
    several answers the limits are those of a rate of clusters, and the correlation is that of the two estimates (Zou
    and Donner 2008, doi:10.1002/sim.3095).
    """
    first, second = pairs.sums()
    p, q = first.k / first.n, second.k / second.n
    (low_p, high_p), (low_q, high_q) = interval(first), interval(second)
    together = _correlation(pairs)
    down = _combined(q - low_q, high_p - p, together)
    up = _combined(high_q - q, p - low_p, together)
    return max(-1.0, q - p - down), min(1.0, q - p + up)


def _combined(one: float, other: float, together: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * together * one * other + other * other))


def _correlation(pairs: Pairs) -> float:
    """Return the correlation between the two rates, from how prompts depart from each, as if it were one of shares.

    Where it is positive it is corrected for continuity (Newcombe 1998), without which the interval of sides that agree
    on every prompt would be a point.
    """
    first, second = pairs.sums()
    p, q = first.k / first.n, second.k / second.n
    if not p * (1 - p) * q * (1 - q):
        return 0.0
    one, other, counts = _departures(pairs)
    variances = float(counts @ (one * one)) * float(counts @ (other * other))
    together = float(counts @ (one * other)) / math.sqrt(variances) if variances else 0.0
    correction = 1 / (2 * pairs.prompts * math.sqrt(p * (1 - p) * q * (1 - q)))
    return max(together - correction, 0.0) if together > 0 else together


def _departures(pairs: Pairs) -> tuple[Doubles, Doubles, Doubles]:
    """Return, by pattern, how far a prompt moves each rate (times the number of prompts), and how many there are."""
    patterns, counts = pairs.arrays()
    first_n, first_k, second_n, second_k = patterns.T
    prompts = counts.sum()
    one = (first_k - first_n * (counts @ first_k) / (counts @ first_n)) * prompts / (counts @ first_n)
    other = (second_k - second_n * (counts @ second_k) / (counts @ second_n)) * prompts / (counts @ second_n)
    return one, other, counts


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being several, by Holm's method (1979): one below 0.05 stands for itself."""
    out, highest = [0.0] * len(p_values), 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        highest = max(highest, min(1.0, p_values[number] * (len(p_values) - place)))
        out[number] = highest
    return out


def prompts_to_settle(pairs: Pairs) -> int | None:
    """Return of how many prompts like these a test would show the difference that is seen, with a chance of 80%.

    McNemar's test on as many flips as there are here (Connor 1987, doi:10.2307/2531961). None where nothing is seen:
    no number of prompts shows a difference that there is not.
    """
    one, other, counts = _departures(pairs)
    first, second = pairs.sums()
    seen = second.k / second.n - first.k / first.n
    if not seen:
        return None
    apart = other - one + seen
    square = float(counts @ (apart * apart)) / pairs.prompts
    normal = NormalDist()
    half, power = normal.inv_cdf((1 + CONFIDENCE) / 2), normal.inv_cdf(POWER)
    needed = (half * math.sqrt(square) + power * math.sqrt(max(0.0, square - seen * seen))) ** 2 / (seen * seen)
    return math.ceil(needed)
