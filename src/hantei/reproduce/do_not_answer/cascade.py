"""How far GPT-4's verdicts can be saved: a cheap judge first, GPT-4's recorded verdict where it is worth asking.

For each of the six models the rule and its threshold come from the other five alone: for the built-in judge from fits
without the model and without the one that they judge (``left_out(data, inner=True)``). They are then applied to the
verdicts of the judge that was fitted without the model. Budgets are nominal: what is asked on the model itself may
be more or less, and is more where its answers look unlike the others'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hantei.arrays import Doubles, Flags, Integers
from hantei.judges.cascade.rule import ALWAYS, CLASSES, CascadeRule
from hantei.metrics.bootstrap import bootstrap
from hantei.metrics.classification import macro_f1
from hantei.reports.figures import Plot, Series
from hantei.reports.section import Cell, Section, percent
from hantei.reproduce.do_not_answer.left_out import LeftOut
from hantei.reproduce.do_not_answer.reading import TITLES
from hantei.reproduce.do_not_answer.sections import SectionRows
from hantei.training.builtin.thresholds import for_budget
from hantei.training.cascade_rule import LabelledVerdicts, answers, fit_rule, scores

BUDGETS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Nominal shares of calls."""

FLOORS = ((0.2, "macro_f1", 0.86), (0.5, "macro_f1", 0.88), (0.5, "accuracy", 0.915))
"""What is to be reached within a realised mean share of calls: share, measure, value."""

RULES: Mapping[str, str] = {
    "confidence": "least confident first",
    "class": "least confident first, the same share of each class",
    "value": "where asking is worth most, both verdicts weighed",
}
"""The rules that are compared, by name."""

