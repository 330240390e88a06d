from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, gamma

from hantei.arrays import Doubles
from hantei.metrics.stratified import Strata, limits, pearson_quantile, total

Z = 1.959963984540054


def strata(weight: list[float], hits: list[float], labels: list[float], left: float = 1.0) -> Strata:
    n = np.array(labels, dtype=np.float64)
    return Strata(np.array(weight), np.array(hits) / n, n, n, np.full(len(n), left))


@pytest.mark.parametrize(("hits", "labels"), [(0, 50), (1, 50), (3, 100), (10, 200), (25, 50), (99, 100), (50, 50)])
def test_one_stratum_is_nearly_clopper_and_pearson(hits: int, labels: int) -> None:
    low, high = (float(one) for one in limits(strata([1.0], [hits], [labels])))
    exact_low = beta.ppf(0.025, hits, labels - hits + 1) if hits else 0.0
    exact_high = beta.ppf(0.975, hits + 1, labels - hits) if hits < labels else 1.0
    assert (low, high) == pytest.approx((exact_low, exact_high), abs=0.004)


def test_no_hit_in_a_hundred_by_hand() -> None:
    # -log(0.025) / 100 = 3.69% for small shares; the exact limit is 1 - 0.025**(1 / 100) = 3.62%
    low, high = limits(strata([1.0], [0], [100]))
    assert float(low) == 0.0
    assert float(high) == pytest.approx(1 - 0.025**0.01, abs=4e-4)


def test_no_hit_in_two_strata_is_as_no_hit_in_one() -> None:
    """Labels in proportion: 30 of 30% and 70 of 70% say as much as 100 of everything; adding limits would say 1.4."""
    _, high = limits(strata([0.3, 0.7], [0, 0], [30, 70]))
    _, one = limits(strata([1.0], [0], [100]))
    assert float(high) == pytest.approx(float(one), rel=0.02)


def test_a_judge_that_was_always_right_leaves_the_doubt_of_one_stratum_at_each_end() -> None:
    found = strata([0.5, 0.5], [50, 0], [50, 50])
    low, high = (float(one) for one in limits(found))
    rare = 1 - 0.025 ** (1 / 50)
    assert float(total(found)) == 0.5
    assert (low, high) == pytest.approx((0.5 - rare / 2, 0.5 + rare / 2), abs=0.0005)


def test_everything_labelled_is_known() -> None:
    low, high = limits(strata([0.5, 0.5], [5, 0], [50, 50], left=0.0))
    assert (float(low), float(high)) == pytest.approx((0.05, 0.05))


def test_half_labelled_and_no_hit_counts_whole_answers() -> None:
    """Of 200 answers 100 are labelled safe: with h unsafe among the rest the chance was at most 0.5**h."""
    _, high = limits(strata([1.0], [0], [100], left=0.5))
    assert float(high) == pytest.approx(np.log(0.025) / np.log(0.5) / 200, rel=0.03)


def test_a_heavy_label_moves_the_upper_limit() -> None:
    found = strata([1.0], [0], [100])
    heavy = Strata(found.weight, found.share, found.size, np.array([50.0]), found.left)
    assert float(limits(heavy)[1]) == pytest.approx(1 - 0.025 ** (1 / 50), abs=1e-3)


@pytest.mark.parametrize("shape", [1.0, 2.0, 5.0, 50.0])
@pytest.mark.parametrize("z", [Z, -Z])
def test_pearson_quantile_of_a_gamma_variable(shape: float, z: float) -> None:
    one: Doubles = np.array(shape)
    quantile = float(pearson_quantile(one, one, 2 * one, z))
    assert quantile == pytest.approx(gamma.ppf(0.975 if z > 0 else 0.025, shape), abs=0.03)


def test_pearson_quantile_without_skew_is_normal_and_mirrors() -> None:
    one = np.ones(1)
    assert float(pearson_quantile(one, one, one * 0, Z)[0]) == pytest.approx(1 + Z, abs=1e-4)
    assert float(pearson_quantile(-one, one, -one, -Z)[0]) == pytest.approx(
        -float(pearson_quantile(one, one, one, Z)[0])
    )
