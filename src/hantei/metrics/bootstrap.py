"""Intervals of any statistic by drawing rows again, whole clusters at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.estimates import Estimate

REPLICATES = 1000
BY_PROMPT = "percentiles of drawing prompts again"
"""The method of an ``Estimate`` whose interval is from here."""

BY_SEED = "percentiles of drawing seeds and items again"
"""The method of one over several trainings."""

_FEWEST, _ROWS_DRAWN = 100, 20_000_000
"""Where rows are many, so many of them are drawn in all; the interval is narrow then, and needs fewer replicates."""


def bootstrap(
    statistic: Callable[[Integers], float], cluster: Integers, replicates: int = REPLICATES
) -> tuple[float, float]:
    """Return the 95% percentile interval of a statistic of row numbers, drawing whole clusters of rows with the seed 0.

    Args:
        statistic: takes row numbers, each as often as it was drawn; replicates for which it is nan are left out.
        cluster: the cluster of each row, such as the number of its prompt: rows of one cluster go together.
        replicates: how often is drawn.
    """
    rng = np.random.default_rng(0)
    order = np.argsort(cluster, kind="stable")
    members = np.split(order, np.unique(cluster[order], return_index=True)[1][1:])
    draws = (rng.integers(0, len(members), len(members)) for _ in range(replicates))
    return percentile_interval([statistic(np.concatenate([members[number] for number in draw])) for draw in draws])


def percentile_interval(values: Sequence[float] | Doubles) -> tuple[float, float]:
    """Return what 95% of the replicates' values lie between, those that are nan left out; nan where none is left."""
    known = np.asarray(values)[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, (2.5, 97.5)).tolist()
    return low, high


def bootstrap_counts(cluster: Integers, replicates: int = REPLICATES) -> Iterator[Doubles]:
    """Yield, replicate by replicate, how often each row was drawn; whole clusters are drawn, with the seed 0.

    It is ``bootstrap`` for statistics that take a weight for each row, and holds one replicate at a time: there are
    ``replicates`` of them, down to 100 where rows are many.
    """
    _, number = np.unique(cluster, return_inverse=True)
    rng, clusters = np.random.default_rng(0), int(number.max()) + 1
    for _ in range(max(_FEWEST, min(replicates, _ROWS_DRAWN // len(cluster)))):
        times = np.bincount(rng.integers(0, clusters, clusters), minlength=clusters)
        yield times[number].astype(np.float64)


def share_over_seeds(hits: Doubles, known: Doubles, replicates: int = REPLICATES) -> Estimate:
    """Return the share of hits among what is known, over all seeds, with the interval of drawing seeds and items again.

    Both tables are (seeds, items), the items the same for all seeds; ``hits`` is 0 where nothing is known.
    """
    seeds, items = hits.shape
    rng = np.random.default_rng(0)
    by_seed = rng.multinomial(seeds, np.full(seeds, 1 / seeds), replicates).astype(np.float64)
    by_item = rng.multinomial(items, np.full(items, 1 / items), replicates).astype(np.float64)
    hit, all_known = (((by_seed @ table) * by_item).sum(axis=1) for table in (hits, known))
    if not known.any():
        return Estimate(value=None, method=BY_SEED)
    low, high = percentile_interval(np.divide(hit, all_known, out=np.full(replicates, np.nan), where=all_known > 0))
    return Estimate(value=float(hits.sum() / known.sum()), low=low, high=high, n=int(known.sum()), method=BY_SEED)
