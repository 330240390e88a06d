"""From texts to hashed n-grams: the same functions serve training, judging and explaining.

A text is folded code point by code point, cut into tokens, and every run of neighbouring tokens is hashed:

    text --fold--> code points --cut--> tokens --grams--> 64-bit hashes --buckets--> rows of a table of weights

Folding keeps one code point for one (full-width to half-width, capital to small, accents off, zero-width and combining
marks dropped), so that every feature can be traced to its place in the text. A token is a run of letters and digits
of a script with spaces, or one character of Han, kana, Hangul or Thai, or one mark (a line end counts as a mark).
Features are single tokens, pairs of neighbours, triples of characters of the scripts without spaces, and the first five
letters of longer words. A feature counts once per text: saying a word a hundred times weighs no more than once.

Nothing here loops over characters in Python: a running sum of c[i] * B**i modulo 2**64 gives the hash of any run of
code points as a difference, moved to the origin by a power of the inverse of B.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ANSWER_BITS = 17
"""The table of weights for answers has 2**17 rows."""
PROMPT_BITS = 16
"""The table of weights for prompts has 2**16 rows."""
OPENING = 100
"""An answer's opening, its first 100 characters of a script without spaces or its first 25 words and marks, counts a
second time: most refusals show there."""
_WORD_LENGTH = 4
WINDOW = 16_384
"""An answer is read in windows of this many code points; of a prompt the last WINDOW / 2 are read."""
BATCH_CHARACTERS = 4 * WINDOW
"""Texts are hashed together until they hold this many code points, which bounds the memory whatever their number."""
BATCH_TEXTS = 512

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_DROPPED = 0xFFFFFFFF
_FOLDED = 0x20000
_SPACE, _WORD, _CHARACTER, _MARK = 0, 1, 2, 3
_BASE = 0x9E3779B97F4A7C15
_STEM = 5
_SALTS = {"answer": np.uint64(0x8F1BBCDC62C3A5B1), "opening": np.uint64(0xCA62C1D6E9B4F037)}
_VOICED, _HALF_VOICED = 0x3099, 0x309A


class Tokens(NamedTuple):
    """The tokens of several texts, in order: arrays of one length.

    ``text`` is the number of the text, ``hash`` identifies the folded token, ``stem`` its first five letters, ``kind``
    is 1 for a word, 2 for a character of a script without spaces, 3 for a mark, and ``start`` to ``end`` is its place
    in all texts joined, in code points.
    """

    text: Places
    hash: Hashes
    stem: Hashes
    kind: NDArray[np.uint8]
    start: Places
    end: Places


class Grams(NamedTuple):
    """Features of several texts: the number of the text, the hash, and the first and last token that it covers."""

    text: Places
    hash: Hashes
    first: Places
    last: Places


@dataclass(frozen=True, slots=True)
class Bags:
    """Sets of buckets, one for each row: row ``i`` holds ``bucket[start[i]:start[i + 1]]``, each bucket once."""

    bucket: NDArray[np.uint32]
    start: Places

    @property
    def sizes(self) -> Places:
        """The number of different buckets in each row."""
        return np.diff(self.start)


def _fold_one(code: int) -> tuple[int, int]:
    """Return the folded code point (or _DROPPED) and the kind of one code point."""
    character = chr(code)
    category = unicodedata.category(character)
    if category in ("Cn", "Co", "Cs"):  # stands for nothing, as most do
        return code, _SPACE
    if category in ("Cf", "Mn", "Me") and code not in (_VOICED, _HALF_VOICED, 0xFF9E, 0xFF9F):
        return _DROPPED, _SPACE
    wide = unicodedata.normalize("NFKC", character)
    folded = wide if len(wide) == 1 else character
    parts = unicodedata.normalize("NFKD", folded)
    if code < 0x2000 and all(unicodedata.combining(part) for part in parts[1:]):
        folded = parts[0]
    small = folded.lower()
    folded = small if len(small) == 1 else folded
    return ord(folded), _kind(ord(folded), unicodedata.category(folded))


def _kind(code: int, category: str) -> int:
    if category[0] in "ZC":
        return _MARK if code == 10 else _SPACE
    if category[0] in "PS":
        return _MARK
    without_spaces = 0x2E80 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3 or 0xF900 <= code <= 0xFAFF
    return _CHARACTER if without_spaces or 0x0E00 <= code <= 0x0E7F else _WORD


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return what every code point below 0x20000 folds to, and its kind; higher ones stay and are Han characters."""
    folded = np.arange(_FOLDED + 1, dtype=np.uint32)
    kinds = np.full(_FOLDED + 1, _CHARACTER, dtype=np.uint8)
    for code in (*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, _FOLDED)):
        folded[code], kinds[code] = _fold_one(code)
    for apostrophe in (0x27, 0x2018, 0x2019, 0x2BC):
        folded[apostrophe], kinds[apostrophe] = 0x27, _WORD
    for quote in (0x201C, 0x201D):
        folded[quote] = 0x22
    return folded, kinds


