"""The labels of training rows as arrays, and what splits need to know of a row."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Integers
from hantei.judges.builtin.weights import pair_hashes
from hantei.training.builtin.row import TrainingRow
from hantei.training.builtin.sources import CHAT_KINDS

FOLDS = 5
LANGUAGES = ("en", "ja", "zh")


@dataclass(frozen=True, slots=True)
class TrainingLabels:
    """Labels of rows as integer arrays, -1 where a row has none, and what splits and stages need to know of a row.

    ``question`` is one number for what is asked, in a frame or not, ``prompt`` for the prompt as it stands.
    """

    unsafe: Integers
    action: Integers
    refusal: Integers
    harm: Integers
    intent: Integers
    kind: Integers
    answered: NDArray[np.bool_]
    framed: NDArray[np.bool_]
    fold: Integers
    pair: NDArray[np.uint64]
    question: NDArray[np.uint64]
    prompt: NDArray[np.uint64]
    source: NDArray[np.str_]
    system: NDArray[np.str_]
    language: NDArray[np.str_]


def labels_of(rows: Sequence[TrainingRow]) -> TrainingLabels:
    """Return the labels of ``rows``. The fold of a row follows from what is asked alone."""

    def column(name: str) -> Integers:
        return np.array([-1 if getattr(row, name) is None else int(getattr(row, name)) for row in rows])

    return TrainingLabels(
        column("unsafe"),
        column("action"),
        column("refusal"),
        column("harm"),
        column("intent"),
        np.array([len(CHAT_KINDS) if row.kind is None else row.kind for row in rows]),
        np.array([row.response is not None for row in rows]),
        np.array([bool(row.asked) for row in rows]),
        np.array([zlib.crc32(row.group.encode("utf-8", "surrogatepass")) % FOLDS for row in rows]),
        pair_hashes([(row.prompt, row.response or "") for row in rows]),
        pair_hashes([(row.group, "") for row in rows]),
        pair_hashes([(row.prompt, "") for row in rows]),
        np.array([row.source for row in rows]),
        np.array([row.system for row in rows]),
        np.array([row.language for row in rows]),
    )


def distinct(rows: Integers, key: NDArray[np.uint64]) -> Integers:
    """Leave out rows whose key came before."""
    return rows[np.sort(np.unique(key[rows], return_index=True)[1])]
