"""Measures of agreement on kinds of rows, for many weightings of them at once: one for the data, one a replicate.

Every function takes ``weights`` (b, kinds), how often each kind counts, and returns b numbers, nan where a weighting
leaves the measure undefined. ``x`` and ``y`` (kinds,) are what the two judges said.
"""

from __future__ import annotations

import numpy as np

from hantei.arrays import Doubles, Integers

MOST_CELLS = 4_096
"""Kendall's tau-b is drawn again where a table of the values of both judges has no more cells than this."""

_AT_ONCE = 4_000_000


def tables(x: Doubles, y: Doubles, weights: Doubles, levels: Doubles) -> Doubles:
    """Return tables (b, levels, levels) of what both said: a row a value of ``y``, a column a value of ``x``.

    Args:
        x: what one said of each kind.
        y: what the other said.
        weights: how often each kind counts.
        levels: all values, rising.
    """
    size = len(levels)
    place = np.searchsorted(levels, y) * size + np.searchsorted(levels, x)
    each = np.zeros((len(place), size * size))
    each[np.arange(len(place)), place] = 1
    return (weights @ each).reshape(-1, size, size)


def kappa(table: Doubles, distance: Doubles) -> Doubles:
    """Return Cohen's kappa of tables (b, k, k): 1 less observed over expected disagreement, weighed by ``distance``.

    ``distance`` (k, k) is 0 for the same label and 1 for others, or the squared difference of ordered labels.
    """
    total = table.sum(axis=(1, 2))
    observed = (table * distance).sum(axis=(1, 2)) * total
    expected = np.einsum("bi,bj,ij->b", table.sum(axis=2), table.sum(axis=1), distance)
    return 1 - _ratio(observed, expected)


def nominal(size: int) -> Doubles:
    """Return the distance of ``size`` labels of no order."""
    return 1 - np.eye(size)


def quadratic(levels: Doubles) -> Doubles:
    """Return the squared differences of ordered labels."""
    squared: Doubles = (levels[:, None] - levels[None, :]) ** 2
    return squared


def pearson(x: Doubles, y: Doubles, weights: Doubles) -> Doubles:
    """Return Pearson's correlation; ``x`` and ``y`` are (kinds,), or (b, kinds) where they differ by weighting."""
    total = weights.sum(axis=1, keepdims=True)
    dx, dy = (one - (weights * one).sum(axis=1, keepdims=True) / total for one in (x, y))
    spread = _spread(dx, weights) * _spread(dy, weights)
    found: Doubles = np.clip(_ratio((weights * dx * dy).sum(axis=1), np.sqrt(spread)), -1, 1)
    return found


def _spread(deviation: Doubles, weights: Doubles) -> Doubles:
    """Return the sums of squared deviations, 0 for what is only rounding."""
    squares = (weights * deviation**2).sum(axis=1)
    largest = (weights > 0) * np.abs(deviation)
    found: Doubles = np.where(largest.max(axis=1) < 1e-12, 0.0, squares)
    return found


def spearman(x: Doubles, y: Doubles, weights: Doubles) -> Doubles:
    """Return Spearman's correlation: Pearson's of the ranks, tied values having the middle of theirs."""
    return pearson(mid_ranks(x, weights), mid_ranks(y, weights), weights)


def mid_ranks(values: Doubles, weights: Doubles) -> Doubles:
    """Return the rank (b, kinds) of each kind's value among all rows, from 0, tied values sharing the middle one."""
    _, place = np.unique(values, return_inverse=True)
    of_value = _summed(weights, place)
    ranks: Doubles = (np.cumsum(of_value, axis=1) - of_value / 2)[:, place]
    return ranks


def _summed(weights: Doubles, place: Integers) -> Doubles:
    """Return the sums of weights (b, kinds) by place, (b, places)."""
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    sums: Doubles = np.add.reduceat(weights[:, order], starts, axis=1)
    return sums