@cache
def _powers() -> tuple[Hashes, Hashes]:
    """Return the powers of the hash's base and of its inverse modulo 2**64, for all places in one batch."""

    def powers(base: int) -> Hashes:
        out = np.full(2 * BATCH_CHARACTERS, base, dtype=np.uint64)
        out[0] = 1
        return np.multiply.accumulate(out)

    return powers(_BASE), powers(pow(_BASE, -1, 1 << 64))


def _mix(hashes: Hashes) -> Hashes:
    """Spread every bit over all bits, so that the top ones can serve as a bucket."""
    hashes = hashes ^ (hashes >> np.uint64(32))
    hashes *= np.uint64(0xD6E8FEB86659FD93)
    hashes ^= hashes >> np.uint64(29)
    return hashes


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint8], Places, Places]:
    """Return folded code points, their kinds, their places in the joined texts, and where each text ends among them."""
    raw = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    highest = raw.max(initial=0)
    index = np.minimum(raw, _FOLDED).astype(np.intp)
    folded, kinds = _tables()
    codes, kind = folded.take(index), kinds.take(index)
    if highest >= _FOLDED:
        codes = np.where(raw < _FOLDED, codes, raw)
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    kept = codes != _DROPPED
    if highest >= _VOICED:
        _join_kana_marks(codes, kept)
    if kept.all():
        return codes, kind, np.arange(len(codes)), ends
    before = np.concatenate(([0], np.cumsum(kept)))
    return codes[kept], kind[kept], np.flatnonzero(kept), before[ends]


def _join_kana_marks(codes: NDArray[np.uint32], kept: NDArray[np.bool_]) -> None:
    """Add a separate voicing mark to the kana before it (half-width and decomposed Japanese), in place."""
    for mark, step in ((_VOICED, 1), (_HALF_VOICED, 2)):
        at = np.flatnonzero(codes == mark)
        kept[at] = False
        at = at[at > 0]
        kana = at[(codes[at - 1] >= 0x3041) & (codes[at - 1] <= 0x30FA)]
        codes[kana - 1] += np.uint32(step)


def tokenise(texts: Sequence[str]) -> Tokens:
    """Cut texts into tokens.

    The texts together may hold at most 2 * BATCH_CHARACTERS code points; callers batch.
    """
    codes, kind, place, ends = _codes(texts)
    size = len(codes)
    edge = np.zeros(size + 1, dtype=np.bool_)
    edge[ends] = True
    edge[0] = True
    word = kind == _WORD
    apart = edge.copy()
    apart[1:-1] |= ~(word[1:] & word[:-1])
    first = np.flatnonzero(apart[:-1] & (kind != _SPACE))
    last = first + 1
    words = word[first]
    last[words] = np.flatnonzero(apart[1:] & word) + 1
    base, inverse = _powers()
    running = np.zeros(size + 1, dtype=np.uint64)
    added = codes.astype(np.uint64)
    added += np.uint64(1)
    added *= base[:size]
    np.cumsum(added, out=running[1:])
    origin, below = inverse[first], running[first]
    hashes = _mix((running[last] - below) * origin)
    stems = _mix((running[np.minimum(first + _STEM, last)] - below) * origin + np.uint64(1))
    text = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(first, ends), prepend=0))
    return Tokens(text, hashes, stems, kind[first], place[first], place[last - 1] + 1)