_MEASURES = {"macro_f1": "macro-F1", "accuracy": "accuracy"}
_Asked = Mapping[str, Flags]
_Pairs = Sequence[tuple[Integers, Integers]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadePoint:
    """One rule at one nominal budget: means over the six models, as shares from 0 to 1.

    ``calls`` is the share of answers that GPT-4 is asked about, ``by_model`` the same for each model. ``low`` and
    ``high`` are the ends of the 95% intervals of the two measures, by a bootstrap over the questions. ``less_gpt4`` is
    by how much each measure is above that of GPT-4 alone, with the ends of its interval (the same questions for both).
    """

    rule: str
    budget: float
    calls: float
    by_model: Mapping[str, float]
    macro_f1: float
    accuracy: float
    low: Mapping[str, float]
    high: Mapping[str, float]
    less_gpt4: Mapping[str, tuple[float, float, float]]


def curve(
    labelled: LeftOut, budgets: Sequence[float] = BUDGETS, rules: Iterable[str] = tuple(RULES)
) -> tuple[CascadePoint, ...]:
    """Return what a cascade does on the actions at each budget under each rule, first without any call.

    Args:
        labelled: labels and verdicts, with the fits that leave two models out.
        budgets: nominal shares of calls, above 0 to 1.
        rules: of ``RULES``.

    Raises:
        ValueError: ``labelled`` has no fits that leave two models out.
    """
    if not labelled.inner:
        raise ValueError("expected the fits that leave two models out: left_out(data, inner=True)")
    outer = {model: _verdicts(labelled, labelled.p_action[model], model) for model in labelled.models}
    points = [_point("no calls", 0.0, outer, *_decided(outer, lambda _model, own: _cheap(own)))]
    for name in rules:
        learnt = {model: _Learnt.of(labelled, model, name) for model in labelled.models}
        points += (
            _point(name, budget, outer, *_decided(outer, partial(_applied, learnt, budget))) for budget in budgets
        )
    return tuple(points)


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What the other five models' answers teach: the rule, and their scores to take thresholds from.

    With ``apart`` each class that the cheap judge gives has a threshold of its own.
    """

    others: LabelledVerdicts
    rule: CascadeRule
    scores: Doubles
    apart: bool

    @classmethod
    def of(cls, labelled: LeftOut, model: str, name: str) -> _Learnt:
        others = _joined([_verdicts(labelled, labelled.inner[model, k], k) for k in labelled.models if k != model])
        rule = fit_rule(others, "value" if name == "value" else "confidence")
        return cls(others, rule, scores(others, rule), name == "class")

    def decide(self, own: LabelledVerdicts, budget: float) -> tuple[Flags, Integers]:
        """Return which answers are asked about, and the verdicts."""
        thresholds = np.array([self._threshold(number, budget) for number in range(CLASSES["action"])])
        asked: Flags = scores(own, self.rule) < thresholds[own.cheap]
        return asked, answers(own, self.rule, asked)

    def _threshold(self, number: int, budget: float) -> float:
        """Return the threshold for answers to which the cheap judge gives the class ``number``."""
        rows = self.others.cheap == number if self.apart else np.ones(len(self.scores), dtype=np.bool_)
        return for_budget(self.scores[rows], self.others.question[rows], budget) if rows.any() else ALWAYS


def _applied(learnt: Mapping[str, _Learnt], budget: float, model: str, own: LabelledVerdicts) -> tuple[Flags, Integers]:
    return learnt[model].decide(own, budget)


def _cheap(own: LabelledVerdicts) -> tuple[Flags, Integers]:
    return np.zeros(len(own.label), dtype=np.bool_), own.cheap


def _decided(
    outer: Mapping[str, LabelledVerdicts], decide: Callable[[str, LabelledVerdicts], tuple[Flags, Integers]]
) -> tuple[_Asked, Mapping[str, Integers]]:
    both = {model: decide(model, own) for model, own in outer.items()}
    return {model: one[0] for model, one in both.items()}, {model: one[1] for model, one in both.items()}


def _verdicts(labelled: LeftOut, chances: Doubles, model: str) -> LabelledVerdicts:
    return LabelledVerdicts(
        head="action",
        label=labelled.action[model],
        cheap=chances.argmax(axis=1),
        chances=chances,
        question=np.arange(len(chances)),
        expensive=labelled.gpt4[model],
    )


def _joined(parts: Sequence[LabelledVerdicts]) -> LabelledVerdicts:
    return LabelledVerdicts(
        head="action",
        label=np.concatenate([one.label for one in parts]),
        cheap=np.concatenate([one.cheap for one in parts]),
        chances=np.concatenate([one.chances for one in parts]),
        question=np.concatenate([one.question for one in parts]),
        expensive=np.concatenate([one.expensive for one in parts if one.expensive is not None]),
    )


def _point(
    name: str, budget: float, outer: Mapping[str, LabelledVerdicts], asked: _Asked, guess: Mapping[str, Integers]
) -> CascadePoint:
    pairs = [(outer[model].label, guess[model]) for model in outer]
    questions = np.arange(len(pairs[0][0]))
    intervals = {measure: bootstrap(partial(_mean, pairs, measure), questions) for measure in _MEASURES}
    alone = [(one.label, one.expensive) for one in outer.values() if one.expensive is not None]
    shares = {model: float(one.mean()) for model, one in asked.items()}
    return CascadePoint(
        rule=name,
        budget=budget,
        calls=float(np.mean(list(shares.values()))),
        by_model=shares,
        macro_f1=_mean(pairs, "macro_f1", questions),
        accuracy=_mean(pairs, "accuracy", questions),
        low={measure: interval[0] for measure, interval in intervals.items()},
        high={measure: interval[1] for measure, interval in intervals.items()},
        less_gpt4={measure: _less(partial(_gain, pairs, alone, measure), questions) for measure in _MEASURES},
    )


def _less(gain: Callable[[Integers], float], questions: Integers) -> tuple[float, float, float]:
    return gain(questions), *bootstrap(gain, questions)


def _gain(pairs: _Pairs, alone: _Pairs, measure: str, rows: Integers) -> float:
    return _mean(pairs, measure, rows) - _mean(alone, measure, rows)


def _mean(pairs: _Pairs, measure: str, rows: Integers) -> float:
    if measure == "accuracy":
        return float(np.mean([(label[rows] == guess[rows]).mean() for label, guess in pairs]))
    return float(np.mean([macro_f1(label[rows], guess[rows], CLASSES["action"]) for label, guess in pairs]))


def within(points: Iterable[CascadePoint], rule: str, share: float) -> CascadePoint | None:
    """Return a rule's point of the largest budget whose realised mean share of calls is at most ``share``."""
    fitting = [point for point in points if point.rule == rule and point.calls <= share]
    return max(fitting, key=lambda point: point.budget, default=None)


def section(labelled: LeftOut) -> Section:
    """Return the curve as a section of the reproduction: a table, a figure, and the floors that it reaches."""
    points, rows = curve(labelled), SectionRows()
    for point in points:
        rows.add(_cells(point), _data(point))
    return rows.section(
        key="cascade" if labelled.judge == "builtin" else f"cascade-{labelled.judge}",
        title=f"A cascade: {labelled.judge}, GPT-4 where it is asked (actions; each model left out)",
        header=["rule", "nominal", "calls", "macro-F1", "accuracy", *(TITLES[model] for model in labelled.models)],
        remarks=[f"Verdicts are {labelled.how}.", *_READING, *_floors(points), *_gains(points)],
        figures=[
            Plot(
                "Macro-F1 of the actions by the share of GPT-4's calls",
                "share of calls",
                "macro-F1, mean of six models",
                [_series(points, rule) for rule in RULES],
                y_range=(0.75, 0.95),
            )
        ],
    )


_READING = (
    "Rule and threshold come from the other five models; the last six columns are the share of each model's answers "
    "that GPT-4 is asked about. Where all are asked, the rules 'confidence' and 'class' are GPT-4 alone.",
    "Intervals: bootstrap over the 939 questions. The curve is the experiment's whole result: no point was chosen for "
    "its score.",
)


def _cells(point: CascadePoint) -> list[Cell]:
    measures = [
        percent(value, point.low[name], point.high[name], sign="")
        for name, value in (("macro_f1", point.macro_f1), ("accuracy", point.accuracy))
    ]
    shares = [f"{100 * share:.1f}" for share in point.by_model.values()]
    return [point.rule, f"{100 * point.budget:.0f}%", f"{100 * point.calls:.1f}%", *measures, *shares]


def _floors(points: Sequence[CascadePoint]) -> Iterator[str]:
    for share, measure, floor in FLOORS:
        for rule, meaning in RULES.items():
            point = within(points, rule, share)
            if point is None:
                continue
            value = float(getattr(point, measure))
            verdict = "reached" if value >= floor else "NOT reached"
            yield (
                f"At most {share:.0%} of the calls, {_MEASURES[measure]} {100 * floor:g}: "
                f"{verdict} by '{rule}' ({meaning}) with {100 * value:.1f} at {point.calls:.1%}."
            )


def _gains(points: Sequence[CascadePoint]) -> Iterator[str]:
    """Yield how the cascade does beside GPT-4 alone at the shares of calls of the floors."""
    for share in sorted({share for share, _, _ in FLOORS}):
        for rule in RULES:
            point = within(points, rule, share)
            if point is None:
                continue
            gains = ", ".join(f"{title} {_points(point.less_gpt4[name])}" for name, title in _MEASURES.items())
            yield f"Less GPT-4 alone, in points of percent: {gains} by '{rule}' at {point.calls:.1%} of the calls."


def _points(less: tuple[float, float, float]) -> str:
    value, low, high = (f"{100 * number:+.1f}" for number in less)
    return f"{value} [{low}, {high}]"


def _series(points: Iterable[CascadePoint], rule: str) -> Series:
    own = sorted((point for point in points if point.rule in (rule, "no calls")), key=lambda point: point.calls)
    return Series(
        name=rule,
        points=[(point.calls, point.macro_f1) for point in own],
        low=[point.low["macro_f1"] for point in own],
        high=[point.high["macro_f1"] for point in own],
    )


def _data(point: CascadePoint) -> dict[str, Any]:
    return {
        "rule": point.rule,
        "budget": point.budget,
        "calls": point.calls,
        "by_model": dict(point.by_model),
        "macro_f1": {"value": point.macro_f1, "low": point.low["macro_f1"], "high": point.high["macro_f1"]},
        "accuracy": {"value": point.accuracy, "low": point.low["accuracy"], "high": point.high["accuracy"]},
        "less_gpt4": {
            name: dict(zip(("value", "low", "high"), less, strict=True)) for name, less in point.less_gpt4.items()
        },
    }
