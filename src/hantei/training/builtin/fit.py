"""Fitting the first stage over n-grams: one linear support vector machine for each score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, Floats, Integers
from hantei.judges.builtin.features import ANSWER_BITS, PROMPT_BITS
from hantei.judges.builtin.labels import HARMS
from hantei.judges.builtin.weights import ACTION, ANSWER_SCORES, COLUMNS, HARM, INTENT, KIND, REFUSAL, BuiltinWeights
from hantei.training.builtin.labels import TrainingLabels, distinct
from hantei.training.builtin.matrix import Matrix
from hantei.training.builtin.sources import CHAT_KINDS


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """How one column of scores is fitted: which label is positive, which rows count, and how parts of a row weigh."""

    column: int
    positive: Callable[[TrainingLabels], NDArray[np.bool_]]
    counts: Callable[[TrainingLabels], NDArray[np.bool_]]
    cost: float
    opening: float
    prompt: float
    balance: str | None = None


def _scores() -> list[ScoreColumn]:
    def labelled(name: str) -> Callable[[TrainingLabels], NDArray[np.bool_]]:
        def has_label(labels: TrainingLabels) -> NDArray[np.bool_]:
            column: Integers = getattr(labels, name)
            return labels.answered & (column >= 0)

        return has_label

    def equals(name: str, value: int) -> Callable[[TrainingLabels], NDArray[np.bool_]]:
        def matches(labels: TrainingLabels) -> NDArray[np.bool_]:
            column: Integers = getattr(labels, name)
            return np.equal(column, value)

        return matches

    assistant = len(CHAT_KINDS)
    kinds = [
        ScoreColumn(KIND.start + n, equals("kind", n), lambda labels: labels.answered, 0.2, 0.5, 1.0) for n in range(6)
    ]
    actions = [ScoreColumn(ACTION.start + n, equals("action", n), labelled("action"), 0.4, 0.5, 0.5) for n in range(6)]
    refusals = [
        ScoreColumn(REFUSAL.start + n, equals("refusal", n), labelled("refusal"), 0.4, 0.0, 0.0) for n in range(3)
    ]
    harms = [
        ScoreColumn(HARM.start + n, equals("harm", n), lambda labels: labels.harm >= 0, 3.0, 0.0, 1.0, "balanced")
        for n in range(len(HARMS))
    ]
    intent = ScoreColumn(INTENT, equals("intent", 1), lambda labels: labels.intent >= 0, 1.0, 0.0, 1.0, "balanced")

    def assisted(labels: TrainingLabels) -> NDArray[np.bool_]:
        return labels.answered & np.equal(labels.kind, assistant) & (labels.unsafe >= 0)

    return [
        ScoreColumn(assistant, equals("unsafe", 1), assisted, 0.4, 0.5, 0.5),
        *kinds,
        *actions,
        *refusals,
        *harms,
        intent,
    ]


SCORES = _scores()
OPENING_WEIGHT = np.array([0.0 if column >= REFUSAL.start else 0.5 for column in range(len(ANSWER_SCORES))])
CHAT_COST, CHAT_SHARE = 0.1, 1.0


Stages = dict[str, Doubles]
"""The arrays of a second stage by their names in the weights."""


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Unquantised first stage: (features, columns) for answers and prompts, and a bias a column."""

    answer: Doubles
    prompt: Doubles
    bias: Doubles

    def scores(self, matrix: Matrix, rows: Integers) -> Doubles:
        """Return the scores of some rows."""
        width = len(ANSWER_SCORES)
        opening = OPENING_WEIGHT
        out: Doubles = matrix.prompt[rows] @ self.prompt + self.bias
        out[:, :width] += matrix.answer[rows] @ self.answer + (matrix.opening[rows] @ self.answer) * opening
        return out


def fit_first(matrix: Matrix, labels: TrainingLabels, rows: Integers) -> FirstStage:
    """Fit every score on ``rows``; a score whose rows all agree stays at their answer."""
    stage = FirstStage(
        np.zeros((1 << ANSWER_BITS, len(ANSWER_SCORES))), np.zeros((1 << PROMPT_BITS, COLUMNS)), np.zeros(COLUMNS)
    )
    for score in SCORES:
        chosen = rows[score.counts(labels)[rows]]
        if score.column >= HARM.start:
            chosen = distinct(chosen, labels.prompt)
        positive = score.positive(labels)[chosen]
        if positive.all() or not positive.any():
            stage.bias[score.column] = 1.0 if len(chosen) and positive.all() else -1.0
            continue
        _fit_score(stage, matrix, score, chosen, positive)
    _fit_chats(stage, matrix, labels, rows)
    return stage


