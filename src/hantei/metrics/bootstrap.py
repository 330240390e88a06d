"""Intervals of any statistic by drawing rows again, whole clusters at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

REPLICATES = 1000

Index = NDArray[np.int64]


def bootstrap(statistic: Callable[[Index], float], cluster: Index, replicates: int = REPLICATES) -> tuple[float, float]:
    """Return the 95% percentile interval of a statistic of row numbers, drawing whole clusters of rows with the seed 0.

    Args:
        statistic: takes row numbers, each as often as it was drawn; replicates for which it is nan are left out.
        cluster: the cluster of each row, such as the number of its prompt: rows of one cluster go together.
        replicates: how often is drawn.
    """
    rng = np.random.default_rng(0)
    order = np.argsort(cluster, kind="stable")
    members = np.split(order, np.unique(cluster[order], return_index=True)[1][1:])
    draws = rng.integers(0, len(members), (replicates, len(members)))
    values = [statistic(np.concatenate([members[number] for number in draw])) for draw in draws]
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