def grams(tokens: Tokens) -> Grams:
    """Return all features of tokenised texts, repeated ones included, salted as those of an answer or prompt."""
    text, kind, size = tokens.text, tokens.kind, len(tokens.text)
    every = np.arange(size)
    stems = np.flatnonzero((kind == _WORD) & (tokens.end - tokens.start > _STEM))
    step = np.uint64(0x2545F4914F6CDD1D)
    pair = tokens.hash[:-1] * step + tokens.hash[1:]
    pairs = np.flatnonzero(text[:-1] == text[1:])
    character = kind == _CHARACTER
    run = character[:-2] & character[1:-1] & character[2:] if size > 2 else character[:0]
    triples = np.flatnonzero(run & (text[:-2] == text[2:])) if size > 2 else every[:0]
    triple = pair[triples] * step + tokens.hash[triples + 2]
    return Grams(
        np.concatenate((text, text[stems], text[pairs], text[triples])),
        np.concatenate((tokens.hash, tokens.stem[stems], pair[pairs], triple)),
        np.concatenate((every, stems, pairs, triples)),
        np.concatenate((every, stems, pairs + 1, triples + 2)),
    )


def buckets(hashes: Hashes, part: str, bits: int) -> NDArray[np.uint32]:
    """Return the bucket of each hash in a table of 2**bits rows; ``part`` is "answer" or "opening"."""
    return (_mix(hashes + _SALTS[part]) >> np.uint64(64 - bits)).astype(np.uint32)


def in_opening(tokens: Tokens, found: Grams) -> NDArray[np.bool_]:
    """Return which features end within the opening of their text."""
    length = np.where(tokens.kind == _CHARACTER, 1, _WORD_LENGTH)
    run = np.concatenate(([0], np.cumsum(length)))
    texts = np.arange(tokens.text[-1] + 1 if len(tokens.text) else 0)
    before = run[np.searchsorted(tokens.text, texts)]
    inside: NDArray[np.bool_] = run[found.last + 1] - before[found.text] <= OPENING
    return inside


def batches(lengths: Sequence[int]) -> Iterator[slice]:
    """Cut texts of these lengths into runs small enough to hash together."""
    start = held = 0
    for number, length in enumerate(lengths):
        length = min(length, WINDOW)
        if number > start and (held + length > BATCH_CHARACTERS or number - start == BATCH_TEXTS):
            yield slice(start, number)
            start, held = number, 0
        held += length
    if len(lengths) > start:
        yield slice(start, len(lengths))


def _bags(row: NDArray[Any], bucket: NDArray[np.uint32], rows: int, bits: int) -> Bags:
    key = np.sort((row.astype(np.uint32) << np.uint32(bits)) | bucket)
    if len(key):
        key = key[np.concatenate(([True], key[1:] != key[:-1]))]
    start = np.searchsorted(key, np.arange(rows + 1, dtype=np.uint64) << np.uint64(bits))
    return Bags(key & np.uint32((1 << bits) - 1), start)


def answer_bags(answers: Sequence[str]) -> Bags:
    """Return the features of answers: row 2 * i is answer ``i`` as a whole, row 2 * i + 1 its opening."""
    tokens = tokenise(answers)
    found = grams(tokens)
    opening = np.flatnonzero(in_opening(tokens, found))
    row = np.concatenate((2 * found.text, 2 * found.text[opening] + 1))
    bucket = np.concatenate(
        (buckets(found.hash, "answer", ANSWER_BITS), buckets(found.hash[opening], "opening", ANSWER_BITS))
    )
    return _bags(row, bucket, 2 * len(answers), ANSWER_BITS)


def prompt_bags(prompts: Sequence[str]) -> Bags:
    """Return the features of prompts, one row each, in a table of their own."""
    found = grams(tokenise(prompts))
    return _bags(found.text, buckets(found.hash, "answer", PROMPT_BITS), len(prompts), PROMPT_BITS)