def _fit_chats(stage: FirstStage, matrix: Matrix, labels: TrainingLabels, rows: Integers) -> None:
    """Fit the experts for chats together: each is what all chats share plus what is peculiar to its kind."""
    from scipy import sparse
    from sklearn.svm import LinearSVC

    chat = rows[labels.answered[rows] & (labels.kind[rows] < len(CHAT_KINDS)) & (labels.unsafe[rows] >= 0)]
    if len(np.unique(labels.unsafe[chat])) < 2:
        return
    features = sparse.hstack((matrix.answer[chat] + 0.5 * matrix.opening[chat], matrix.prompt[chat]), format="csr")
    kinds = [CHAT_SHARE * (labels.kind[chat] == kind).astype(float) for kind in range(len(CHAT_KINDS))]
    own = [sparse.diags(kind) @ features for kind in kinds]
    offsets = sparse.csr_matrix(np.column_stack(kinds))
    machine = LinearSVC(C=CHAT_COST, dual=True, tol=0.02, max_iter=400, random_state=0)
    machine.fit(sparse.hstack((features, *own, offsets), format="csr"), labels.unsafe[chat] == 1)
    width, answers = features.shape[1], 1 << ANSWER_BITS
    shared, coefficients = machine.coef_[0][:width], machine.coef_[0][width:]
    for kind in range(len(CHAT_KINDS)):
        expert = shared + CHAT_SHARE * coefficients[kind * width : (kind + 1) * width]
        stage.answer[:, kind], stage.prompt[:, kind] = expert[:answers], expert[answers:]
        stage.bias[kind] = machine.intercept_[0] + CHAT_SHARE * coefficients[len(CHAT_KINDS) * width + kind]


def _fit_score(
    stage: FirstStage, matrix: Matrix, score: ScoreColumn, rows: Integers, positive: NDArray[np.bool_]
) -> None:
    from scipy import sparse
    from sklearn.svm import LinearSVC

    parts = []
    width = 0
    if score.column < HARM.start:
        whole = matrix.answer[rows]
        parts.append(whole + score.opening * matrix.opening[rows] if score.opening else whole)
        width = 1 << ANSWER_BITS
    if score.prompt:
        parts.append(score.prompt * matrix.prompt[rows])
    machine = LinearSVC(C=score.cost, dual=True, tol=0.02, max_iter=400, random_state=0, class_weight=score.balance)
    machine.fit(sparse.hstack(parts, format="csr"), positive)
    coefficients = machine.coef_[0]
    if width:
        stage.answer[:, score.column] = coefficients[:width]
    if score.prompt:
        stage.prompt[:, score.column] = coefficients[width:] * score.prompt
    stage.bias[score.column] = machine.intercept_[0]


EMPTY = FirstStage(np.zeros((0, len(ANSWER_SCORES))), np.zeros((0, COLUMNS)), np.zeros(COLUMNS))
"""In place of a first stage where scores are there already."""


def rounded(first: FirstStage) -> FirstStage:
    """Return what is left of the tables when they are rounded to 8 bits, as they ship."""
    tables = [(table * scale).astype(np.float64) for table, scale in map(_eight_bits, (first.answer, first.prompt))]
    return FirstStage(tables[0], tables[1], first.bias.astype(np.float32).astype(np.float64))


def _eight_bits(table: Doubles) -> tuple[NDArray[np.int8], Floats]:
    """Round a table to 8 bits, each column on its own scale; cutting off its largest weights would cost accuracy."""
    scale = np.abs(table).max(axis=0, initial=0.0) / 127
    scale[scale == 0] = 1.0
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


def weights_of(
    first: FirstStage, second: dict[str, Doubles], pairs: NDArray[np.uint64], thresholds: Doubles
) -> BuiltinWeights:
    """Return what ships of the n-grams: the first stage in 8 bits, the second, and the hashes of the training pairs.

    Args:
        first: the first stage, not yet quantised.
        second: the tables of the second stage by name.
        pairs: hashes of the training pairs (n,).
        thresholds: log odds from which an answer is unsafe: as it ships, and in strict mode, by language (2, 3).
    """
    answer, answer_scale = _eight_bits(first.answer)
    prompt, prompt_scale = _eight_bits(first.prompt)
    return BuiltinWeights(
        answer=answer,
        answer_scale=answer_scale,
        opening_weight=OPENING_WEIGHT.astype(np.float32),
        prompt=prompt,
        prompt_scale=prompt_scale,
        bias=first.bias.astype(np.float32),
        **second,
        thresholds=thresholds,
        trained=np.unique(pairs),
    )
