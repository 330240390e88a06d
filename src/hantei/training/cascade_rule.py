"""The rule of a cascade and its threshold: learned from one part of labelled verdicts, chosen on the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, Flags, Integers
from hantei.errors import UsageError
from hantei.judges.cascade.rule import ALWAYS, CLASSES, NEVER, CascadeHead, CascadeRule
from hantei.metrics.calibration import fit_temperature
from hantei.metrics.classification import confusion, macro_f1
from hantei.training.builtin.thresholds import error_bound, for_accuracy, for_budget

RuleName = Literal["confidence", "value"]

_PARTS = 3
"""One question in so many is learnt from; the threshold comes from the others."""


_FEWEST = 30
"""Labelled answers below which no fit is made."""


_UNKNOWN = -1.5
"""The score of an answer that the cheap judge has no verdict on: it is always asked about, whatever the threshold."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a threshold is chosen for: an accuracy among the kept answers, or a share of calls; one of the two.

    ``confidence`` is the chance with which the accuracy holds. All are from 0 to 1.
    """

    target_accuracy: float | None = None
    budget: float | None = None
    confidence: float = 0.95

    def check(self, rule: RuleName) -> None:
        """Raise a UsageError where the goal is not one, or not one of this rule.

        Raises:
            UsageError: it is not.
        """
        if (self.target_accuracy is None) == (self.budget is None):
            raise UsageError("expected one of --target-accuracy 0.95 and --budget 0.2")
        for flag, value in (("target-accuracy", self.target_accuracy), ("confidence", self.confidence)):
            if value is not None and not 0 < value < 1:
                raise UsageError(f"--{flag} {value:g}: expected a number between 0 and 1")
        if self.budget is not None and not 0 <= self.budget <= 1:
            raise UsageError(f"--budget {self.budget:g}: expected a share from 0 to 1")
        if rule == "value" and self.budget is None:
            raise UsageError("--rule value says nothing of the kept answers' accuracy: give a --budget")

    def outline(self) -> dict[str, float]:
        """Return what was asked for."""
        if self.budget is not None:
            return {"budget": self.budget}
        return {"target_accuracy": self.target_accuracy or 0.0, "confidence": self.confidence}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledVerdicts:
    """What was said of labelled answers, as class numbers (n,); -1 where a judge said nothing.

    ``chances`` (n, classes) are the cheap judge's probabilities, ``question`` numbers the questions. ``expensive`` is
    None where no expensive judge was given.
    """

    head: CascadeHead
    label: Integers
    cheap: Integers
    chances: Doubles
    question: Integers
    expensive: Integers | None = None

    def take(self, rows: NDArray[Any]) -> LabelledVerdicts:
        """Return some rows."""
        expensive = None if self.expensive is None else self.expensive[rows]
        return replace(
            self,
            label=self.label[rows],
            cheap=self.cheap[rows],
            chances=self.chances[rows],
            question=self.question[rows],
            expensive=expensive,
        )


def fit_rule(verdicts: LabelledVerdicts, name: RuleName) -> CascadeRule:
    """Return the rule learnt from rows: a temperature, and for ``value`` the expensive judge's confusion.

    Half an answer is added to each cell of the confusion, so that no verdict is impossible.
    """
    known = verdicts.take(verdicts.cheap >= 0)
    plain = CascadeRule(verdicts.head)
    temperature = fit_temperature(np.log(plain.calibrated(known.chances)), known.label) if len(known.label) else 1.0
    if name == "confidence" or verdicts.expensive is None:
        return replace(plain, temperature=round(temperature, 4))
    said = verdicts.take(verdicts.expensive >= 0)
    assert said.expensive is not None  # noqa: S101 - for the type checker: it was not None above
    table = confusion(said.label, said.expensive, CLASSES[verdicts.head]) + 0.5
    shares = np.round(table / table.sum(axis=1, keepdims=True), 6)
    return replace(plain, temperature=round(temperature, 4), confusion=shares)


def scores(verdicts: LabelledVerdicts, rule: CascadeRule) -> Doubles:
    """Return the rule's score of each row, below every threshold where the cheap judge has no verdict."""
    return np.where(verdicts.cheap >= 0, rule.score(verdicts.chances), _UNKNOWN)


