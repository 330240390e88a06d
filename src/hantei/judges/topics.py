"""Whether a system was asked what a judge was measured on, by the mean of its questions' sentence embeddings.

Of each source that the judge was measured on the mean embedding of its prompts is kept. A judged system's prompts, in
one language, are about something else where their mean lies further from each of these than chance lets it: the squared
distance of two means, less what two samples of their sizes from one source would be expected to show (the sum of the
variances over the number of prompts). That is the maximum mean discrepancy with a linear kernel (Gretton et al. 2012),
unbiased: near zero for halves of one source, however small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles
from hantei.errors import CardError
from hantei.judges.drift import ENOUGH, Drift
from hantei.judges.numpy_files import read_arrays

LIMIT = 0.025
"""The squared distance, chance taken off, from which prompts count as another topic; embeddings have the length 1. Of
random halves of one source fewer than 1 in 50 are further apart, of sources left out hardly one is nearer to another
(docs/builtin.md)."""
MOST = 1_000
"""Prompts that are embedded, at most."""

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""What turns texts into one vector each, (texts, width)."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean of some vectors, and the variance of that mean summed over its numbers."""

    mean: Doubles
    error: float

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> Spread:
        """Return those of two vectors or more, (vectors, width)."""
        wide = vectors.astype(np.float64)
        return cls(wide.mean(axis=0), float(wide.var(axis=0, ddof=1).sum()) / len(wide))

    def apart(self, other: Spread) -> float:
        """Return the squared distance of the means less what chance puts there."""
        return float(((self.mean - other.mean) ** 2).sum()) - self.error - other.error


@dataclass(frozen=True, slots=True)
class Topics:
    """What a judge was measured on: by source and language, the spread of its prompts' embeddings."""

    sources: tuple[tuple[str, str, Spread], ...]
    embed: Embed

    @classmethod
    def build(cls, prompts: Iterable[tuple[str, str, str]], embed: Embed) -> Topics:
        """Return the topics of prompts, each with the name of its source and its language.

        A source with fewer than ENOUGH different prompts in a language is left out.
        """
        asked: dict[tuple[str, str], dict[str, None]] = {}
        for name, language, text in prompts:
            asked.setdefault((name, language), {})[text] = None
        kept = {key: list(texts) for key, texts in sorted(asked.items()) if len(texts) >= ENOUGH}
        return cls(tuple((*key, Spread.of(embed(texts))) for key, texts in kept.items()), embed)

    def nearest(self, language: str, spread: Spread) -> tuple[float, str]:
        """Return how far prompts are from the nearest source in their language, and its name."""
        found = [(spread.apart(known), name) for name, spoken, known in self.sources if spoken == language]
        return min(found, default=(np.inf, "none"))

    def compare(self, system: str, prompts: Iterable[tuple[str, str | None]]) -> list[Drift]:
        """Return in which languages a system was asked about other topics; prompts are texts with their languages.

        Nothing is said of fewer than ENOUGH different prompts, nor in a language without a source.
        """
        asked: dict[str, dict[str, None]] = {}
        for text, language in prompts:
            asked.setdefault(language or "", {})[text] = None
        found = []
        for language in sorted({language for _, language, _ in self.sources} & asked.keys()):
            texts = list(asked[language])[:MOST]
            if len(texts) >= ENOUGH:
                found += self._unlike(system, language, *self.nearest(language, Spread.of(self.embed(texts))))
        return found

    def _unlike(self, system: str, language: str, apart: float, name: str) -> list[Drift]:
        if apart <= LIMIT:
            return []
        text = (
            f"What {system if len(system) <= 80 else f'{system[:79]}…'} was asked in '{language}' is unlike everything "
            f"that this judge was measured on (nearest: {name}, {apart:.3f} apart; usual is up to {LIMIT})."
        )
        return [Drift(system, "topic", language, round(apart, 4), 0.0, LIMIT, text)]

    def save(self, path: Path) -> None:
        """Write the topics as a compressed NumPy archive; equal topics give equal bytes."""
        np.savez_compressed(
            path,
            names=np.array([name for name, _, _ in self.sources], dtype=np.str_),
            languages=np.array([language for _, language, _ in self.sources], dtype=np.str_),
            means=np.array([spread.mean for _, _, spread in self.sources], dtype=np.float32),
            errors=np.array([spread.error for _, _, spread in self.sources]),
        )

    @classmethod
    def load(cls, path: Path, embed: Embed) -> Topics:
        """Read topics that ``save`` wrote. Nothing in the file is executed.

        Raises:
            CardError: the file is missing or is no such archive.
        """
        try:
            arrays = read_arrays(path)
            spreads = [
                Spread(mean, error)
                for mean, error in zip(arrays["means"].astype(np.float64), arrays["errors"].tolist(), strict=True)
            ]
            rows = zip(arrays["names"].tolist(), arrays["languages"].tolist(), spreads, strict=True)
            return cls(tuple(rows), embed)
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise CardError(f"{path}: expected what a judge was measured on: {error}; train again") from None
