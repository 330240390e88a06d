"""Krippendorff's alpha of any number of raters with gaps, for many weightings of the kinds of rows at once.

Alpha is 1 less observed over expected disagreement (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").
A row counts where two or more rated it. The distances are squared differences: of values (interval), of the middle
ranks of all values given (ordinal), or 1 for any two different values (nominal).
"""

from __future__ import annotations

import numpy as np

from hantei.arrays import Doubles


def alpha(values: Doubles, weights: Doubles, scale: str) -> Doubles:
    """Return alpha (b,) of ``values`` (kinds, raters), nan for a gap, nan where all values given are the same.

    Args:
        values: what each rater said of each kind of row.
        weights: how often each kind counts, (b, kinds).
        scale: nominal, ordinal or interval.
    """
    paired = (~np.isnan(values)).sum(axis=1) > 1
    if not paired.any():
        return np.full(len(weights), np.nan)
    values, weights = values[paired], weights[:, paired]
    if scale == "interval":
        return _of_moments(values, weights)
    levels, place = np.unique(values[~np.isnan(values)], return_inverse=True)
    given = np.zeros((len(values), len(levels)))
    np.add.at(given, (np.nonzero(~np.isnan(values))[0], place), 1)
    return _nominal(given, weights) if scale == "nominal" else _ordinal(given, weights)


def _nominal(given: Doubles, weights: Doubles) -> Doubles:
    raters = given.sum(axis=1)
    apart = (raters**2 - (given**2).sum(axis=1)) / (raters - 1)
    of_level = weights @ given
    total = weights @ raters
    return _alpha(weights @ apart, total**2 - (of_level**2).sum(axis=1), total)


def _ordinal(given: Doubles, weights: Doubles) -> Doubles:
    """The distance of two values is that of the middles of their ranks, so alpha is the interval one of these."""
    raters = given.sum(axis=1)
    of_level = weights @ given
    total = of_level.sum(axis=1)
    rank = np.cumsum(of_level, axis=1) - of_level / 2 - total[:, None] / 2
    sums, squares = rank @ given.T, (rank**2) @ given.T
    apart = 2 * (raters * squares - sums**2) / (raters - 1)
    expected = 2 * (total * (of_level * rank**2).sum(axis=1) - (of_level * rank).sum(axis=1) ** 2)
    return _alpha((weights * apart).sum(axis=1), expected, total)


def _of_moments(values: Doubles, weights: Doubles) -> Doubles:
    raters = (~np.isnan(values)).sum(axis=1)
    centred = values - np.nanmean(values)
    sums, squares = np.nansum(centred, axis=1), np.nansum(centred**2, axis=1)
    apart = 2 * (raters * squares - sums**2) / (raters - 1)
    total = weights @ raters
    expected = 2 * (total * (weights @ squares) - (weights @ sums) ** 2)
    return _alpha(weights @ apart, expected, total)


def _alpha(observed: Doubles, expected: Doubles, total: Doubles) -> Doubles:
    known = expected > 1e-9 * total**2
    found: Doubles = np.where(known, 1 - (total - 1) * observed / np.where(known, expected, 1.0), np.nan)
    return found
