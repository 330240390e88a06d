"""Intervals for a share: Wilson's, and one for clusters where a prompt was answered several times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from hantei.estimates import Estimate

CONFIDENCE = 0.95


def wilson(hits: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval of a share.

    Unlike the normal approximation it does not collapse to [0, 0] for no hit, and it stays inside [0, 1] (Wilson 1927,
    doi:10.1080/01621459.1927.10502953).

    Args:
        hits: number of hits, 0 to ``n``; fractional where ``n`` is an effective size.
        n: number of trials, or effective sample size; above 0.
        confidence: coverage aimed at, between 0 and 1.

    Raises:
        ValueError: ``n`` is not above 0, or ``hits`` is outside 0 to ``n``.
    """
    if not n > 0 or not 0 <= hits <= n:
        raise ValueError(f"expected 0 <= hits <= n and n > 0, got hits={hits}, n={n}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = hits / n
    low, high = _score_limit(p, n, -z), _score_limit(p, n, z)
    # Rounding must not leave a limit on the wrong side of the rate that it belongs to.
    return (
        0.0 if hits == 0 else min(max(0.0, low), p),
        1.0 if hits == n else max(min(1.0, high), p),
    )


def _score_limit(p: float, n: float, z: float) -> float:
    """Return the share of which ``p`` of ``n`` is ``z`` standard errors below, or above where ``z`` is negative."""
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n) + half) / (1 + z * z / n)


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over clusters (prompts) of their trials n and hits k: all that an interval needs, and they add up.

    ``clusters`` counts prompts with at least one trial; ``n`` is the sum of n, ``k`` of k, ``nn`` of n squared, ``kn``
    of k times n, ``kk`` of k squared.
    """

    clusters: int = 0
    n: int = 0
    k: int = 0
    nn: int = 0
    kn: int = 0
    kk: int = 0

    def __add__(self, other: ClusterSums) -> ClusterSums:
        return ClusterSums(
            self.clusters + other.clusters,
            self.n + other.n,
            self.k + other.k,
            self.nn + other.nn,
            self.kn + other.kn,
            self.kk + other.kk,
        )

    @classmethod
    def of(cls, clusters: Iterable[tuple[int, int]]) -> ClusterSums:
        """Return the sums of (trials, hits) pairs, one a prompt."""
        total = cls()
        for n, k in clusters:
            if n:
                total += cls(1, n, k, n * n, k * n, k * k)
        return total


_PRIOR_PROMPTS, _PRIOR_BELOW, _PRIOR_BESIDE = 4.0, 1.0, 2.5
"""How many prompts with hits the worst case counts for against what the data say; in a lower limit; and beside prompts
that were not met. These and the next are chosen by simulated coverage."""

_EXPECTED, _CHANCE, _MOST = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0), 0.038, 2.0
"""How many prompts that are always unsafe may have been expected and none met; the chance with which both that and so
few hits of the others come about, at the least; how many times the others' rate theirs may be, at the most."""


def effective_n(m: ClusterSums) -> float:
    """Return how many independent trials the trials of these prompts are worth.

    The design effect is the between-prompt variance of the share (the ratio estimator, Cochran 1977, section 6.3)
    against that of as many independent trials, as in Korn and Graubard 1998. Where hits are rare it rests on few
    prompts and comes out too small, so it is averaged with the worst case, trials of one prompt all alike (Kish's
    ``sum of n_i**2 / n``, for equal samples the number of samples), in the ratio of the number of prompts with hits
    (Kish's ``k**2 / sum of k_i**2``; hits or misses, whichever are rarer) to ``_PRIOR_PROMPTS``. Without any hit only
    the worst case is left: 0 of 500 from 100 prompts is worth 0 of 100.
    """
    return _worth(m, _PRIOR_PROMPTS)


def _worth(m: ClusterSums, prior: float) -> float:
    if m.n == 0:
        return 0.0
    worst = m.nn / m.n
    p = m.k / m.n
    if m.clusters < 2 or p in (0.0, 1.0):
        return m.n / worst
    spread = m.kk - 2 * p * m.kn + p * p * m.nn
    variance = m.clusters / (m.clusters - 1) * spread / (m.n * m.n)
    estimate = min(max(variance * m.n / (p * (1 - p)), 1.0), worst)
    known = _prompts_with_hits(m)
    return m.n * (known + prior) / (known * estimate + prior * worst)


