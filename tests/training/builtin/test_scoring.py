from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.training.builtin.scoring import Subject, spearman


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=30))
def test_spearman_is_scipys(pairs: list[tuple[int, int]]) -> None:
    from scipy.stats import spearmanr

    left, right = np.array(pairs, dtype=float).T
    if len(set(left)) < 2 or len(set(right)) < 2:
        assert math.isnan(spearman(left, right))
    else:
        assert spearman(left, right) == pytest.approx(spearmanr(left, right).statistic)


def test_a_floor_is_passed_or_not() -> None:
    subject = Subject("protocol", "data", "en", "unsafe")
    hits = np.array([True, True, False, True])
    assert subject.share("accuracy", hits).passed is None
    assert subject.share("accuracy", hits, 0.75).passed is True
    assert subject.share("accuracy", hits, 0.76).passed is False
    none = subject.share("accuracy", hits[:0])
    assert (none.value, none.low, none.high) == (0, 0, 1)
