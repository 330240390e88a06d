"""The interval of a share that is put together from strata, right also where hits are rare: Pearson III limits.

A share over everything is ``sum of weight * share`` over strata. Each stratum's share is taken to lie like a beta
variable with its mean and variance; for the upper limit one hit more is supposed where it would weigh most, for the
lower one miss more (Fay and Feuer 1997, doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#, for
weighted sums of Poisson counts). With one stratum and no hit this is Clopper and Pearson's limit. The sum's quantile is
that of a Pearson type III variable (a shifted gamma) with the same mean, variance and third moment, by Wilson and
Hilferty's cube.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from hantei.arrays import Doubles

CONFIDENCE = 0.95
_STRAIGHT, _STEEPEST = 1e-4, 8.0
"""Skewness nearer to 0 is taken for the former, with which the cube is the normal quantile, more for the latter."""


@dataclass(frozen=True, slots=True)
class Strata:
    """What is known of the strata, in arrays of one shape (..., strata): many sets of strata are worked on at once.

    ``weight`` is a stratum's part of everything, ``share`` the estimated share of hits in it, ``size`` the number of
    independent labels that this is as precise as, ``units`` how many labels as heavy as the heaviest would weigh as
    much as all, ``left`` the part of the stratum's uncertainty that is left where everything outside the labels is
    finite and known in number (1 for a population).
    """

    weight: Doubles
    share: Doubles
    size: Doubles
    units: Doubles
    left: Doubles


def total(strata: Strata) -> Doubles:
    """Return the share over everything (...)."""
    value: Doubles = (strata.weight * strata.share).sum(axis=-1)
    return value


def limits(
    strata: Strata, more: tuple[Doubles, Doubles] | None = None, confidence: float = CONFIDENCE
) -> tuple[Doubles, Doubles]:
    """Return the lower and upper limit (...) of the share over everything.

    ``more`` is the variance and third central moment (...) of what else is uncertain, such as the weights.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    zero = np.zeros(strata.weight.shape[:-1])
    variance, third = more or (zero, zero)
    spread, skew = _beta_moments(strata.share, strata.size + 1)
    variance = variance + (strata.weight**2 * spread * strata.left).sum(axis=-1)
    third = third + (strata.weight**3 * skew * strata.left**1.5).sum(axis=-1)
    upper = _with_one_more(strata, 1 - strata.share, (total(strata), variance, third), z)
    lower = _with_one_more(strata, strata.share, (1 - total(strata), variance, -third), z)
    # Rounding must not leave a limit on the wrong side of the share that it belongs to.
    value = total(strata)
    return np.clip(1 - lower.max(axis=-1), 0.0, value), np.clip(upper.max(axis=-1), value, 1.0)


def _with_one_more(strata: Strata, room: Doubles, moments: tuple[Doubles, Doubles, Doubles], z: float) -> Doubles:
    """Return the upper limit (..., strata) with one hit more in each stratum in turn, which has ``room`` for it."""
    mean, variance, third = (moment[..., None] for moment in moments)
    chance = 1 / (strata.units + 1)
    spread, skew = _beta_moments(chance, strata.units + 1)
    scale = strata.weight * room * _thinned(strata.left)
    return pearson_quantile(mean + scale * chance, variance + scale**2 * spread, third + scale**3 * skew, z)


def _thinned(left: Doubles) -> Doubles:
    """Return by what a limit for no hit shrinks where a part 1 - ``left`` of the answers is labelled.

    With chance left**hits all hits are among the unlabelled: the limit is log(0.025) / log(left) hits.
    """
    seen = 1 - np.clip(left, 1e-12, 1 - 1e-12)
    shrunk: Doubles = np.where(left <= 0, 0.0, -seen / np.log1p(-seen))
    return shrunk


def _beta_moments(mean: Doubles, precision: Doubles) -> tuple[Doubles, Doubles]:
    """Return variance and third central moment of beta variables whose two parameters add up to ``precision``."""
    variance = mean * (1 - mean) / (precision + 1)
    return variance, 2 * variance * (1 - 2 * mean) / (precision + 2)


def pearson_quantile(mean: Doubles, variance: Doubles, third: Doubles, z: float) -> Doubles:
    """Return the quantile, at the normal quantile ``z``, of a Pearson type III variable with these central moments.

    Args:
        mean: its mean.
        variance: its variance; where this is 0 the quantile is the mean.
        third: its third central moment.
        z: the quantile of a standard normal variable at the wanted chance.
    """
    deviation = np.sqrt(variance)
    skewness = third / np.where(variance > 0, deviation, 1.0) ** 3
    sign = np.where(skewness < 0, -1.0, 1.0)
    steep = np.clip(np.abs(skewness), _STRAIGHT, _STEEPEST)
    cube = np.maximum(1 - (steep / 6) ** 2 + steep / 6 * sign * z, 0.0) ** 3
    quantile: Doubles = mean + deviation * sign * 2 / steep * (cube - 1)
    return quantile
