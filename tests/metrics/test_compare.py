"""Two sides on the same prompts: tests and intervals against oracles, published examples and plain arithmetic."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from hantei.metrics.compare import adjusted, as_rate, difference
from hantei.metrics.compare_pairs import Pairs, Pattern
from hantei.metrics.compare_tests import bootstrap, exchange, holm, mcnemar, newcombe, prompts_to_settle

SIDES = ("old", "new")


def table(both: int, only_first: int, only_second: int, neither: int) -> Pairs:
    """Return prompts with one verdict a side, as the four cells of McNemar's table."""
    cells = {(1, 1): both, (1, 0): only_first, (0, 1): only_second, (0, 0): neither}
    return Pairs(Counter({Pattern(1, first, 1, second): n for (first, second), n in cells.items() if n}))


@pytest.mark.parametrize(("more", "less"), [(0, 0), (0, 1), (5, 0), (2, 12), (12, 2), (7, 7), (40, 61), (400, 470)])
def test_mcnemar_is_statsmodels_exact_test_and_scipys_binomial(more: int, less: int) -> None:
    from scipy.stats import binomtest
    from statsmodels.stats.contingency_tables import mcnemar as oracle

    p = mcnemar(more, less)
    if more + less:
        assert p == pytest.approx(binomtest(more, more + less).pvalue, rel=1e-9)
        assert p == pytest.approx(oracle([[10, less], [more, 20]], exact=True).pvalue, rel=1e-9)
    else:
        assert p == 1


def test_newcombes_interval_is_the_published_one() -> None:
    # Newcombe 1998, method 10, on 36, 12, 2, 0: 0.0569 to 0.3404; here it is second less first, so the signs turn.
    low, high = newcombe(table(36, 12, 2, 0))
    assert (round(-high, 4), round(-low, 4)) == (0.0569, 0.3404)


def test_newcombes_interval_by_hand() -> None:
    """30 of 100 and 20 of 100, 15 of them the same: Wilson's limits, and phi corrected for continuity."""
    z = 1.959963984540054

    def wilson(k: int, n: int) -> tuple[float, float]:
        centre, half = k / n + z * z / (2 * n), z * math.sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
        return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)

    (low_p, high_p), (low_q, high_q) = wilson(30, 100), wilson(20, 100)
    phi = (15 * 65 - 15 * 5 - 50) / math.sqrt(30 * 70 * 20 * 80)
    down = math.sqrt((0.2 - low_q) ** 2 - 2 * phi * (0.2 - low_q) * (high_p - 0.3) + (high_p - 0.3) ** 2)
    up = math.sqrt((high_q - 0.2) ** 2 - 2 * phi * (high_q - 0.2) * (0.3 - low_p) + (0.3 - low_p) ** 2)
    assert newcombe(table(15, 15, 5, 65)) == pytest.approx((-0.1 - down, -0.1 + up))


def test_where_nothing_flips_the_interval_is_not_a_point() -> None:
    pairs = table(0, 0, 0, 120)
    low, high = newcombe(pairs)
    assert low < -0.02
    assert high > 0.02
    assert bootstrap(pairs) == (0, 0)  # which is why the interval is not that of a bootstrap
    found = difference(pairs, "violation_rate", "j", SIDES, {})
    assert found.tie
    assert found.p == 1
    assert found.to_settle is None
    assert found.more_prompts is None


def test_several_answers_a_prompt_are_exchanged_and_drawn_prompt_by_prompt() -> None:
    # Each of 12 prompts: 1 of 4 before, 3 of 4 now. Exchanged at random, all 12 or none stay on one side: 2 / 2**12.
    pairs = Pairs(Counter({Pattern(4, 1, 4, 3): 12}))
    found = difference(pairs, "violation_rate", "j", SIDES, {})
    assert found.difference.value == 0.5
    assert found.drawn is not None
    assert (found.drawn.low, found.drawn.high) == (0.5, 0.5)
    assert found.difference.low is not None
    assert 0 < found.difference.low < 0.5
    assert found.p == pytest.approx(2 / 2**12, abs=7e-4)
    assert (found.more, found.less) == (12, 0)


def test_exchanging_agrees_with_mcnemar_where_there_is_one_answer() -> None:
    assert exchange(table(5, 12, 4, 30)) == pytest.approx(mcnemar(4, 12), abs=0.012)


def test_the_interval_covers_where_samples_are_clustered() -> None:
    """Some prompts are always unsafe: an interval from drawing prompts again covers too seldom, this one does not."""
    rng, covered, rounds, true = np.random.default_rng(3), 0, 200, 0.03 * 0.98
    for _ in range(rounds):
        first = rng.beta(0.006, 0.294, 100)
        second = np.where(
            rng.random(100) < 0.03, 1, np.where(rng.random(100) < 0.3, rng.beta(0.006, 0.294, 100), first)
        )
        hits = zip(rng.binomial(5, first), rng.binomial(5, second), strict=True)
        pairs = Pairs(Counter(Pattern(5, int(one), 5, int(other)) for one, other in hits))
        low, high = newcombe(pairs)
        covered += low <= true <= high
    assert covered / rounds > 0.93


def test_holm_is_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    values = [0.04, 0.01, 0.03, 0.2, 0.01]
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1].tolist())
    assert holm([]) == []


def test_two_that_differ_alone_are_tied_among_many() -> None:
    one = difference(table(5, 1, 9, 85), "violation_rate", "j", SIDES, {})  # p = 22 / 1024
    assert one.p == pytest.approx(22 / 1024)
    assert not one.tie
    assert all(each.tie and each.p_adjusted == pytest.approx(66 / 1024) for each in adjusted([one] * 3))


def test_prompts_to_settle_is_connors_formula() -> None:
    # 20 of 100 flip, 13 and 7: a difference of .06. (1.959964 sqrt(.2) + .841621 sqrt(.2 - .0036))**2 / .0036 = 433.7
    pairs = table(10, 7, 13, 70)
    assert prompts_to_settle(pairs) == 434
    assert difference(pairs, "violation_rate", "j", SIDES, {}).more_prompts == 334


def test_what_has_no_verdict_is_left_out_counted_and_bounded() -> None:
    pairs = table(2, 0, 0, 8)
    pairs.add(Pattern(1, 0, 0, 0), (0, 1), 2)  # the second side has no verdict on two more
    found = difference(pairs, "violation_rate", "j", SIDES, {})
    assert (found.difference.n, found.lost) == (10, 2)
    assert found.bound_low == 0
    assert found.bound_high == pytest.approx(2 / 12)


def test_a_difference_is_a_row_that_a_condition_reads() -> None:
    row = as_rate(difference(table(1, 0, 9, 90), "violation_rate", "j", SIDES, {"language": "ja"}))
    assert row.metric == "difference.violation_rate"
    assert row.rate == pytest.approx(0.09)
    assert row.by == {"judge": "j", "first": "old", "second": "new", "language": "ja"}
