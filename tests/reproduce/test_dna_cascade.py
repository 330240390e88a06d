"""The cascade on Do-Not-Answer, on made-up verdicts of the same form: what is chosen where, and what it leads to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hantei.metrics.classification import macro_f1
from hantei.reports.figures import Plot
from hantei.reproduce.do_not_answer import cascade
from hantei.reproduce.do_not_answer.cascade import CascadePoint, curve, section, within
from hantei.reproduce.do_not_answer.left_out import LeftOut

MODELS = ("GPT4", "ChatGPT", "Claude")
QUESTIONS = 400


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested elsewhere."""
    monkeypatch.setattr(cascade, "bootstrap", lambda statistic, rows: (statistic(rows) - 0.01, statistic(rows) + 0.01))


@pytest.fixture(scope="module")
def found() -> LeftOut:
    """Three models' answers: a cheap judge that is right as often as it says, and GPT-4 right 17 times in 20."""
    rng = np.random.default_rng(0)
    action, gpt4, chances = {}, {}, {}
    for model in MODELS:
        p = rng.dirichlet([0.4] * 6, QUESTIONS)
        label = np.array([rng.choice(6, p=row) for row in p])
        right = rng.uniform(size=QUESTIONS) < 0.85
        action[model], chances[model] = label, p
        gpt4[model] = np.where(right, label, (label + rng.integers(1, 6, QUESTIONS)) % 6)
    inner = {(one, other): chances[other] for one in MODELS for other in MODELS if one != other}
    unsafe = {model: p[:, 5] for model, p in chances.items()}
    return LeftOut("builtin", MODELS, action, gpt4, chances, unsafe, inner)


def at(points: tuple[CascadePoint, ...], rule: str, budget: float) -> CascadePoint:
    return next(point for point in points if point.rule == rule and point.budget == budget)


def test_the_curve_ends_at_the_two_judges_alone(found: LeftOut) -> None:
    points = curve(found, (0.3, 1.0))
    cheap = np.mean([macro_f1(found.action[m], found.p_action[m].argmax(axis=1), 6) for m in MODELS])
    gpt4 = np.mean([macro_f1(found.action[m], found.gpt4[m], 6) for m in MODELS])
    assert points[0].calls == 0
    assert points[0].macro_f1 == pytest.approx(cheap)
    for rule in ("confidence", "class"):
        assert at(points, rule, 1.0).calls == 1
        assert at(points, rule, 1.0).macro_f1 == pytest.approx(gpt4)


def test_where_models_are_alike_the_budget_is_kept_and_value_is_best(found: LeftOut) -> None:
    points = curve(found, (0.3, 1.0))
    for rule in ("confidence", "class", "value"):
        assert at(points, rule, 0.3).calls == pytest.approx(0.3, abs=0.04)
    # With every answer asked about, weighing both verdicts does better than GPT-4 alone.
    assert at(points, "value", 1.0).accuracy > at(points, "confidence", 1.0).accuracy
    assert at(points, "value", 0.3).accuracy > points[0].accuracy + 0.05


def test_a_models_own_labels_choose_nothing_of_its_own(found: LeftOut) -> None:
    """Other labels of the left-out model change its scores, and neither its threshold nor what is asked about it."""
    turned = replace(found, action={**found.action, "Claude": (found.action["Claude"] + 1) % 6})
    before, after = (at(curve(one, (0.3,), ("value",)), "value", 0.3) for one in (found, turned))
    assert after.by_model["Claude"] == before.by_model["Claude"]
    assert after.accuracy < before.accuracy


def test_within_takes_the_largest_budget_whose_realised_share_fits(found: LeftOut) -> None:
    points = curve(found, (0.1, 0.2, 0.5))
    point = within(points, "confidence", 0.3)
    assert point is not None
    assert point.budget == 0.2
    assert within(points, "confidence", 0.01) is None


def test_the_section_says_which_floors_are_reached(found: LeftOut) -> None:
    made = section(found)
    (table,) = made.tables
    assert len(table.rows) == 1 + 3 * len(cascade.BUDGETS) == len(made.data)
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    floors = [note for note in made.notes if "reached" in note.text]
    assert len(floors) == 9
    (plot,) = made.figures
    assert isinstance(plot, Plot)
    assert [one.name for one in plot.series] == list(cascade.RULES)


def test_the_gain_over_gpt4_is_the_difference_of_both(found: LeftOut) -> None:
    points = curve(found, (0.3, 1.0))
    gpt4, weighed = at(points, "confidence", 1.0), at(points, "value", 0.3)
    assert gpt4.less_gpt4 == {"macro_f1": (0, -0.01, 0.01), "accuracy": (0, -0.01, 0.01)}
    assert weighed.less_gpt4["accuracy"][0] == pytest.approx(weighed.accuracy - gpt4.accuracy)
    assert weighed.less_gpt4["macro_f1"][0] == pytest.approx(weighed.macro_f1 - gpt4.macro_f1)
    gains = [note.text for note in section(found).notes if note.text.startswith("Less GPT-4 alone")]
    assert len(gains) == 6
    assert "by 'value' at " in gains[2]


def test_without_the_inner_fits_nothing_is_chosen(found: LeftOut) -> None:
    with pytest.raises(ValueError, match="inner=True"):
        curve(replace(found, inner={}))
