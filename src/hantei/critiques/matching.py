"""Whether a unit is said in another critique, without a model: by its words, or by the meaning of sentences.

Both are approximate: how far each agrees with people is measured by ``hantei critiques check`` (docs/critiques.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np

from hantei.arrays import Floats
from hantei.cards import did_you_mean
from hantei.critiques.units import normal
from hantei.errors import UsageError
from hantei.judges.builtin.encoder import Embedder, clean, sentence_encoder
from hantei.judges.builtin.stopwords import is_content
from hantei.language import detect, primary
from hantei.stance import stance

LEXICAL, ENCODER = 0.37, 0.58
"""From where on a unit counts as said: the share of its content words, and the cosine. Both are the best of 0.01, 0.02
... on the recall labels of MetaCritique (docs/critiques.md has the agreement out of fold)."""

_READ = 2000
"""Characters of a unit that are embedded, at most."""

_STEM = 6
"""Letters by which English words are compared: endings differ more than words."""

_SPEAKERS = frozenset({"response", "answer", "reply", "user", "model", "generated", "output", "critique"})
"""Words that every critique has, whatever it says."""
_FEWEST = 4
"""Letters of a unit that counts as said where it stands word for word."""
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_HAN_RUN = re.compile(r"[\u3041-\u30ff\u3400-\u9fff]+")
_COMMON_PAIRS = frozenset({"回复", "回答", "回应", "応答", "してい", "てい", "いる", "こと", "です", "ます", "した"})


class Matcher(Protocol):
    """Says how strongly a unit is said in passages, and from where on it is."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def threshold(self) -> float:
        """From which strength on a unit is said."""
        ...

    def strengths(self, units: Sequence[str], passages: Sequence[str]) -> list[float]:
        """Return for each unit the strength of the passage that says it most."""
        ...


@dataclass(frozen=True, slots=True)
class LexicalMatcher:
    """The share of a unit's content words (pairs of characters in Chinese and Japanese) that a passage has."""

    name: str = "lexical"
    threshold: float = LEXICAL

    def strengths(self, units: Sequence[str], passages: Sequence[str]) -> list[float]:
        """Return for each unit the highest share."""
        there = [_words(passage) for passage in passages]
        return [max((_share(words, one) for one in there), default=0.0) for words in map(_words, units)]


def _share(words: frozenset[str], there: frozenset[str]) -> float:
    return len(words & there) / len(words) if words else 0.0


def _words(text: str) -> frozenset[str]:
    latin = (word for word in _WORD.findall(text.lower()) if is_content(word) and word not in _SPEAKERS)
    pairs = (run[at : at + 2] for run in _HAN_RUN.findall(text) for at in range(len(run) - 1))
    return frozenset(word[:_STEM] for word in latin if len(word) > 1) | frozenset(pairs) - _COMMON_PAIRS


@dataclass(slots=True)
class EncoderMatcher:
    """The cosine of a unit's embedding and a passage's, across languages too."""

    name: str = "encoder"
    threshold: float = ENCODER
    embed: Embedder | None = None
    _known: dict[str, Floats] = field(default_factory=dict)

    def strengths(self, units: Sequence[str], passages: Sequence[str]) -> list[float]:
        """Return for each unit the highest cosine."""
        if not units or not passages:
            return [0.0] * len(units)
        cosines = self._vectors(units) @ self._vectors(passages).T
        best: list[float] = cosines.max(axis=1).tolist()
        return best

    def _vectors(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = (self.embed or sentence_encoder()).encode([clean(text[:_READ]) for text in new])
            self._known.update(zip(new, vectors, strict=True))
        return np.stack([self._known[text] for text in texts])


def matcher(name: str) -> Matcher:
    """Return the matcher of this name.

    Raises:
        UsageError: there is none.
    """
    if name == "lexical":
        return LexicalMatcher()
    if name == "encoder":
        return EncoderMatcher()
    hint = did_you_mean(name, ("lexical", "encoder"))
    raise UsageError(f"--matcher {name}: expected lexical or encoder{hint}")


def said(units: Sequence[str], among: Sequence[str], by: Matcher) -> list[bool]:
    """Return of each unit whether it is said among other units.

    Args:
        units: what is looked for.
        among: the units of the other critique, in its order.
        by: how strength is measured.
    """
    return [strength >= by.threshold for strength in how_strongly(units, among, by)]


def how_strongly(units: Sequence[str], among: Sequence[str], by: Matcher) -> list[float]:
    """Return how strongly each unit is said among other units; infinitely where it stands in them word for word.

    Else it is the strength in a unit, or in two neighbours together, of which it does not say the contrary: "safe" is
    never said by "unsafe", however alike the sentences are.

    Args:
        units: what is looked for.
        among: the units of the other critique, in its order.
        by: how strength is measured.
    """
    passages = [*among, *(f"{one} {other}" for one, other in pairwise(among))]
    by_stance = {said: [one for one in passages if not _contrary(said, _stance(one))] for said in (None, False, True)}
    fitting = [by_stance[_stance(unit)] for unit in units]
    together = by.strengths(units, passages)
    whole = "".join(map(normal, among))
    return [
        float("inf")
        if len(mine) == len(passages) and _stands_in(unit, whole)
        else (strength if len(mine) == len(passages) else by.strengths([unit], mine)[0])
        for unit, strength, mine in zip(units, together, fitting, strict=True)
    ]


def _stands_in(unit: str, whole: str) -> bool:
    """Whether a unit stands in others, or in neighbours together, word for word; a word or two says too little."""
    wanted = normal(unit)
    return len(wanted) >= _FEWEST and wanted in whole


def _contrary(one: bool | None, other: bool | None) -> bool:
    return one is not None and other is not None and one != other


@lru_cache(50_000)
def _stance(text: str) -> bool | None:
    return stance(text, _tongue(text))


def _tongue(text: str) -> str:
    found = primary(detect(text))
    return found if found in ("ja", "zh") else "en"
