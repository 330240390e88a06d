from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from hantei.metrics.bootstrap import bootstrap, bootstrap_counts


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


def test_draws_are_held_one_at_a_time() -> None:
    clusters = 20_000  # a thousand draws of them at once would take 160 MB

    def stop(_: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        raise StopAsyncIteration

    tracemalloc.start()
    with pytest.raises(StopAsyncIteration):
        bootstrap(stop, np.arange(clusters))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40e6


def test_weights_draw_whole_clusters_too_and_as_many_of_them_as_there_are() -> None:
    together = np.array([7, 7, 3, 3, 5, 5])
    times = list(bootstrap_counts(together))
    assert len(times) == 1000
    assert all(t[0] == t[1] and t[2] == t[3] and t[4] == t[5] and t.sum() == 6 for t in times)
    assert np.mean([t[0] for t in times]) == pytest.approx(1, abs=0.1)


def test_many_rows_are_drawn_less_often() -> None:
    assert len(list(bootstrap_counts(np.zeros(100_000, dtype=np.int64)))) == 200
