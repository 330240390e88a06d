"""Fitting the scores over sentence embeddings: logistic regressions, one a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hantei.judges.builtin.encoder import ANSWER_WIDTH, PROMPT_WIDTH, Vectors
from hantei.judges.builtin.semantic import SCALE
from hantei.judges.builtin.weights import FOLLOWS, GIVES, REFUSES, REMARK, Doubles, Floats, affine
from hantei.training.builtin.labels import Labels, distinct
from hantei.training.builtin.matrix import Index, Matrix
from hantei.training.builtin.sources import CHAT_KINDS

MEANT = 5
_PROMPT_STRENGTH, _ANSWER_STRENGTH = 0.1, 0.03
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Meant:
    """Coefficients over embeddings: ``prompt`` (1025, 1) and ``answer`` (1537, 4), the last row the intercept."""

    prompt: Floats
    answer: Floats

    def scores(self, matrix: Matrix, rows: Index) -> Doubles:
        """Return the scores (rows, 5) of some rows."""
        parts = [_affine(matrix.prompts[rows], self.prompt), _affine(matrix.answers[rows], self.answer)]
        return np.hstack(parts).astype(np.float64)


NO_MEANT = Meant(np.zeros((0, 1), dtype=np.float32), np.zeros((0, MEANT - 1), dtype=np.float32))
"""In place of coefficients where scores are there already."""


def _affine(vectors: Vectors, table: Floats) -> Doubles:
    return affine(SCALE * vectors.astype(np.float64), table.astype(np.float64))


def fit_meant(matrix: Matrix, labels: Labels, rows: Index) -> Meant:
    """Fit the five scores on ``rows``; one whose rows all agree stays at zero."""
    prompt = np.zeros((PROMPT_WIDTH + 1, 1), dtype=np.float32)
    answer = np.zeros((ANSWER_WIDTH + 1, MEANT - 1), dtype=np.float32)
    asked = distinct(rows[labels.intent[rows] >= 0], labels.prompt)
    prompt[:, 0] = _fit(matrix.prompts[asked], labels.intent[asked] == 1, _even(labels, asked), _PROMPT_STRENGTH)
    chosen = rows[labels.answered[rows]]
    assistant = chosen[labels.kind[chosen] == len(CHAT_KINDS)]
    remarks = chosen[labels.kind[chosen] < len(CHAT_KINDS)]
    risky = assistant[labels.intent[assistant] != 0]
    for column, counted, positive in (
        (GIVES, risky[labels.unsafe[risky] >= 0], labels.unsafe == 1),
        (REFUSES, chosen[labels.refusal[chosen] >= 0], labels.refusal > 0),
        (FOLLOWS, chosen[labels.action[chosen] >= 0], labels.action == 5),
        (REMARK, remarks[labels.unsafe[remarks] >= 0], labels.unsafe == 1),
    ):
        weight = by_source(labels, counted)
        answer[:, column - 1] = _fit(matrix.answers[counted], positive[counted], weight, _ANSWER_STRENGTH)
    return Meant(prompt, answer)


def by_source(labels: Labels, rows: Index) -> Doubles:
    """Return a weight for each row, by the size of its source to the power of -1/2, 1 in the mean."""
    return _weights([labels.source[rows], labels.language[rows]])


def _even(labels: Labels, rows: Index) -> Doubles:
    """Return weights of prompts by source, intent and whether they are framed, risky and other ones alike in sum."""
    risky = labels.intent[rows] == 1
    weight = _weights([labels.source[rows], labels.language[rows], risky, labels.framed[rows]])
    for side in (risky, ~risky):
        weight[side] /= weight[side].sum() or 1.0
    out: Doubles = weight * len(rows) / 2
    return out


def _weights(keys: Sequence[NDArray[Any]]) -> Doubles:
    names = np.array(["\0".join(map(str, key)) for key in zip(*keys, strict=True)])
    _, place, counts = np.unique(names, return_inverse=True, return_counts=True)
    weight = counts[place].astype(np.float64) ** -0.5
    out: Doubles = weight / weight.mean() if len(weight) else weight
    return out


def _fit(vectors: Vectors, positive: NDArray[np.bool_], weight: Doubles, strength: float) -> Floats:
    """Return coefficients and intercept, zeros where all rows agree."""
    from sklearn.linear_model import LogisticRegression

    if positive.all() or not positive.any():
        return np.zeros(vectors.shape[1] + 1, dtype=np.float32)
    model = LogisticRegression(C=strength, max_iter=_STEPS, tol=1e-3)
    model.fit((SCALE * vectors).astype(np.float32), positive, sample_weight=weight)
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)
