"""What answers are read as for a profile: lengths, systems, languages and words, and which words are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles
from hantei.judges.builtin.features import batches, tokenise
from hantei.language import detect, primary

Answer = tuple[str, str | None, str]
"""An answer's text, the declared language or None, and the system that gave it."""

Numbers = NDArray[np.int64]
Words = NDArray[np.uint32]
_VOCABULARY = 32_768
_MARK = 3
_READ = 4_096
_BATCH = 64


class ReadAnswers(NamedTuple):
    """Answers as numbers: per answer its language, its system and the log of its length; per word its answer."""

    languages: list[str]
    language: Numbers
    system: Numbers
    length: Doubles
    owner: NDArray[np.int32]
    word: Words


def read_answers(answers: Iterable[Answer]) -> ReadAnswers:
    """Read answers one batch at a time: of a text nothing is kept but its numbers."""
    stream = iter(answers)
    languages: list[str] = []
    systems: list[str] = []
    lengths: list[int] = []
    owners, words = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.uint32)]
    while batch := list(islice(stream, _BATCH)):
        kept = [answer for answer in batch if answer[0] and not answer[0].isspace()]
        texts = [text[:_READ] for text, _, _ in kept]
        for part in batches([len(text) for text in texts]):
            tokens = tokenise(texts[part])
            counted = tokens.kind != _MARK
            owners.append((tokens.text[counted] + (len(lengths) + part.start)).astype(np.int32))
            words.append((tokens.hash[counted] >> np.uint64(32)).astype(np.uint32))
        languages += [detect(text) or primary(language) or "" for text, language, _ in kept]
        systems += [system for _, _, system in kept]
        lengths += [len(text) for text, _, _ in kept]
    names, language = numbered(languages)
    logs = np.log(np.array(lengths, dtype=np.float64))
    return ReadAnswers(names, language, numbered(systems)[1], logs, np.concatenate(owners), np.concatenate(words))


def numbered(values: Sequence[str]) -> tuple[list[str], Numbers]:
    """Return the different values in order of appearance, and the number of each value among them."""
    place = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return list(place), np.array([place[value] for value in values], dtype=np.int64)


def place_of(values: Sequence[str], value: str) -> int:
    """Return where a value stands, -1 where it does not."""
    return values.index(value) if value in values else -1


def vocabulary_of(read: ReadAnswers) -> tuple[Words, Words, Words]:
    """Return the words kept, and of these the ones that several systems use, and the ones in several answers."""
    if not len(read.word):
        return read.word, read.word, read.word
    words, number = np.unique(read.word, return_inverse=True)
    answers = _different(number, read.owner, len(words))
    systems = _different(number, read.system[read.owner], len(words))
    kept = np.sort(np.argsort(-answers, kind="stable")[:_VOCABULARY])
    return words[kept], words[kept[systems[kept] > 1]], words[kept[answers[kept] > 1]]


def _different(word: Numbers, other: NDArray[np.signedinteger[Any]], words: int) -> Numbers:
    """Return for each word in how many different others it occurs."""
    span = int(other.max()) + 1
    return np.bincount(np.unique(word * span + other) // span, minlength=words)


def unknown_share(read: ReadAnswers, known: Words) -> Doubles:
    """Return for each answer the share of its words that are not known, 0 for an answer of marks alone."""
    unknown = np.ones(len(read.word), dtype=np.bool_)
    if len(known):
        unknown = known[np.minimum(np.searchsorted(known, read.word), len(known) - 1)] != read.word
    size = len(read.length)
    words = np.bincount(read.owner, minlength=size)
    out: Doubles = np.bincount(read.owner, unknown, minlength=size) / np.maximum(words, 1)
    return out
