"""Labelled rows as sparse matrices of exactly the features that the judge computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hantei.judges.builtin.encoder import Encoder, Vectors
from hantei.judges.builtin.features import (
    ANSWER_BITS,
    PROMPT_BITS,
    WINDOW,
    Bags,
    answer_bags,
    batches,
    prompt_bags,
)
from hantei.training.builtin.row import TrainingRow


@dataclass(frozen=True, slots=True)
class Matrix:
    """Features of rows, divided by the square root of their number: scipy CSR matrices with one line a row.

    ``prompts`` (rows, 1024) and ``answers`` (rows, 1536) are embeddings.
    """

    answer: Any
    opening: Any
    prompt: Any
    prompts: Vectors
    answers: Vectors


def featurise(rows: Sequence[TrainingRow], encoder: Encoder) -> Matrix:
    """Return the features of ``rows``; a row without an answer has an empty answer."""
    asked = [row.prompt[-WINDOW // 2 :] for row in rows]
    said = [row.response or "" for row in rows]
    answers = _stack(said, answer_bags, 2, ANSWER_BITS)
    prompts = _stack(asked, prompt_bags, 1, PROMPT_BITS)
    return Matrix(answers[0::2], answers[1::2], prompts, encoder.prompts(asked), encoder.answers(said))


def _stack(texts: list[str], make: Callable[[Sequence[str]], Bags], per_text: int, bits: int) -> Any:
    from scipy import sparse

    made = [make([text[:WINDOW] for text in texts[part]]) for part in batches([len(text) for text in texts])]
    sizes = np.concatenate([bags.sizes for bags in made])
    start = np.concatenate(([0], np.cumsum(sizes)))
    value = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes)
    shape = (per_text * len(texts), 1 << bits)
    return sparse.csr_matrix((value, np.concatenate([bags.bucket for bags in made]), start), shape=shape)
