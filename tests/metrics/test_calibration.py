from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hantei.metrics.calibration import (
    apply_isotonic,
    apply_temperature,
    brier,
    calibrated,
    calibrated_top,
    calibration_error,
    fit_isotonic,
    fit_temperature,
    log_odds,
    out_of_fold,
    reliability,
)
from hantei.metrics.intervals import wilson

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]


def rows(n: int, sharpened: float = 1.0, seed: int = 0) -> tuple[Doubles, Labels]:
    """Return probabilities and labels of a judge whose log odds are ``sharpened`` times what they should be."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.5, 1.5, n)
    label = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return 1 / (1 + np.exp(-sharpened * odds)), label


def test_the_calibration_error_is_the_gap_in_each_bin_by_its_rows() -> None:
    label = np.array([1, 0, 1, 1])
    probability = np.array([0.62, 0.68, 0.95, 1.0])
    # bin 0.6 to 0.7: |1 - 1.3|; bin 0.9 to 1: |2 - 1.95|; of 4 rows
    assert calibration_error(label, probability) == pytest.approx((0.3 + 0.05) / 4)


def test_the_brier_score_is_the_mean_squared_distance() -> None:
    assert brier(np.array([1, 0]), np.array([0.7, 0.4])) == pytest.approx((0.09 + 0.16) / 2)


def known(value: float | None) -> float:
    assert value is not None
    return value


def test_bins_hold_every_row_once_and_empty_ones_are_left_out() -> None:
    first, last = reliability(np.array([0, 1, 1]), np.array([0.12, 0.18, 1.0]))
    assert (first.low, first.high, first.n, first.share) == (0.1, 0.2, 2, 0.5)
    assert first.mean == pytest.approx(0.15)
    assert (first.share_low, first.share_high) == wilson(1, 2)
    assert (last.low, last.high, last.n, last.share) == (0.9, 1.0, 1, 1.0)


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 3.0])
def test_temperature_scaling_finds_what_the_log_odds_were_multiplied_by(sharpened: float) -> None:
    probability, label = rows(20_000, sharpened)
    assert fit_temperature(log_odds(probability), label) == pytest.approx(1 / sharpened, rel=0.05)


def test_the_factor_of_several_classes_is_where_the_likelihood_is_highest() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (500, 4))
    label = (logits / 2 + rng.gumbel(size=(500, 4))).argmax(axis=1)
    factor = fit_temperature(logits, label)

    def likelihood(at: float) -> float:
        return float(np.log(apply_temperature(at, logits)[np.arange(500), label]).sum())

    assert factor == pytest.approx(0.5, rel=0.15)
    assert likelihood(factor) > max(likelihood(0.99 * factor), likelihood(1.01 * factor))


def test_temperature_scaling_does_not_change_which_class_is_likeliest() -> None:
    logits = np.array([[800.0, 1.0, -900.0], [0.1, 0.2, 0.3]])
    scaled = apply_temperature(0.3, logits)
    assert scaled.sum(axis=1) == pytest.approx([1, 1])
    assert scaled.argmax(axis=1).tolist() == [0, 2]


def test_labels_of_one_kind_push_the_factor_up_and_no_further_than_its_end() -> None:
    assert 20 < fit_temperature(log_odds(np.array([0.9, 0.8])), np.array([1, 1])) <= 100
    assert fit_temperature(log_odds(np.array([0.9, 0.8])), np.array([0, 0])) == pytest.approx(0.01, rel=1e-3)


def test_isotonic_scaling_pools_neighbours_that_are_out_of_order() -> None:
    knots = fit_isotonic(np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 1, 0, 1]))
    assert knots.tolist() == [[0.1, 0.0], [0.1, 0.0], [0.2, 0.5], [0.3, 0.5], [0.9, 1.0], [0.9, 1.0]]
    assert apply_isotonic(knots, np.array([0.0, 0.15, 0.25, 0.6, 1.0])).tolist() == pytest.approx(
        [0, 0.25, 0.5, 0.75, 1]
    )


@pytest.mark.parametrize("digits", [1, 2, 9])
def test_isotonic_scaling_is_that_of_scikit_learn(digits: int) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    probability, label = rows(700, 2.0, seed=digits)
    probability = probability.round(digits)  # few digits: many rows of equal probability
    theirs = isotonic.IsotonicRegression(out_of_bounds="clip").fit(probability, label)
    asked = np.linspace(0, 1, 301)
    assert apply_isotonic(fit_isotonic(probability, label), asked) == pytest.approx(theirs.predict(asked), abs=1e-9)


def test_out_of_fold_fits_on_other_groups_only_and_scales_every_row_once() -> None:
    given, label, group = np.arange(12.0), np.arange(12), np.repeat([5, 3, 9, 7], 3)
    seen: list[set[int]] = []

    def fit(_: Doubles, labels: Labels) -> set[int]:
        return set(labels.tolist())

    def apply(fitted: set[int], values: Doubles) -> Doubles:
        held = set(values.astype(int).tolist())
        assert not fitted & held
        assert fitted | held == set(range(12))
        assert all(len({group[row] for row in held}) == len(held) / 3 for _ in held)
        seen.append(held)
        return values + 100

    assert out_of_fold(fit, apply, given, label, group).tolist() == (given + 100).tolist()
    assert sorted(map(len, seen)) == [3, 3, 3, 3]


def test_out_of_fold_needs_a_group_to_fit_on() -> None:
    with pytest.raises(ValueError, match="two groups"):
        out_of_fold(fit_isotonic, apply_isotonic, np.array([0.1, 0.2]), np.array([0, 1]), np.array([4, 4]))


def test_scaling_mends_a_judge_that_is_too_sure_of_itself() -> None:
    probability, label = rows(3000, 3.0)
    found = calibrated(probability, label, np.arange(3000) // 2)
    assert found.after_temperature is not None
    assert found.after_isotonic is not None
    assert found.factor == pytest.approx(1 / 3, rel=0.1)
    assert known(found.before.error.low) > 0.05
    assert found.before.error.value == pytest.approx(calibration_error(label, probability))
    for after in (found.after_temperature, found.after_isotonic):
        assert known(after.error.value) < 0.3 * known(found.before.error.value)
        assert known(after.brier.value) < known(found.before.brier.value)


def test_the_interval_of_the_error_holds_zero_for_a_judge_that_is_calibrated() -> None:
    # Percentiles of replicates, which chance makes larger still, would hold it in none of these.
    missed = 0
    for seed in range(30):
        probability, label = rows(300, seed=seed)
        error = calibrated(probability, label, np.arange(300)).before.error
        assert known(error.value) > 0.01
        missed += known(error.low) > 0
    assert missed <= 5


def test_the_interval_of_the_error_holds_that_of_a_judge_that_is_not() -> None:
    probability, label = rows(200_000, 3.0, seed=99)
    true, missed = calibration_error(label, probability), 0
    for seed in range(30):
        error = calibrated(*rows(300, 3.0, seed), np.arange(300)).before.error
        missed += not known(error.low) <= true <= known(error.high)
    assert missed <= 4


def test_one_prompt_alone_is_measured_but_not_scaled() -> None:
    found = calibrated(np.array([0.2, 0.9]), np.array([0, 1]), np.array([1, 1]))
    assert (found.after_temperature, found.after_isotonic) == (None, None)
    assert found.before.error.value == pytest.approx(0.15)


def test_of_several_classes_the_probability_of_the_likeliest_is_measured() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.8, 0.1, 0.1], [0.2, 0.75, 0.05]])
    found = calibrated_top(probabilities, np.array([0, 1, 0, 1]), np.arange(4))
    # Right with 0.7, 0.8 and 0.75, wrong with 0.6; 0.7 and 0.75 share a bin.
    assert found.before.error.value == pytest.approx((0.55 + 0.6 + 0.2) / 4)
    assert [(one.n, one.share) for one in found.before.bins] == [(1, 0.0), (2, 1.0), (1, 1.0)]
