"""Agreement against scikit-learn, SciPy, statsmodels and krippendorff, and where there is nothing to measure."""

from __future__ import annotations

from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score
from statsmodels.stats.inter_rater import cohens_kappa

from hantei.metrics.agreement import measures
from hantei.metrics.agreement.alpha import alpha
from hantei.metrics.agreement.draws import kinds_of
from hantei.metrics.agreement.pairs import group, pair, parts
from hantei.metrics.agreement.ratings import Grouping, HeadRatings, Ratings
from hantei.metrics.agreement.worst import furthest
from hantei.metrics.bootstrap import bootstrap

LABELS = {"unsafe": ("safe", "unsafe"), "refusal": ("none", "partial", "full"), "action": tuple("012345")}
SCALES: Any = {"unsafe": "nominal", "refusal": "ordinal", "action": "nominal", "score": "interval"}


def ratings(head: str, values: Any, prompt: Any = None, system: Any = None) -> Ratings:
    """Two judges or more, the columns of ``values``; every second name is a person's."""
    table = np.array(values, dtype=float)
    rows = np.arange(len(table)) if prompt is None else np.array(prompt)
    names = tuple(f"human:{n}" if n % 2 else f"judge {n}" for n in range(table.shape[1]))
    systems = np.zeros(len(table), dtype=np.int64) if system is None else np.array(system)
    said = HeadRatings(table, SCALES[head], LABELS.get(head, ()))
    part = Grouping(systems, tuple(f"s{n}" for n in range(int(systems.max()) + 1)))
    return Ratings(names, {head: said}, rows, systems, part.names, {"system": part})


