"""What the judge with the encoder adds: linear scores over sentence embeddings, and a second stage over all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from hantei.arrays import softmax
from hantei.errors import CardError
from hantei.judges.builtin.encoder import Vectors
from hantei.judges.builtin.weights import (
    REFUSAL,
    REFUSES,
    Doubles,
    Floats,
    Heads,
    Weights,
    affine,
    heads,
    language_flags,
    unsafe_inputs,
)

SCALE = 8.0
"""Embeddings have the length 1; times this their numbers are of the size that the fits expect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Semantic:
    """What the judge adds to its n-grams where it has the encoder.

    ``prompt`` (1025, 1) and ``answer`` (1537, 4) turn embeddings into the five scores that ``weights`` names, the
    last row being the intercept. The stages and thresholds are as those of ``Weights``, over both kinds of scores.

    """

    prompt: Floats
    answer: Floats
    unsafe_stage: Doubles
    refusal_stage: Doubles
    thresholds: Doubles

    def scores(self, prompts: Vectors, answers: Vectors) -> Doubles:
        """Return the scores (texts, 5) of prompts (texts, 1024) and answers (texts, 1536)."""
        asked = SCALE * prompts.astype(np.float64)
        said = SCALE * answers.astype(np.float64)
        return np.hstack((affine(asked, self.prompt.astype(np.float64)), affine(said, self.answer.astype(np.float64))))


def verdicts(
    weights: Weights,
    scores: Doubles,
    languages: Sequence[str | None],
    meaning: tuple[Semantic, Doubles] | None = None,
    *,
    strict: bool = False,
) -> Heads:
    """Turn scores (texts, 34) of texts in these languages into probabilities.

    Args:
        weights: those of the n-grams.
        scores: of the n-grams, (texts, 34).
        languages: one a text, None where it is not known.
        meaning: the semantic weights and scores (texts, 5) of the build that has them.
        strict: whether to call fewer answers unsafe, see ``Weights.thresholds``.

    Returns:
        The heads; an answer is called unsafe from a probability of 0.5.
    """
    flags = language_flags(languages)
    if meaning is None:
        logits = affine(unsafe_inputs(scores, flags), weights.unsafe_stage)[:, 0]
        return heads(weights, scores, logits - weights.thresholds[int(strict)])
    semantic, meant = meaning
    logits = affine(unsafe_inputs(scores, flags, meant), semantic.unsafe_stage)[:, 0]
    refusal = softmax(affine(refusal_inputs(scores, meant), semantic.refusal_stage))
    return replace(heads(weights, scores, logits - semantic.thresholds[int(strict)]), refusal=refusal)


def refusal_inputs(scores: Doubles, semantic: Doubles) -> Doubles:
    """Return what the second stage sees for the refusal, (texts, 4)."""
    return np.hstack((scores[:, REFUSAL], semantic[:, REFUSES : REFUSES + 1] / 4))


def save(semantic: Semantic, file: Path) -> None:
    """Write the weights as a compressed NumPy archive; equal weights give equal bytes."""
    np.savez_compressed(file, **{field.name: getattr(semantic, field.name) for field in fields(Semantic)})


def read(file: Path) -> Semantic:
    """Read weights that ``save`` wrote. Nothing in the file is executed.

    Raises:
        CardError: the file is missing or is not such an archive.
    """
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as archive:
            return Semantic(**{field.name: archive[field.name] for field in fields(Semantic)})
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise CardError(f"{file}: expected the weights of the built-in judge: {error}; install hantei again") from None