def tau_b(x: Doubles, y: Doubles, weights: Doubles) -> Doubles:
    """Return Kendall's tau-b, for values of which a table has at most ``MOST_CELLS`` cells."""
    (_, down), (_, along) = (np.unique(one, return_inverse=True) for one in (y, x))
    rows, columns = int(down.max()) + 1, int(along.max()) + 1
    size = max(1, _AT_ONCE // (rows * columns))
    parts = [weights[start : start + size] for start in range(0, len(weights), size)]
    return np.concatenate([_tau_of(_table(part, down, along, rows, columns)) for part in parts])


def _table(weights: Doubles, down: Integers, along: Integers, rows: int, columns: int) -> Doubles:
    place = down * columns + along
    table = np.zeros((len(weights), rows * columns))
    table[:, np.unique(place)] = _summed(weights, np.unique(place, return_inverse=True)[1])
    return table.reshape(-1, rows, columns)


def _tau_of(table: Doubles) -> Doubles:
    above = np.cumsum(table, axis=1) - table  # of smaller y, at the same x
    left = np.cumsum(above, axis=2) - above
    right = above.sum(axis=2, keepdims=True) - left - above
    difference = (table * (left - right)).sum(axis=(1, 2))
    return _tau(difference, table.sum(axis=1), table.sum(axis=2))


def _tau(difference: Doubles, of_x: Doubles, of_y: Doubles) -> Doubles:
    total = of_x.sum(axis=-1)
    untied = [(total * (total - 1) - (one * (one - 1)).sum(axis=-1)) / 2 for one in (of_x, of_y)]
    return _ratio(difference, np.sqrt(untied[0]) * np.sqrt(untied[1]))


def tau_b_of_rows(x: Doubles, y: Doubles) -> float:
    """Return Kendall's tau-b of rows, however many values there are, in n log n steps."""
    (_, of_x), (_, of_y) = (np.unique(one, return_counts=True) for one in (x, y))
    _, both = np.unique(np.stack([x, y], axis=1), axis=0, return_counts=True)
    order = np.lexsort((y, x))  # rows of one x by rising y: pairs of one x never count as turned round
    _, rank = np.unique(y[order], return_inverse=True)
    n = len(x)
    tied_x, tied_y, tied = (float((one * (one - 1) // 2).sum()) for one in (of_x, of_y, both))
    difference = n * (n - 1) / 2 - tied_x - tied_y + tied - 2 * _inversions(rank)
    return float(_tau(np.array(difference), of_x.astype(np.float64), of_y.astype(np.float64)))


def _inversions(rank: Integers) -> int:
    """Return how many pairs of ranks stand in falling order: bit by bit, a 1 before a 0 of equal higher bits."""
    found = 0
    for bit in range(max(1, int(rank.max()).bit_length()) - 1, -1, -1):
        higher, ones = rank >> (bit + 1), (rank >> bit) & 1
        order = np.argsort(higher, kind="stable")
        ones, higher = ones[order], higher[order]
        before = np.cumsum(ones) - ones
        starts = np.flatnonzero(np.diff(higher, prepend=-1))
        of_group = np.repeat(before[starts], np.diff(starts, append=len(rank)))
        found += int((before - of_group)[ones == 0].sum())
        rank = rank[order]
    return found


def system_means(values: Doubles, system: Integers, weights: Doubles) -> Doubles:
    """Return the mean of ``values`` (kinds,) for each system (b, systems), nan where a system has no row."""
    return _ratio(_summed(weights * values, system), _summed(weights, system))


def ranking(x: Doubles, y: Doubles) -> Doubles:
    """Return Kendall's tau-b (b,) of what two judges make of each system, (b, systems)."""
    first, second = np.triu_indices(x.shape[1], 1)
    above_x, above_y = (np.sign(one[:, first] - one[:, second]) for one in (x, y))
    untied = [np.abs(one).sum(axis=1) for one in (above_x, above_y)]
    return _ratio((above_x * above_y).sum(axis=1), np.sqrt(untied[0]) * np.sqrt(untied[1]))


def _ratio(numerator: Doubles, denominator: Doubles) -> Doubles:
    """Return the quotient, nan where the denominator is 0."""
    kept = np.where(denominator > 0, denominator, 1.0)
    quotient: Doubles = np.where(denominator > 0, numerator / kept, np.nan)
    return quotient
