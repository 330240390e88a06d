from __future__ import annotations

import math

import numpy as np

from hantei.metrics.bootstrap import bootstrap


def test_a_bootstrap_draws_whole_clusters_and_is_the_same_every_time() -> None:
    values = np.array([0.0, 0.0, 1.0, 1.0])
    together = np.array([7, 7, 3, 3])

    def mean(drawn: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        assert len(drawn) == 4
        assert values[drawn].sum() in (0, 2, 4)  # rows 0 and 1 come together, and so do 2 and 3
        return float(values[drawn].mean())

    assert bootstrap(mean, together) == bootstrap(mean, together) == (0.0, 1.0)


def test_replicates_that_know_nothing_are_left_out() -> None:
    rows = np.arange(4)
    assert all(math.isnan(limit) for limit in bootstrap(lambda _: math.nan, rows))
    low, high = bootstrap(lambda drawn: 1.0 if drawn[0] == 0 else math.nan, rows)
    assert low == high == 1
