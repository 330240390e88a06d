"""Fitting both stages of the built-in judge.

The first stage is one linear support vector machine for each score, on all features of the rows that carry its label.
The second turns scores into calibrated probabilities. It is fitted on scores that other first stages gave to rows whose
prompt they had not seen (five folds by prompt), because scores of rows that a machine was fitted on are far too sure.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hantei.errors import UsageError
from hantei.judges.builtin.features import ANSWER_BITS, PROMPT_BITS
from hantei.judges.builtin.labels import HARMS
from hantei.judges.builtin.weights import (
    ACTION,
    ANSWER_SCORES,
    COLUMNS,
    HARM,
    INTENT,
    KIND,
    REFUSAL,
    Doubles,
    Weights,
    language_flags,
    pair_hashes,
    softmax,
    unsafe_inputs,
)
from hantei.training.builtin.matrix import Index, Matrix
from hantei.training.builtin.sources import CHAT_KINDS, Row

FOLDS = 5
_OF_PROMPTS = ("harm", "intent")


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of rows as integer arrays, -1 where a row has none, and what splits and stages need to know of a row."""

    unsafe: Index
    action: Index
    refusal: Index
    harm: Index
    intent: Index
    kind: Index
    answered: NDArray[np.bool_]
    fold: Index
    pair: NDArray[np.uint64]
    question: NDArray[np.uint64]
    source: NDArray[np.str_]
    system: NDArray[np.str_]
    language: NDArray[np.str_]


def labels_of(rows: Sequence[Row]) -> Labels:
    """Return the labels of ``rows``. The fold of a row follows from its prompt alone."""

    def column(name: str) -> Index:
        return np.array([-1 if getattr(row, name) is None else int(getattr(row, name)) for row in rows])

    return Labels(
        column("unsafe"),
        column("action"),
        column("refusal"),
        column("harm"),
        column("intent"),
        np.array([len(CHAT_KINDS) if row.kind is None else row.kind for row in rows]),
        np.array([row.response is not None for row in rows]),
        np.array([zlib.crc32(row.group.encode("utf-8", "surrogatepass")) % FOLDS for row in rows]),
        pair_hashes([(row.prompt, row.response or "") for row in rows]),
        pair_hashes([(row.prompt, "") for row in rows]),
        np.array([row.source for row in rows]),
        np.array([row.system for row in rows]),
        np.array([row.language for row in rows]),
    )


@dataclass(frozen=True, slots=True)
class Score:
    """How one column of scores is fitted: which label is positive, which rows count, and how parts of a row weigh."""

    column: int
    positive: Callable[[Labels], NDArray[np.bool_]]
    counts: Callable[[Labels], NDArray[np.bool_]]
    cost: float
    opening: float
    prompt: float
    balance: str | None = None


def _scores() -> list[Score]:
    def labelled(name: str) -> Callable[[Labels], NDArray[np.bool_]]:
        def has_label(labels: Labels) -> NDArray[np.bool_]:
            column: Index = getattr(labels, name)
            return labels.answered & (column >= 0)

        return has_label

    def equals(name: str, value: int) -> Callable[[Labels], NDArray[np.bool_]]:
        def matches(labels: Labels) -> NDArray[np.bool_]:
            column: Index = getattr(labels, name)
            return np.equal(column, value)

        return matches

    assistant = len(CHAT_KINDS)
    kinds = [Score(KIND.start + n, equals("kind", n), lambda labels: labels.answered, 0.2, 0.5, 1.0) for n in range(6)]
    actions = [Score(ACTION.start + n, equals("action", n), labelled("action"), 0.4, 0.5, 0.5) for n in range(6)]
    refusals = [Score(REFUSAL.start + n, equals("refusal", n), labelled("refusal"), 0.4, 0.0, 0.0) for n in range(3)]
    harms = [
        Score(HARM.start + n, equals("harm", n), lambda labels: labels.harm >= 0, 3.0, 0.0, 1.0, "balanced")
        for n in range(len(HARMS))
    ]
    intent = Score(INTENT, equals("intent", 1), lambda labels: labels.intent >= 0, 1.0, 0.0, 1.0, "balanced")

    def assisted(labels: Labels) -> NDArray[np.bool_]:
        return labels.answered & np.equal(labels.kind, assistant) & (labels.unsafe >= 0)

    return [Score(assistant, equals("unsafe", 1), assisted, 0.4, 0.5, 0.5), *kinds, *actions, *refusals, *harms, intent]


