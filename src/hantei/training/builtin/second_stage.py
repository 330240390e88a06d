"""Fitting the second stage: from scores that were given to unseen rows to probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, Integers, softmax
from hantei.errors import UsageError
from hantei.judges.builtin.semantic import refusal_inputs
from hantei.judges.builtin.weights import ACTION, HARM, INTENT, REFUSAL, language_flags, unsafe_inputs
from hantei.training.builtin.fit import Stages
from hantei.training.builtin.labels import TrainingLabels, distinct

_CROSSED = 0.5
"""How much a score by a first stage that had not seen the source counts beside one that had not seen the prompt."""
_OF_PROMPTS = ("harm", "intent")


def _labelled(labels: TrainingLabels, rows: Integers, name: str) -> Integers:
    known = getattr(labels, name)[rows] >= 0
    chosen: Integers = rows[known & (labels.answered[rows] | (name in _OF_PROMPTS)) & ~labels.framed[rows]]
    return distinct(chosen, labels.question) if name in _OF_PROMPTS else chosen


@dataclass(frozen=True, slots=True)
class StageScores:
    """Scores by first stages that had not seen the rows: ``ngrams`` (all rows, 34) and ``semantic`` (all rows, 5)."""

    ngrams: Doubles
    semantic: Doubles

    def take(self, rows: Integers) -> StageScores:
        """Return those of some rows."""
        return StageScores(self.ngrams[rows], self.semantic[rows])


@dataclass(frozen=True, slots=True)
class UnseenScores:
    """Scores of all rows by first stages that had not seen what a row asks, and that had not seen its source.

    Of their own source's prompts the first stages are too sure, of other sources' they are not: the verdict is fitted
    on both kinds of scores. ``crossed`` says which rows have the second kind.
    """

    prompt: StageScores
    source: StageScores
    crossed: NDArray[np.bool_]


def fit_second(unseen: UnseenScores, labels: TrainingLabels, rows: Integers) -> Stages:
    """Fit what turns n-gram scores into probabilities, each head on those of ``rows`` with its label."""
    scores = unseen.prompt.ngrams
    action, refusal, harm, intent = (_labelled(labels, rows, name) for name in ("action", "refusal", "harm", "intent"))
    return {
        "unsafe_stage": _verdict(unseen, labels, rows, semantic=False),
        "refusal_stage": _logistic(scores[refusal][:, REFUSAL], labels.refusal[refusal], 3),
        "intent_stage": _logistic(scores[intent][:, INTENT:], labels.intent[intent], 2),
        "action_heat": _heat(scores[action][:, ACTION], labels.action[action]),
        "harm_heat": _heat(scores[harm][:, HARM], labels.harm[harm]),
    }


def fit_second_semantic(unseen: UnseenScores, labels: TrainingLabels, rows: Integers) -> Stages:
    """Fit the same for the judge with embeddings, whose scores stand beside the n-grams'."""
    refusal = _labelled(labels, rows, "refusal")
    inputs = refusal_inputs(unseen.prompt.ngrams[refusal], unseen.prompt.semantic[refusal])
    return {
        "unsafe_stage": _verdict(unseen, labels, rows, semantic=True),
        "refusal_stage": _logistic(inputs, labels.refusal[refusal], 3),
    }


def _verdict(unseen: UnseenScores, labels: TrainingLabels, rows: Integers, *, semantic: bool) -> Doubles:
    chosen = _labelled(labels, rows, "unsafe")
    crossed = chosen[unseen.crossed[chosen]]
    inputs = [_inputs(unseen.prompt, labels, chosen, semantic), _inputs(unseen.source, labels, crossed, semantic)]
    weight = np.concatenate((np.ones(len(chosen)), np.full(len(crossed), _CROSSED)))
    return _logistic(np.concatenate(inputs), labels.unsafe[np.concatenate((chosen, crossed))], 2, weight)


def _inputs(scores: StageScores, labels: TrainingLabels, rows: Integers, semantic: bool) -> Doubles:
    flags = language_flags(labels.language[rows].tolist())
    return unsafe_inputs(scores.ngrams[rows], flags, scores.semantic[rows] if semantic else None)


def _heat(scores: Doubles, label: Integers) -> Doubles:
    """Return the factor on ``scores`` under which their softmax gives the labels the highest likelihood, (1,)."""
    from scipy.optimize import minimize_scalar

    if not len(label):
        return np.ones(1)

    def loss(factor: float) -> float:
        return float(-np.log(softmax(factor * scores)[np.arange(len(label)), label] + 1e-12).mean())

    return np.array([round(float(minimize_scalar(loss, bounds=(0.1, 30.0), method="bounded").x), 4)])


def _logistic(inputs: Doubles, label: Integers, classes: int, weight: Doubles | None = None) -> Doubles:
    """Return (inputs + 1, classes) coefficients, or (inputs + 1, 1) of the log odds where there are two classes.

    Raises:
        UsageError: a class has no example.
    """
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(label)) < classes:
        raise UsageError(
            f"training needs rows with each of {classes} labels, and found {len(np.unique(label))} of them"
        )
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=500, tol=1e-5)
    model.fit((inputs - centre) / spread, label, sample_weight=weight)
    coefficients = model.coef_.T / spread[:, None]
    return np.vstack((coefficients, model.intercept_ - centre @ coefficients))