def answers(verdicts: LabelledVerdicts, rule: CascadeRule, asked: Flags) -> Integers:
    """Return the cascade's verdict on each row, -1 where the expensive judge was ``asked`` and has none.

    Raises:
        ValueError: there is no expensive judge.
    """
    if verdicts.expensive is None:
        raise ValueError("expected an expensive judge's verdicts")
    said = verdicts.expensive
    both = rule.combined(verdicts.chances, np.maximum(said, 0)).argmax(axis=1)
    believed = np.where(verdicts.cheap >= 0, both, said)
    guess: Integers = np.where(asked, np.where(said >= 0, believed, -1), verdicts.cheap)
    return guess


def choose(verdicts: LabelledVerdicts, rule: CascadeRule, goal: Goal) -> float:
    """Return the threshold that reaches a goal on rows that the rule was not learnt from; see ``thresholds``.

    Raises:
        UsageError: the cheap judge has no verdict on more of the rows than the budget.
    """
    score = scores(verdicts, rule)
    if goal.target_accuracy is not None:
        known = verdicts.take(verdicts.cheap >= 0)
        wrong = (known.cheap != known.label).astype(np.int64)
        return for_accuracy(score[verdicts.cheap >= 0], wrong, known.question, goal.target_accuracy, goal.confidence)
    threshold = for_budget(score, verdicts.question, goal.budget or 0.0)
    if threshold == _UNKNOWN or (threshold == NEVER and (verdicts.cheap < 0).any()):
        share = float((verdicts.cheap < 0).mean())
        raise UsageError(
            f"the cheap judge has no verdict on {share:.1%} of the sample, and each such answer is a call: a --budget "
            f"of {goal.budget:g} cannot be kept; take a larger one, or a cheap judge for these answers"
        )
    return threshold


def point(verdicts: LabelledVerdicts, rule: CascadeRule, threshold: float, level: float) -> dict[str, float | None]:
    """Return what a cascade with this threshold does on rows: one point of its curve, see ``Fit``.

    Args:
        verdicts: the rows, with the verdicts of both judges.
        rule: which answers go to the expensive judge.
        threshold: those whose score is below it are asked of the expensive judge.
        level: how sure the bound on the error is, from 0 to 1.
    """
    asked = scores(verdicts, rule) < threshold
    kept = verdicts.take(~asked)
    wrong = (kept.cheap != kept.label).astype(np.int64)
    out: dict[str, float | None] = {
        "threshold": threshold,
        "calls": float(asked.mean()),
        "kept_error": float(wrong.mean()) if len(wrong) else None,
        "kept_error_bound": error_bound(wrong, kept.question, level) if len(wrong) else None,
        "accuracy": None,
        "macro_f1": None,
    }
    if verdicts.expensive is not None:
        guess = answers(verdicts, rule, asked)
        said = guess >= 0
        label, guess = verdicts.label[said], guess[said]
        out |= {
            "accuracy": float((label == guess).mean()),
            "macro_f1": macro_f1(label, guess, CLASSES[verdicts.head]),
        }
    return {name: None if value is None else round(value, 6) for name, value in out.items()}


def curve(verdicts: LabelledVerdicts, rule: CascadeRule, level: float) -> tuple[dict[str, float | None], ...]:
    """Return the points of a cascade's curve at about every twentieth of the calls, from none to all."""
    score = np.maximum(scores(verdicts, rule), -1.0)
    places = np.unique(np.quantile(score, np.arange(20) / 20, method="lower"))
    return tuple(point(verdicts, rule, threshold, level) for threshold in (*places.tolist(), ALWAYS))


def first_part(questions: Sequence[str]) -> Flags:
    """Return for each row whether it is learnt from: a third of the questions, by a hash of their text."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8) for text in questions)
    return np.array([int.from_bytes(digest.digest(), "big") % _PARTS == 0 for digest in digests], dtype=np.bool_)
