from __future__ import annotations

import numpy as np
import pytest

from hantei.metrics.bootstrap import bootstrap
from hantei.metrics.classification import classification, kappa, macro_f1
from hantei.reproduce.do_not_answer.counts import draws, estimate, scores, tables

RNG = np.random.default_rng(3)
LABEL = RNG.integers(0, 4, (2, 60))
GUESS = np.where(RNG.random((2, 60)) < 0.6, LABEL, RNG.integers(0, 4, (2, 60)))


def test_the_data_as_they_are_score_as_the_common_functions_say() -> None:
    found = scores(tables(LABEL, GUESS, 5, np.ones((1, 60))))
    for model in range(2):
        expected = classification(LABEL[model], GUESS[model], 5)
        means = found.means()[0, model].tolist()
        assert means == pytest.approx([expected.accuracy, expected.precision, expected.recall, expected.f1])
        assert found.class_recall[0, model].tolist() == pytest.approx([one.recall for one in expected.classes])
        assert found.class_precision[0, model].tolist() == pytest.approx([one.precision for one in expected.classes])
        assert found.class_f1[0, model].tolist() == pytest.approx([one.f1 for one in expected.classes])
        assert found.kappa[0, model] == pytest.approx(kappa(LABEL[model], GUESS[model], 5))


def test_intervals_are_those_of_the_bootstrap_over_whole_questions() -> None:
    counts = tables(LABEL, GUESS, 4, draws(60)).sum(axis=1)
    found = estimate(scores(counts).f1)
    label, guess = LABEL.ravel(), GUESS.ravel()
    interval = bootstrap(lambda rows: macro_f1(label[rows], guess[rows], 4), np.tile(np.arange(60), 2))
    assert found.value == pytest.approx(macro_f1(label, guess, 4))
    assert (found.low, found.high) == pytest.approx(interval)


def test_answers_without_a_label_or_a_guess_do_not_count() -> None:
    guess = np.array([[0, 1, -1, 1]])
    label = np.array([[0, 1, 1, -1]])
    counts = tables(label, guess, 2, np.ones((1, 4)))
    assert counts[0, 0].tolist() == [[1, 0], [0, 1]]


def test_nothing_judged_has_no_score_and_no_interval() -> None:
    nothing = np.full((1, 5), -1)
    found = scores(tables(np.zeros((1, 5), dtype=np.int64), nothing, 2, draws(5)))
    assert np.isnan(found.accuracy).all()
    assert np.isnan(found.f1).all()
    nothing_known = estimate(found.kappa[:, 0])
    assert (nothing_known.value, nothing_known.low, nothing_known.high) == (None, None, None)


def test_the_first_draw_is_the_data_and_the_others_take_as_many_questions() -> None:
    times = draws(30)
    assert times[0].tolist() == [1] * 30
    assert (times.sum(axis=1) == 30).all()
    assert (times[1:] > 1).any(axis=1).all()
