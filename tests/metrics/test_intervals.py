from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.metrics.intervals import ClusterSums, effective_n, interval, wilson
from tests.measured import Measured
from tests.metrics.clustered_simulation import GRID, MORE, Outcome, Setting, simulate


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


@pytest.mark.parametrize(
    "setting",
    [
        Setting(100, 5, 0.005, always=1.0),  # 90.5% before: one prompt with five hits of five lifted the lower limit
        Setting(100, 20, 0.01, always=1.0),  # 92%
        Setting(300, 20, 0.01, always=0.5),  # 84%: no prompt that is always unsafe was met
        Setting(1000, 20, 0.005, always=0.5),  # 91%, and 91% by room for one prompt with hits more
        Setting(100, 20, 0.05, always=0.5),
    ],
)
def test_prompts_that_are_always_unsafe_do_not_break_the_interval(setting: Setting) -> None:
    found = simulate(setting, 2_000)
    assert found.held_before < 0.93 * found.draws
    assert found.held >= 0.94 * found.draws
    assert found.width <= 1.15 * found.width_before


def test_the_upper_limit_leaves_room_for_prompts_that_were_not_met() -> None:
    """50 of 1,000 prompts unsafe in one of 20 answers: the limit against the exact one for independent answers.

    With e expected prompts that are always unsafe none is met with chance exp(-e); the others' limit is then Clopper
    and Pearson's at 0.038 exp(e).
    """
    from scipy.stats import beta

    _, high = interval(ClusterSums.of([(20, 1)] * 50 + [(20, 0)] * 950))
    exact = max(e / 1000 + beta.ppf(1 - 0.038 * math.exp(e), 51, 19_950) for e in (0.5, 1, 1.5, 2, 2.5, 3))
    assert high == pytest.approx(exact, rel=0.03)
    assert high > 1.3 * wilson(50, 20_000)[1]


def test_hits_and_misses_are_mirrored() -> None:
    pairs = [(5, 5), (5, 1), (5, 0), (5, 0), (5, 2)] + [(5, 0)] * 30
    low, high = interval(ClusterSums.of(pairs))
    turned = interval(ClusterSums.of((n, n - k) for n, k in pairs))
    assert turned == pytest.approx((1 - high, 1 - low))


def test_two_hits_of_one_prompt_by_hand() -> None:
    """One of 100 prompts unsafe in both of two answers: at least as one of 100 by Clopper and Pearson, 0.025%.

    P(at least 1 of 100) = 0.025 at 1 - 0.975**(1 / 100) = 0.0253%; the cube, from moments, is below it.
    """
    low, high = interval(ClusterSums.of([(2, 2)] + [(2, 0)] * 99))
    assert 0 <= low <= 0.0005
    assert high == pytest.approx(wilson(1, 100)[1], rel=0.05)


@pytest.mark.long
def test_every_setting(measured: Measured) -> None:
    found = [simulate(setting, 20_000) for setting in [*GRID, *MORE]]
    now, before = (_under(found, name) for name in ("held", "held_before"))
    worst, worst_before = (min(getattr(one, name) for one in found) / 20_000 for name in ("held", "held_before"))
    wider = [one for one in found if one.width > 1.15 * one.width_before]
    measured(
        f"coverage of a rate's interval in {len(found)} settings of clustered answers, 20,000 draws each",
        f"{len(now)} significantly under 94%, the least {worst:.1%}; by Wilson on the effective size {len(before)}, "
        f"the least {worst_before:.1%}. {len(wider)} over 1.15 times as wide, none of the first {len(GRID)}",
    )
    assert not now
    assert max(one.width / one.width_before for one in found[: len(GRID)]) <= 1.15
    # What holds where few prompts hold the hits is wider where all are alike and answered often (docs/definitions.md).
    assert all(one.setting.samples >= 10 and one.setting.always < 0.5 for one in wider)
    assert max(one.width / one.width_before for one in found) <= 1.52


def _under(found: list[Outcome], name: str) -> set[Setting]:
    """Return the settings whose coverage is significantly under 94%: one-sided exact tests at 1%, by Holm."""
    from scipy.stats import binom

    chances = sorted((float(binom.cdf(getattr(one, name), one.draws, 0.94)), n) for n, one in enumerate(found))
    under = set()
    for place, (chance, number) in enumerate(chances):
        if chance > 0.01 / (len(found) - place):
            break
        under.add(found[number].setting)
    return under