SCORES = _scores()
OPENING_WEIGHT = np.array([0.0 if column >= REFUSAL.start else 0.5 for column in range(len(ANSWER_SCORES))])
CHAT_COST, CHAT_SHARE = 0.1, 1.0


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Unquantised first stage: (features, columns) for answers and prompts, and a bias a column."""

    answer: Doubles
    prompt: Doubles
    bias: Doubles

    def scores(self, matrix: Matrix, rows: Index) -> Doubles:
        """Return the scores of some rows."""
        width = len(ANSWER_SCORES)
        opening = OPENING_WEIGHT
        out: Doubles = matrix.prompt[rows] @ self.prompt + self.bias
        out[:, :width] += matrix.answer[rows] @ self.answer + (matrix.opening[rows] @ self.answer) * opening
        return out


def fit_first(matrix: Matrix, labels: Labels, rows: Index) -> FirstStage:
    """Fit every score on ``rows``; a score whose rows all agree stays at their answer."""
    stage = FirstStage(
        np.zeros((1 << ANSWER_BITS, len(ANSWER_SCORES))), np.zeros((1 << PROMPT_BITS, COLUMNS)), np.zeros(COLUMNS)
    )
    for score in SCORES:
        chosen = rows[score.counts(labels)[rows]]
        if score.column >= HARM.start:
            chosen = distinct(chosen, labels.question)
        positive = score.positive(labels)[chosen]
        if positive.all() or not positive.any():
            stage.bias[score.column] = 1.0 if len(chosen) and positive.all() else -1.0
            continue
        _fit_score(stage, matrix, score, chosen, positive)
    _fit_chats(stage, matrix, labels, rows)
    return stage


def _fit_chats(stage: FirstStage, matrix: Matrix, labels: Labels, rows: Index) -> None:
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


def distinct(rows: Index, key: NDArray[np.uint64]) -> Index:
    """Leave out rows whose key came before."""
    return rows[np.sort(np.unique(key[rows], return_index=True)[1])]


def _fit_score(stage: FirstStage, matrix: Matrix, score: Score, rows: Index, positive: NDArray[np.bool_]) -> None:
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


def fit_second(scores: Doubles, labels: Labels, rows: Index) -> dict[str, Doubles]:
    """Fit what turns scores (all rows, 34) into probabilities, each head on those of ``rows`` with its label."""

    def labelled(name: str) -> Index:
        chosen: Index = rows[(getattr(labels, name)[rows] >= 0) & (labels.answered[rows] | (name in _OF_PROMPTS))]
        return chosen

    unsafe, action, refusal = labelled("unsafe"), labelled("action"), labelled("refusal")
    harm, intent = (distinct(labelled(name), labels.question) for name in _OF_PROMPTS)
    inputs = unsafe_inputs(scores[unsafe], language_flags(labels.language[unsafe].tolist()))
    return {
        "unsafe_stage": _logistic(inputs, labels.unsafe[unsafe], 2),
        "refusal_stage": _logistic(scores[refusal][:, REFUSAL], labels.refusal[refusal], 3),
        "intent_stage": _logistic(scores[intent][:, INTENT:], labels.intent[intent], 2),
        "action_heat": _heat(scores[action][:, ACTION], labels.action[action]),
        "harm_heat": _heat(scores[harm][:, HARM], labels.harm[harm]),
    }


def _heat(scores: Doubles, label: Index) -> Doubles:
    """Return the factor on ``scores`` under which their softmax gives the labels the highest likelihood, (1,)."""
    from scipy.optimize import minimize_scalar

    if not len(label):
        return np.ones(1)

    def loss(factor: float) -> float:
        return float(-np.log(softmax(factor * scores)[np.arange(len(label)), label] + 1e-12).mean())

    return np.array([round(float(minimize_scalar(loss, bounds=(0.1, 30.0), method="bounded").x), 4)])


def _logistic(inputs: Doubles, label: Index, classes: int) -> Doubles:
    """Return (inputs + 1, classes) coefficients, or (inputs + 1, 1) of the log odds where there are two classes.

    Raises:
        UsageError: a class has no example.
    """
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(label)) < classes:
        raise UsageError(
            f"training needs rows with each of {classes} labels, and found {len(np.unique(label))} of them"
        )
    model = LogisticRegression(C=10.0, max_iter=3000, tol=1e-8).fit(inputs, label)
    return np.vstack((model.coef_.T, model.intercept_))


def fit(matrix: Matrix, labels: Labels, rows: Index) -> Weights:
    """Fit the whole judge on ``rows``, of equal pairs on the first only.

    Raises:
        UsageError: no row says unsafe, none says safe, or a degree of refusal is missing.
    """
    rows = distinct(rows, labels.pair)
    scores = np.zeros((len(labels.fold), COLUMNS))
    for fold in range(FOLDS):
        held_out = rows[labels.fold[rows] == fold]
        scores[held_out] = fit_first(matrix, labels, rows[labels.fold[rows] != fold]).scores(matrix, held_out)
    return _quantised(
        fit_first(matrix, labels, rows), fit_second(scores, labels, rows), labels.pair[rows[labels.answered[rows]]]
    )


def _quantised(first: FirstStage, second: dict[str, Doubles], pairs: NDArray[np.uint64]) -> Weights:
    """Round the tables to 8 bits, each column on its own scale; cutting off its largest weights would cost accuracy."""
    tables, scales = [], []
    for table in (first.answer, first.prompt):
        scale = np.abs(table).max(axis=0) / 127
        scale[scale == 0] = 1.0
        tables.append(np.rint(table / scale).astype(np.int8))
        scales.append(scale.astype(np.float32))
    return Weights(
        answer=tables[0],
        answer_scale=scales[0],
        opening_weight=OPENING_WEIGHT.astype(np.float32),
        prompt=tables[1],
        prompt_scale=scales[1],
        bias=first.bias.astype(np.float32),
        **second,
        trained=np.unique(pairs),
    )
