"""What a judge's training answers look like, and a warning where answers to be judged look unlike them.

A judge is as good as measured on answers of the kind that it learned from. Three things are compared, system by
system, the first two within one language: the typical length of an answer (geometric mean, in characters), the share
of its words that the training data lacks (of its first 4,096 characters), and the share of answers in languages that
the training data lacks.

The rule is one of range. Every system in the training data has its own typical length and its own share of words that
no other system there uses. A judged system is unlike them where it lies outside the range of these values, surely (the
95% interval of its own mean does not reach the range) and by enough to matter: a quarter, and for shares at least one
percentage point. Inside the range a judge interpolates between systems that it knows; outside it has seen nothing.
Where the training data names fewer than three systems in a language, the range is that of single answers instead, less
a tenth at either end: the typical values of the systems behind them are taken to lie in there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hantei.errors import CardError
from hantei.judges.builtin.features import batches, tokenise
from hantei.judges.stored import read_arrays
from hantei.language import detect, primary

Measure = Literal["length", "language", "unknown words"]
Answer = tuple[str, str | None, str]
"""An answer's text, the declared language or None, and the system that gave it."""

ENOUGH = 30
"""Answers that a system needs in a language before it is compared or compared with."""
_MARGIN = 1.25
_POINT = 0.01
_Z = 1.96
_SYSTEMS = 3
_TENTHS = (0.1, 0.9)
_VOCABULARY = 32_768
_MARK = 3
_NAME = 80
_READ = 4_096
_BATCH = 64

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]
Words = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of a system's answers beside the training data.

    ``value`` is the system's: characters for "length", a share for the others; ``usual_low`` to ``usual_high`` is the
    range in the training data. ``language`` is None where the measure is of all languages. ``unlike`` says whether the
    value lies outside by the rule of this module, ``what`` the same in words.
    """

    measure: Measure
    language: str | None
    value: float
    usual_low: float
    usual_high: float
    unlike: bool
    what: str


@dataclass(frozen=True, slots=True)
class Drift:
    """In what a system's answers are unlike the training data, as ``run.json`` keeps it.

    The numbers are those of ``Compared``; ``text`` is a sentence for people, with the system's name as it came.
    """

    system: str
    measure: Measure
    language: str | None
    value: float
    usual_low: float
    usual_high: float
    text: str


class Usual(NamedTuple):
    """What is usual among the training answers in one language.

    ``systems`` is the number of systems that the range is of, 0 where it is of single answers. ``shortest`` and
    ``longest`` are in characters, ``unknown`` is the highest usual share of unknown words.
    """

    language: str
    systems: int
    shortest: float
    longest: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What a judge's training answers look like.

    ``vocabulary`` holds sorted 32-bit hashes of the words (of scripts without spaces: characters) that occur in most
    answers, at most 32,768. ``usual`` has one entry for each language with enough answers; ``foreign`` is the share
    of answers in other languages.
    """

    vocabulary: Words
    usual: tuple[Usual, ...]
    foreign: float

    @classmethod
    def build(cls, answers: Iterable[Answer]) -> Profile:
        """Return the profile of training answers: text, declared language or None, and the system that gave it.

        Empty answers are left out. Where no system is known, name the source instead; answers of one name are taken
        for those of one system.
        """
        read = _read(answers)
        vocabulary, shared, repeated = _vocabulary(read)
        lone = {"system": _unknown_share(read, shared), "answer": _unknown_share(read, repeated)}
        counts = np.bincount(read.language, minlength=len(read.languages))
        usual = tuple(
            _usual(read, number, lone["system"], lone["answer"])
            for number, language in enumerate(read.languages)
            if language and counts[number] >= ENOUGH
        )
        known = {entry.language for entry in usual}
        return cls(vocabulary, usual, _foreign([read.languages[number] for number in read.language], known))

    def compare(self, system: str, answers: Iterable[tuple[str, str | None]]) -> list[Drift]:
        """Return in what a system's answers, texts with declared languages, are unlike the training data."""
        return [
            Drift(
                system,
                one.measure,
                one.language,
                one.value,
                one.usual_low,
                one.usual_high,
                f"The answers of {_short(system)} look unlike this judge's training data: {one.what}.",
            )
            for one in self.measure(answers)
            if one.unlike
        ]

    def measure(self, answers: Iterable[tuple[str, str | None]]) -> list[Compared]:
        """Return every measure of one system's answers, texts with declared languages.

        There is none of fewer than ENOUGH answers, in a language with fewer, or where the training data had fewer.
        """
        read = _read((text, language, "") for text, language in answers)
        if len(read.length) < ENOUGH or not self.usual:
            return []
        unknown = _unknown_share(read, self.vocabulary)
        found = [self._foreign_languages([read.languages[number] for number in read.language])]
        for usual in self.usual:
            chosen = read.language == _place(read.languages, usual.language)
            if chosen.sum() >= ENOUGH:
                found += [_length(usual, read.length[chosen]), _unknown_words(usual, unknown[chosen])]
        return found

    def save(self, path: Path) -> None:
        """Write the profile as a compressed NumPy archive; equal profiles give equal bytes."""
        np.savez_compressed(
            path,
            vocabulary=self.vocabulary,
            languages=np.array([entry.language for entry in self.usual], dtype=np.str_),
            usual=np.array([entry[1:] for entry in self.usual], dtype=np.float64).reshape(-1, 4),
            foreign=np.array(self.foreign),
        )

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read a profile that ``save`` wrote. Nothing in the file is executed.

        Raises:
            CardError: the file is missing or is no such archive.
        """
        try:
            arrays = read_arrays(path)
            rows = zip(arrays["languages"].tolist(), arrays["usual"].tolist(), strict=True)
            usual = tuple(Usual(language, int(systems), *bounds) for language, (systems, *bounds) in rows)
            return cls(arrays["vocabulary"].astype(np.uint32), usual, float(arrays["foreign"]))
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise CardError(f"{path}: expected the profile of a judge's training data: {error}; train again") from None

    def _foreign_languages(self, languages: Sequence[str]) -> Compared:
        known = {entry.language for entry in self.usual}
        share = _foreign(languages, known)
        error = math.sqrt(share * (1 - share) / len(languages))
        named = _short(", ".join(sorted({language for language in languages if language and language not in known})))
        what = f"{100 * share:.0f}% are in languages that it lacks ({named}); usual is {100 * self.foreign:.0f}%"
        return Compared("language", None, share, 0.0, self.foreign, _above(share, error, self.foreign), what)


class _Read(NamedTuple):
    """Answers as numbers: per answer its language, its system and the log of its length; per word its answer."""

    languages: list[str]
    language: Numbers
    system: Numbers
    length: Doubles
    owner: NDArray[np.int32]
    word: Words


def _read(answers: Iterable[Answer]) -> _Read:
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
    names, language = _numbered(languages)
    logs = np.log(np.array(lengths, dtype=np.float64))
    return _Read(names, language, _numbered(systems)[1], logs, np.concatenate(owners), np.concatenate(words))


def _numbered(values: Sequence[str]) -> tuple[list[str], Numbers]:
    """Return the different values in order of appearance, and the number of each value among them."""
    place = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return list(place), np.array([place[value] for value in values], dtype=np.int64)


def _place(values: Sequence[str], value: str) -> int:
    return values.index(value) if value in values else -1


def _vocabulary(read: _Read) -> tuple[Words, Words, Words]:
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


def _unknown_share(read: _Read, known: Words) -> Doubles:
    """Return for each answer the share of its words that are not known, 0 for an answer of marks alone."""
    unknown = np.ones(len(read.word), dtype=np.bool_)
    if len(known):
        unknown = known[np.minimum(np.searchsorted(known, read.word), len(known) - 1)] != read.word
    size = len(read.length)
    words = np.bincount(read.owner, minlength=size)
    out: Doubles = np.bincount(read.owner, unknown, minlength=size) / np.maximum(words, 1)
    return out


def _usual(read: _Read, language: int, beside_systems: Doubles, beside_answers: Doubles) -> Usual:
    """Return what is usual in a language, from its systems where there are enough of them, else from single answers."""
    chosen = read.language == language
    systems, counts = np.unique(read.system[chosen], return_counts=True)
    systems = systems[counts >= ENOUGH]
    if len(systems) >= _SYSTEMS:
        cells = [chosen & (read.system == system) for system in systems]
        lengths = [float(read.length[cell].mean()) for cell in cells]
        low, high = min(lengths), max(lengths)
        unknown = max(float(beside_systems[cell].mean()) for cell in cells)
    else:
        systems = systems[:0]
        low, high = np.quantile(read.length[chosen], _TENTHS).tolist()
        unknown = float(np.quantile(beside_answers[chosen], _TENTHS[1]))
    return Usual(read.languages[language], len(systems), math.exp(low), math.exp(high), unknown)


def _foreign(languages: Sequence[str], known: set[str]) -> float:
    """Return the share of answers in a language that is told and is not a known one."""
    return sum(bool(language) and language not in known for language in languages) / max(len(languages), 1)


def _length(usual: Usual, logs: Doubles) -> Compared:
    mean, error = _mean(logs)
    low, high = math.log(usual.shortest), math.log(usual.longest)
    short = mean < low - math.log(_MARGIN) and mean + _Z * error < low
    long = mean > high + math.log(_MARGIN) and mean - _Z * error > high
    what = (
        f"those in '{usual.language}' are typically {math.exp(mean):,.0f} characters long; usual is "
        f"{usual.shortest:,.0f} to {usual.longest:,.0f} ({_among(usual)})"
    )
    return Compared("length", usual.language, math.exp(mean), usual.shortest, usual.longest, short or long, what)


def _unknown_words(usual: Usual, shares: Doubles) -> Compared:
    share, error = _mean(shares)
    unlike = _above(share, error, usual.unknown)
    what = (
        f"{100 * share:.1f}% of the words of those in '{usual.language}' are new to it; usual is up to "
        f"{100 * usual.unknown:.1f}% ({_among(usual)})"
    )
    return Compared("unknown words", usual.language, share, 0.0, usual.unknown, unlike, what)


def _above(share: float, error: float, usual: float) -> bool:
    return share > max(_MARGIN * usual, usual + _POINT) and share - _Z * error > usual


def _mean(values: Doubles) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))


def _among(usual: Usual) -> str:
    return f"its {usual.systems:,} systems" if usual.systems else "eight of ten of its answers"


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
