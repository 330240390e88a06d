from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.metrics.classification import average_precision, classification, kappa, macro_f1

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50)
SCORED = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.9])), min_size=1, max_size=40)


@given(LABELS)
def test_means_over_classes_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    label, guess = np.array(pairs).T
    found = classification(label, guess, 4)
    expected = precision_recall_fscore_support(label, guess, average="macro", zero_division=0)[:3]
    assert (found.precision, found.recall, found.f1) == pytest.approx(expected)
    assert macro_f1(label, guess, 4) == pytest.approx(expected[2])
    assert found.accuracy == pytest.approx(accuracy_score(label, guess))


def test_one_class_by_hand() -> None:
    found = classification(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), 3)
    one = found.classes[1]
    assert (one.precision, one.recall, one.labelled, one.guessed) == (2 / 3, 2 / 3, 3, 3)
    assert found.classes[2].f1 == 0
    assert found.f1 == pytest.approx((1 / 2 + 2 / 3) / 2)  # the class that never occurs is in no mean
    with pytest.raises(ValueError, match="at least one"):
        classification(np.array([], dtype=np.int64), np.array([], dtype=np.int64), 2)


@given(SCORED)
def test_average_precision_is_scikit_learns(pairs: list[tuple[int, float]]) -> None:
    from sklearn.metrics import average_precision_score

    label, score = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    if not label.any():
        assert math.isnan(average_precision(label, score))
    else:
        assert average_precision(label, score) == pytest.approx(average_precision_score(label, score))


@given(LABELS)
def test_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    label, guess = np.array(pairs).T
    if len(set(label) | set(guess)) == 1:
        assert math.isnan(kappa(label, guess, 4))
    else:
        assert kappa(label, guess, 4) == pytest.approx(cohen_kappa_score(label, guess))
