"""Drawing prompts again, for any number of measures at once: rows that say the same are one kind, counted.

A measure of agreement knows rows only by what each judge said of them. So a replicate of the bootstrap is how often it
drew each kind of row, and clusters (prompts) that hold the same kinds are drawn by one multinomial: 1,000 replicates of
100,000 rows are one product of two small matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.metrics.bootstrap import REPLICATES

_DENSE = 20_000_000
"""Cells of a table of clusters by kinds at most; where there would be more, each row is a kind of its own."""

_AT_ONCE = 4_000_000
"""Numbers of a block of replicates at most."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of rows: ``values`` (kinds, columns) and how often each is there, ``counts`` (kinds,).

    ``clusters`` (patterns, kinds) is how many rows of each kind a cluster holds, for each pattern of clusters, and
    ``alike`` (patterns,) how many clusters are so. ``clusters`` is None where a kind is in one pattern only, once;
    ``pattern`` (kinds,) is which, then.
    """

    values: Doubles
    counts: Doubles
    alike: Integers
    clusters: Doubles | None
    pattern: Integers

    def draws(self, replicates: int = REPLICATES) -> Iterator[Doubles]:
        """Yield blocks (replicates, kinds) of how often each kind was drawn, with the seed 0; ``replicates`` in all."""
        rng = np.random.default_rng(0)
        size = max(1, min(replicates, _AT_ONCE // max(len(self.counts), len(self.alike))))
        for start in range(0, replicates, size):
            times = _times_drawn(self.alike, min(size, replicates - start), rng)
            yield times[:, self.pattern] if self.clusters is None else times @ self.clusters


def _times_drawn(alike: Integers, replicates: int, rng: np.random.Generator) -> Doubles:
    """Return how often each pattern is drawn (replicates, patterns) where as many clusters are drawn as there are."""
    total, patterns = int(alike.sum()), len(alike)
    if patterns * 4 <= total:  # few patterns: a multinomial; else each drawn cluster is counted, which is quicker then
        return rng.multinomial(total, alike / total, size=replicates).astype(np.float64)
    owner = np.repeat(np.arange(patterns), alike)
    drawn = (owner[rng.integers(0, total, total)] for _ in range(replicates))
    return np.stack([np.bincount(one, minlength=patterns) for one in drawn]).astype(np.float64)


def kinds_of(values: Doubles, cluster: Integers) -> Kinds:
    """Return the kinds of rows of ``values`` (rows, columns), nan for what was not said, in their clusters (rows,)."""
    first, kind, counts = _distinct(values)
    _, number = np.unique(cluster, return_inverse=True)
    clusters = int(number.max()) + 1
    if clusters == len(number):  # a row a cluster: a cluster's pattern is its row's kind
        return Kinds(values[first], counts.astype(np.float64), counts, None, np.arange(len(counts)))
    if clusters * len(counts) > _DENSE:
        each = np.ones(len(values))
        return Kinds(values, each, np.ones(clusters, dtype=np.int64), None, number)
    held = np.bincount(number * len(counts) + kind, minlength=clusters * len(counts)).reshape(clusters, -1)
    # A product with odd random numbers modulo 2**64 tells patterns apart: sorting them whole takes far longer.
    mixing = np.random.default_rng(1).integers(0, 2**63, len(counts), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    _, pattern, alike = np.unique(held.astype(np.uint64) @ mixing, return_index=True, return_counts=True)
    return Kinds(values[first], counts.astype(np.float64), alike, held[pattern].astype(np.float64), pattern)


def _distinct(values: Doubles) -> tuple[Integers, Integers, Integers]:
    """Return a row of each kind, the kind of each row, and how many rows are of each."""
    code = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        _, place = np.unique(column, return_inverse=True)  # nan is one value
        _, code = np.unique(code * (int(place.max()) + 1) + place, return_inverse=True)
    _, first, counts = np.unique(code, return_index=True, return_counts=True)
    return first, code, counts
