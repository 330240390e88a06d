from __future__ import annotations

import numpy as np
import pytest

from hantei.arrays import Doubles, Flags
from hantei.metrics.prediction_powered import moments_of, of_the_population, of_these_answers, powered

N, LABELS = 4_000, 400


def drawn(seed: int) -> tuple[Doubles, Doubles, Flags]:
    """Return a judge's probabilities, the truth, and which answers have a label."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.5, 1.5, N)
    return score, (rng.random(N) < 0.1 + 0.7 * score).astype(np.float64), rng.permutation(N) < LABELS


@pytest.mark.parametrize("seed", range(5))
def test_lambda_and_value_against_ppi_python(seed: int) -> None:
    """ppi-python keeps the labelled answers apart from the others: its lambda is ours times N / (N - labels)."""
    ppi_py = pytest.importorskip("ppi_py", reason="pip install ppi-python")
    score, truth, labelled = drawn(seed)
    ours = moments_of(np.zeros(N), 1, score, labelled, truth, np.ones(N))
    found, value, low, high = of_the_population(ours, np.asarray(float(N)))
    theirs = ppi_py.ppi_mean_pointestimate(truth[labelled], score[labelled], score[~labelled])
    assert float(value) == pytest.approx(float(np.ravel(theirs)[0]), abs=5e-4)
    their_low, their_high = (float(np.ravel(end)[0]) for end in ppi_py.ppi_mean_ci(
        truth[labelled], score[labelled], score[~labelled], alpha=0.05))  # fmt: skip
    # One label more is supposed at each end: 1/400 wider, and half of that further from the middle.
    assert (float(low), float(high)) == pytest.approx((their_low, their_high), abs=1.5 / LABELS)
    assert 0.4 < float(found.power[0]) < 1


def test_lambda_by_hand() -> None:
    """Lambda is the covariance of label and probability by the variance of all probabilities; the value follows."""
    score, truth, labelled = drawn(7)
    found = powered(moments_of(np.zeros(N), 1, score, labelled, truth, np.ones(N)))
    y, f = truth[labelled], score[labelled]
    power = ((y * f).mean() - y.mean() * f.mean()) / score.var()
    assert float(found.power[0]) == pytest.approx(power)
    assert float(found.share[0]) == pytest.approx(y.mean() + power * (score.mean() - f.mean()))


def test_chances_undo_the_choice() -> None:
    """Half of the flagged and a tenth of the others are labelled: 40 of 50 and 5 of 95 unsafe."""
    flagged = np.arange(1_050) < 100
    truth = np.zeros(1_050)
    labelled = np.zeros(1_050, dtype=np.bool_)
    labelled[:50] = labelled[100:195] = True
    truth[:40] = truth[100:105] = 1
    weight = np.where(flagged, 2.0, 10.0)
    split = moments_of((~flagged).astype(np.float64), 2, flagged.astype(np.float64), labelled, truth, weight)
    single = moments_of(np.zeros(1_050), 1, flagged.astype(np.float64), labelled, truth, weight)
    by_hand = (100 * 40 / 50 + 950 * 5 / 95) / 1_050
    for moments in (split, single):
        _, value, low, high = of_these_answers(moments)
        assert float(value) == pytest.approx(by_hand)
        assert float(low) < by_hand < float(high)
    assert 2 * by_hand < 45 / 145  # what averaging the labels says


def test_equal_weights_are_as_precise_as_they_are_many() -> None:
    score, truth, labelled = drawn(1)
    found = moments_of(np.zeros(N), 1, score, labelled, truth, np.full(N, 7.0))
    assert float(found.labels[0]) == pytest.approx(LABELS)
    assert float(found.units[0]) == pytest.approx(LABELS)
