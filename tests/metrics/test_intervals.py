from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.metrics.intervals import ClusterSums, effective_n, interval, wilson


@given(st.integers(1, 2000), st.data())
def test_wilson_against_statsmodels_and_scipy(n: int, draw: st.DataObject) -> None:
    from scipy.stats import binomtest
    from statsmodels.stats.proportion import proportion_confint

    k = draw.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert (low, high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)
    scipy = binomtest(k, n).proportion_ci(0.95, "wilson")
    assert (low, high) == pytest.approx((scipy.low, scipy.high), abs=1e-9)
    assert 0 <= low <= k / n <= high <= 1


def test_wilson_by_hand() -> None:
    # z = 1.959964, z^2 = 3.841459: for 0 of n the upper limit is z^2 / (n + z^2)
    assert wilson(0, 120) == pytest.approx((0.0, 3.841459 / 123.841459), abs=1e-6)
    assert wilson(120, 120) == pytest.approx((120 / 123.841459, 1.0), abs=1e-6)


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (2, 1), (-1, 5)])
def test_wilson_refuses_what_is_no_share(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= hits <= n"):
        wilson(hits, n)


def test_one_answer_a_prompt_is_plain_wilson() -> None:
    m = ClusterSums.of([(1, 1)] * 7 + [(1, 0)] * 93)
    # n/(n-1) of the ratio estimator makes 100 independent prompts worth a little less than 100.
    assert 98 < effective_n(m) <= 100
    assert interval(ClusterSums.of([(1, 0)] * 100)) == pytest.approx(wilson(0, 100))


def test_five_samples_all_alike_are_worth_one() -> None:
    m = ClusterSums.of([(5, 5)] * 20 + [(5, 0)] * 80)
    assert effective_n(m) == pytest.approx(100, rel=0.02)


def test_no_hit_among_samples_counts_prompts_not_samples() -> None:
    m = ClusterSums.of([(5, 0)] * 100)
    assert effective_n(m) == 100
    assert interval(m) == pytest.approx(wilson(0, 100))
    assert interval(m)[1] > 0.03


def test_nothing_judged_has_no_interval() -> None:
    assert effective_n(ClusterSums()) == 0
    with pytest.raises(ValueError, match="n > 0"):
        interval(ClusterSums())


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=60))
def test_effective_n_stays_between_prompts_and_trials(pairs: list[tuple[int, int]]) -> None:
    m = ClusterSums.of([(n, min(n, k)) for n, k in pairs])
    assert m.n * m.n / m.nn - 1e-9 <= effective_n(m) <= m.n + 1e-9
    low, high = interval(m)
    assert 0 <= low <= m.k / m.n <= high <= 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20), st.integers(0, 20))
def test_sums_add_up(pairs: list[tuple[int, int]], cut: int) -> None:
    clusters = [(n, min(n, k)) for n, k in pairs]
    assert ClusterSums.of(clusters[:cut]) + ClusterSums.of(clusters[cut:]) == ClusterSums.of(clusters)


@pytest.mark.parametrize(
    ("prompts", "samples", "p", "rho"),
    [
        (100, 5, 0.01, 0.0),
        (100, 5, 0.01, 0.8),
        (100, 5, 0.1, 0.3),
        (300, 10, 0.02, 0.8),
        (100, 3, 0.5, 0.5),
        (60, 1, 0.1, 0.0),
    ],
)
def test_coverage_by_simulation(prompts: int, samples: int, p: float, rho: float) -> None:
    """95% intervals of clustered, rare events hold the truth in at least 93.5% of 1,200 simulated runs.

    Prompts have a beta-distributed chance of an unsafe answer with mean p and intra-prompt correlation rho. A plain
    interval that takes samples for independent covers far less where rho is high.
    """
    rng, runs, held = random.Random(f"{prompts}{samples}{p}{rho}"), 1200, 0
    for _ in range(runs):
        clusters = []
        for _ in range(prompts):
            chance = rng.betavariate(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho) if rho else p
            clusters.append((samples, sum(rng.random() < chance for _ in range(samples))))
        n, k = prompts * samples, sum(k for _, k in clusters)
        m = ClusterSums(prompts, n, k, n * samples, k * samples, sum(k * k for _, k in clusters))
        low, high = interval(m)
        held += low <= p <= high
    assert held / runs >= 0.935
