"""Texts that say nearly the same, in any script: the Jaccard similarity of their character n-grams.

Characters and not words, since Japanese and Chinese have no spaces between words. MinHash (datasketch) finds the
candidates among any number of texts; each is then compared exactly, so that a similarity is never an estimate.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import Any, NamedTuple

from hantei.errors import UsageError
from hantei.models.extras import needed

GRAM = 3
"""Characters in an n-gram: about a word in Japanese and Chinese, a syllable in English."""

RECALL = 0.999
"""How sure a pair at the threshold is to be found; nearer ones are surer."""

_CJK = r"\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")


class Match(NamedTuple):
    """A text that was added, and how near it is: 1 for the same n-grams, 0 for none in common."""

    id: str
    similarity: float


class NearDuplicates:
    """Texts to compare others with; ``threshold`` is the least similarity of a match, above 0 and at most 1.

    Raises:
        UsageError: the threshold is no such number, or the library is not installed.
    """

    def __init__(self, threshold: float = 0.7) -> None:
        if not 0 < threshold <= 1:
            raise UsageError(f"the least similarity of near-duplicates must be above 0 and at most 1, got {threshold}")
        datasketch = needed("datasketch", "build")
        self.threshold = threshold
        self._empty = datasketch.MinHash(hashfunc=zlib.crc32)
        self._index = datasketch.MinHashLSH(num_perm=len(self._empty), params=_bands(threshold, len(self._empty)))
        self._texts: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, key: str, text: str) -> None:
        """Take a text in; ``key`` is the id by which matches name it.

        Raises:
            UsageError: there is one of this id already.
        """
        if key in self._texts:
            raise UsageError(f"near-duplicates: two texts have the id {key!r}")
        plain = plain_text(text)
        self._texts[key] = plain
        self._index.insert(key, self._sketch(_grams(plain)), check_duplication=False)

    def find(self, text: str) -> list[Match]:
        """Return the texts that are at least as near as the threshold, nearest first, then by id."""
        grams = _grams(plain_text(text))
        candidates = self._index.query(self._sketch(grams))
        matches = [Match(key, jaccard(grams, _grams(self._texts[key]))) for key in candidates]
        return sorted((m for m in matches if m.similarity >= self.threshold), key=lambda m: (-m.similarity, m.id))

    def _sketch(self, grams: frozenset[str]) -> Any:
        sketch = self._empty.copy()
        sketch.update_batch(gram.encode("utf-8", "surrogatepass") for gram in sorted(grams))
        return sketch


def similarity(one: str, other: str) -> float:
    """Return the share of all character n-grams of two texts that both have."""
    return jaccard(_grams(plain_text(one)), _grams(plain_text(other)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the size of the intersection over that of the union; 1 for two empty sets."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0


def plain_text(text: str) -> str:
    """Return a text without what is no difference: width of characters, case, kinds and number of spaces.

    Nor are characters that nobody sees, and spaces between two characters of scripts that have none.
    """
    seen = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return _UNSPACED.sub("", " ".join(seen.casefold().split()))


def _bands(threshold: float, hashes: int) -> tuple[int, int]:
    """Return how many bands of how many hashes each: the longest bands (fewest candidates) of that recall."""
    for rows in range(hashes // 2, 1, -1):
        bands = hashes // rows
        if 1 - (1 - threshold**rows) ** bands >= RECALL:
            return bands, rows
    return hashes, 1


def _grams(plain: str) -> frozenset[str]:
    if len(plain) <= GRAM:
        return frozenset([plain]) if plain else frozenset()
    return frozenset(plain[start : start + GRAM] for start in range(len(plain) - GRAM + 1))