def drawn(seed: int, rows: int = 400, levels: int = 6, noise: float = 0.4) -> tuple[Any, Any, Any]:
    """Labels, guesses that are mostly the same, and prompts of several rows."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, levels, rows)
    guess = np.where(rng.random(rows) < noise, rng.integers(0, levels, rows), label)
    return label.astype(float), guess.astype(float), rng.integers(0, rows // 4, rows)


def values_of(found: Any) -> dict[str, Any]:
    return {one.name: one.estimate.value for one in found.measures}


def test_verdicts_are_scored_as_scikit_learn_and_statsmodels_do() -> None:
    label, guess, prompt = drawn(1, levels=2)
    found = values_of(pair(ratings("unsafe", np.stack([guess, label], 1), prompt), "unsafe", 0, 1))
    assert found["precision"] == pytest.approx(precision_score(label, guess))
    assert found["recall"] == pytest.approx(recall_score(label, guess))
    assert found["f1"] == pytest.approx(f1_score(label, guess))
    assert found["kappa"] == pytest.approx(cohen_kappa_score(label, guess))
    table = np.array([[np.sum((label == i) & (guess == j)) for j in (0, 1)] for i in (0, 1)])
    assert found["kappa"] == pytest.approx(cohens_kappa(table).kappa)
    assert found["accuracy"] == (label == guess).mean()


def test_actions_and_refusals_are_scored_as_scikit_learn_and_scipy_do() -> None:
    label, guess, prompt = drawn(2)
    found = values_of(pair(ratings("action", np.stack([guess, label], 1), prompt), "action", 0, 1))
    assert found["macro_f1"] == pytest.approx(f1_score(label, guess, average="macro"))
    assert found["kappa"] == pytest.approx(cohen_kappa_score(label, guess))
    label, guess, prompt = drawn(3, levels=3)
    found = values_of(pair(ratings("refusal", np.stack([guess, label], 1), prompt), "refusal", 0, 1))
    assert found["kappa_quadratic"] == pytest.approx(cohen_kappa_score(label, guess, weights="quadratic"))
    assert found["spearman"] == pytest.approx(stats.spearmanr(label, guess).statistic)
    assert found["tau_b"] == pytest.approx(stats.kendalltau(label, guess).statistic)
    assert "pearson" not in found  # an order has no distances


def test_scores_correlate_as_scipy_says() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    y = (x + rng.normal(size=300)).round(1)  # with ties
    found = pair(ratings("score", np.stack([x, y], 1)), "score", 0, 1)
    assert values_of(found)["pearson"] == pytest.approx(stats.pearsonr(x, y).statistic)
    assert values_of(found)["spearman"] == pytest.approx(stats.spearmanr(x, y).statistic)
    tau = found.get("tau_b")
    assert tau is not None
    assert tau.estimate.value == pytest.approx(stats.kendalltau(x, y).statistic)
    assert (tau.estimate.low, tau.estimate.high) == (None, None)
    assert "not drawn again" in tau.reason  # 300 values by some 60
    assert found.confusion == ()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=60))
def test_tau_b_is_scipys_whatever_the_ties(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=float).T
    expected = stats.kendalltau(x, y).statistic
    assert measures.tau_b_of_rows(x, y) == pytest.approx(expected, nan_ok=True)
    assert measures.tau_b(x, y, np.ones((1, len(x))))[0] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_that_of_krippendorff_with_gaps(scale: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label, guess, _ = drawn(seed, rows=80, levels=5)
    third = np.where(rng.random(80) < 0.5, label, guess)
    values = np.stack([label, guess, third, label], 1)
    values[rng.random(values.shape) < 0.4] = np.nan  # some rows have one rater, or none
    kinds = kinds_of(values, np.arange(80))
    expected = krippendorff.alpha(values.T, level_of_measurement=scale)
    assert alpha(kinds.values, kinds.counts[None], scale)[0] == pytest.approx(expected)


def test_alpha_is_the_published_example() -> None:
    """Krippendorff 2011, section C: four observers, twelve units: .743 nominal, .815 ordinal, .849 interval."""
    n = np.nan
    values = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, n, n, n],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, n, 3],
            [n, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, n],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, n],
        ]
    ).T
    kinds = kinds_of(values, np.arange(12))
    found = [round(float(alpha(kinds.values, kinds.counts[None], s)[0]), 3) for s in ("nominal", "ordinal", "interval")]
    assert found == [0.743, 0.815, 0.849]


def test_the_interval_is_that_of_drawing_prompts_again_row_by_row() -> None:
    label, guess, prompt = drawn(5, levels=2, rows=300)
    kappa = pair(ratings("unsafe", np.stack([guess, label], 1), prompt), "unsafe", 0, 1).get("kappa")
    assert kappa is not None
    slow = bootstrap(lambda rows: float(cohen_kappa_score(label[rows], guess[rows])), prompt, replicates=400)
    assert [kappa.estimate.low, kappa.estimate.high] == pytest.approx(list(slow), abs=0.02)


def test_rows_drawn_as_kinds_and_as_rows_have_the_same_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    label, guess, prompt = drawn(6)
    values = np.stack([guess, label], 1)

    def spread() -> Any:
        kinds = kinds_of(values, prompt)
        found = [measures.spearman(kinds.values[:, 0], kinds.values[:, 1], weights) for weights in kinds.draws()]
        return np.percentile(np.concatenate(found), (2.5, 50, 97.5))

    as_kinds = spread()
    monkeypatch.setattr("hantei.metrics.agreement.draws._DENSE", 0)
    assert spread() == pytest.approx(as_kinds, abs=0.01)


def test_everybody_agrees_and_all_is_safe() -> None:
    found = pair(ratings("unsafe", [[0, 0]] * 5), "unsafe", 0, 1)
    told = {one.name: (one.estimate.value, one.reason) for one in found.measures}
    assert told["accuracy"] == (1.0, "")
    assert told["kappa"] == (None, "only one value was given, so there is no agreement beyond chance to measure")
    assert told["alpha_nominal"][0] is None
    assert told["precision"] == (None, "the judge calls nothing unsafe")
    assert told["recall"] == (None, "the labels call nothing unsafe")
    assert told["f1"] == (None, "neither calls anything unsafe")
    assert found.confusion == ((5, 0), (0, 0))


def test_everybody_agrees_on_two_classes() -> None:
    kappa = pair(ratings("unsafe", [[0, 0]] * 5 + [[1, 1]] * 5), "unsafe", 0, 1).get("kappa")
    assert kappa is not None
    assert (kappa.estimate.value, kappa.estimate.low) == (1.0, None)
    assert "every drawn replicate gives the same" in kappa.reason  # [1, 1] would be certainty from ten rows


def test_one_of_two_says_the_same_of_every_row() -> None:
    found = {one.name: one for one in pair(ratings("score", [[3, 1], [3, 2], [3, 3]]), "score", 0, 1).measures}
    for name in ("pearson", "spearman", "tau_b"):
        assert found[name].estimate.value is None
        assert found[name].reason == "one of the two said the same of every row"


def test_rows_that_only_one_rated_are_counted_apart() -> None:
    found = pair(ratings("unsafe", [[0, np.nan], [np.nan, 1], [np.nan, 0], [1, 1]]), "unsafe", 0, 1)
    assert (found.n, found.only_judge, found.only_against) == (1, 1, 2)
    nothing = pair(ratings("unsafe", [[0, np.nan], [np.nan, 1]]), "unsafe", 0, 1)
    assert (nothing.n, nothing.measures) == (0, ())


def test_a_single_rater_and_rows_without_a_second_have_no_alpha() -> None:
    nothing = group(ratings("unsafe", [[0, np.nan, np.nan], [np.nan, 1, np.nan]]), "unsafe", [0, 1, 2])
    assert (nothing.n, nothing.measures) == (0, ())


def test_no_number_is_ever_nan() -> None:
    rng = np.random.default_rng(7)
    for _ in range(40):
        values = rng.integers(0, 3, (int(rng.integers(1, 6)), 3)).astype(float)
        values[rng.random(values.shape) < 0.3] = np.nan
        for head in ("refusal", "score", "action"):
            both = ratings(head, values)
            found = [*pair(both, head, 0, 1).measures, *group(both, head, [0, 1, 2]).measures]
            for one in found:
                numbers = (one.estimate.value, one.estimate.low, one.estimate.high)
                assert all(number is None or np.isfinite(number) for number in numbers)
                assert bool(one.reason) == (None in numbers)


def test_systems_are_ranked_alike_or_not() -> None:
    """Three systems of four rows; the judge's shares of unsafe 0, 1/4, 2/4, the labels' 0, 2/4, 1/4: 2 pairs of 3."""
    judge = [0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]
    label = [0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0]
    system = [0] * 4 + [1] * 4 + [2] * 4
    found = pair(ratings("unsafe", np.stack([judge, label], 1), system=system), "unsafe", 0, 1).get("ranking_tau_b")
    assert found is not None
    assert found.estimate.value == pytest.approx((2 - 1) / 3)
    assert found.estimate.n == 3
    same = pair(ratings("unsafe", [[0, 1], [0, 1]], system=[0, 1]), "unsafe", 0, 1).get("ranking_tau_b")
    assert same is not None
    assert same.estimate.value is None
    assert same.reason


def test_by_how_much_people_agree_among_themselves() -> None:
    n = np.nan
    said = ratings("unsafe", [[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, n], [1, n, 0, n]])  # 1 and 3 are people
    found = {by["people"]: rows.tolist() for rows, by in parts(said, "unsafe", ["people"])}
    assert found == {"people agree": [True, False, False, False], "people are divided": [False, True, False, False],
                     "one person": [False, False, True, False]}  # fmt: skip


def test_the_furthest_rows_come_first() -> None:
    said = ratings("score", [[1, 2], [1, 5], [3, 3], [4, 1]])
    rows, apart = furthest(said, "score", [0, 1], 2)
    assert (rows.tolist(), apart.tolist()) == ([1, 3], [1.0, 0.75])  # of the range from 1 to 5