def _prompts_with_hits(m: ClusterSums) -> float:
    """Return how many prompts' hits there are, or misses where these are rarer, by Kish; 0 where there are none."""
    misses = _turned(m)
    return min(one.k * one.k / one.kk if one.kk else 0.0 for one in (m, misses))


def _turned(m: ClusterSums) -> ClusterSums:
    """Return the sums of the misses."""
    return ClusterSums(m.clusters, m.n, m.n - m.k, m.nn, m.nn - m.kn, m.nn - 2 * m.kn + m.kk)


def share(m: ClusterSums) -> Estimate:
    """Return ``k / n`` with its interval; None where there is no trial."""
    method = "wilson" if m.nn == m.n else "clustered by prompt"
    low, high = interval(m) if m.n else (None, None)
    return Estimate(value=m.k / m.n if m.n else None, low=low, high=high, n=m.n, method=method)


def interval(m: ClusterSums) -> tuple[float, float]:
    """Return Wilson's interval of ``k / n`` for one trial a prompt, else one that prompts always unsafe do not break.

    With several trials a prompt the upper limit leaves room for prompts that are always unsafe and were not met; the
    lower one is Clopper and Pearson's, which a single prompt with hits does not lift too far.

    Raises:
        ValueError: there is no trial.
    """
    if m.nn == m.n:
        return wilson(m.k, m.n)
    if 2 * m.k > m.n:
        low, high = interval(_turned(m))
        return 1 - high, 1 - low
    p, below = m.k / m.n, _worth(m, _PRIOR_BELOW)
    return min(_exact_low(p * below, below), p), _upper(m)


def share_difference(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Return by how much a share is larger than another one of other rows; None where one is missing.

    Its interval is Newcombe's square-and-add of the two intervals (Stat Med 17, 873: method 10).
    """
    ends = [(each.value, each.low, each.high) for each in (one, other) if each is not None]
    if one is None or other is None or any(None in three for three in ends):
        return None
    (p, p_low, p_high), (q, q_low, q_high) = ([float(end or 0) for end in three] for three in ends)
    low, high = p - q - math.hypot(p - p_low, q_high - q), p - q + math.hypot(p_high - p, q - q_low)
    return Estimate(value=p - q, low=low, high=high, n=one.n + other.n, method="square-and-add of the two intervals")


def _upper(m: ClusterSums) -> float:
    """Return Wilson's upper limit on the effective size, or a higher rate at which what was seen is not too unlikely.

    Such a rate is that of prompts that are always unsafe, of which none was met, and of the others' hits. It is the
    highest at which none met and so few hits have together a chance that is not too small (Buehler 1957, "Confidence
    intervals for the product of two binomial parameters", does the same for a product).
    """
    p, size, beside = m.k / m.n, effective_n(m), _worth(m, _PRIOR_BESIDE)
    high = wilson(p * size, size)[1]
    for expected in _EXPECTED:
        chance = _CHANCE * math.exp(expected)
        others = _score_limit(p, beside, -NormalDist().inv_cdf(chance))
        unmet = min(1 - math.exp(-expected * m.nn / (m.n * m.n)), _MOST * others)
        high = max(high, unmet + (1 - unmet) * others)
    return min(high, 1.0)


def _exact_low(hits: float, n: float) -> float:
    """Return Clopper and Pearson's lower limit: a beta quantile, by Wilson and Hilferty's cube from its moments."""
    if hits == 0:
        return 0.0
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    mean = hits / (n + 1)
    deviation = math.sqrt(mean * (1 - mean) / (n + 2))
    skew = max(2 * (1 - 2 * mean) * math.sqrt(n + 2) / ((n + 3) * math.sqrt(mean * (1 - mean))), 1e-4)
    cube = max(1 - (skew / 6) ** 2 - skew / 6 * z, 0.0) ** 3
    return max(mean + deviation * 2 / skew * (cube - 1), 0.0)
