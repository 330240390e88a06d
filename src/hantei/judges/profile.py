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
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hantei.arrays import Doubles
from hantei.errors import CardError
from hantei.judges.drift import ENOUGH, Drift, DriftMeasure
from hantei.judges.numpy_files import read_arrays
from hantei.judges.topics import Topics
from hantei.judges.vocabulary import (
    Answer,
    ReadAnswers,
    Words,
    place_of,
    read_answers,
    unknown_share,
    vocabulary_of,
)

_MARGIN = 1.25
_POINT = 0.01
_Z = 1.96
_SYSTEMS = 3
_TENTHS = (0.1, 0.9)
_NAME = 80


@dataclass(frozen=True, slots=True)
class ProfileComparison:
    """One measure of a system's answers beside the training data.

    ``value`` is the system's: characters for "length", a share for the others; ``usual_low`` to ``usual_high`` is the
    range in the training data. ``language`` is None where the measure is of all languages. ``unlike`` says whether the
    value lies outside by the rule of this module, ``what`` the same in words.
    """

    measure: DriftMeasure
    language: str | None
    value: float
    usual_low: float
    usual_high: float
    unlike: bool
    what: str


class UsualRange(NamedTuple):
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
    of answers in other languages. ``topics`` is what it was asked in the data that it was measured on, None where
    nobody kept it.
    """

    vocabulary: Words
    usual: tuple[UsualRange, ...]
    foreign: float
    topics: Topics | None = None

    @classmethod
    def build(cls, answers: Iterable[Answer]) -> Profile:
        """Return the profile of training answers: text, declared language or None, and the system that gave it.

        Empty answers are left out. Where no system is known, name the source instead; answers of one name are taken
        for those of one system.
        """
        read = read_answers(answers)
        vocabulary, shared, repeated = vocabulary_of(read)
        lone = {"system": unknown_share(read, shared), "answer": unknown_share(read, repeated)}
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

    def measure(self, answers: Iterable[tuple[str, str | None]]) -> list[ProfileComparison]:
        """Return every measure of one system's answers, texts with declared languages.

        There is none of fewer than ENOUGH answers, in a language with fewer, or where the training data had fewer.
        """
        read = read_answers((text, language, "") for text, language in answers)
        if len(read.length) < ENOUGH or not self.usual:
            return []
        unknown = unknown_share(read, self.vocabulary)
        found = [self._foreign_languages([read.languages[number] for number in read.language])]
        for usual in self.usual:
            chosen = read.language == place_of(read.languages, usual.language)
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
            usual = tuple(UsualRange(language, int(systems), *bounds) for language, (systems, *bounds) in rows)
            return cls(arrays["vocabulary"].astype(np.uint32), usual, float(arrays["foreign"]))
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise CardError(f"{path}: expected the profile of a judge's training data: {error}; train again") from None

    def _foreign_languages(self, languages: Sequence[str]) -> ProfileComparison:
        known = {entry.language for entry in self.usual}
        share = _foreign(languages, known)
        error = math.sqrt(share * (1 - share) / len(languages))
        named = _short(", ".join(sorted({language for language in languages if language and language not in known})))
        what = f"{100 * share:.0f}% are in languages that it lacks ({named}); usual is {100 * self.foreign:.0f}%"
        return ProfileComparison("language", None, share, 0.0, self.foreign, _above(share, error, self.foreign), what)


def _usual(read: ReadAnswers, language: int, beside_systems: Doubles, beside_answers: Doubles) -> UsualRange:
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
    return UsualRange(read.languages[language], len(systems), math.exp(low), math.exp(high), unknown)


def _foreign(languages: Sequence[str], known: set[str]) -> float:
    """Return the share of answers in a language that is told and is not a known one."""
    return sum(bool(language) and language not in known for language in languages) / max(len(languages), 1)


def _length(usual: UsualRange, logs: Doubles) -> ProfileComparison:
    mean, error = _mean(logs)
    low, high = math.log(usual.shortest), math.log(usual.longest)
    short = mean < low - math.log(_MARGIN) and mean + _Z * error < low
    long = mean > high + math.log(_MARGIN) and mean - _Z * error > high
    what = (
        f"those in '{usual.language}' are typically {math.exp(mean):,.0f} characters long; usual is "
        f"{usual.shortest:,.0f} to {usual.longest:,.0f} ({_among(usual)})"
    )
    return ProfileComparison(
        "length", usual.language, math.exp(mean), usual.shortest, usual.longest, short or long, what
    )


def _unknown_words(usual: UsualRange, shares: Doubles) -> ProfileComparison:
    share, error = _mean(shares)
    unlike = _above(share, error, usual.unknown)
    what = (
        f"{100 * share:.1f}% of the words of those in '{usual.language}' are new to it; usual is up to "
        f"{100 * usual.unknown:.1f}% ({_among(usual)})"
    )
    return ProfileComparison("unknown words", usual.language, share, 0.0, usual.unknown, unlike, what)


def _above(share: float, error: float, usual: float) -> bool:
    return share > max(_MARGIN * usual, usual + _POINT) and share - _Z * error > usual


def _mean(values: Doubles) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))


def _among(usual: UsualRange) -> str:
    return f"its {usual.systems:,} systems" if usual.systems else "eight of ten of its answers"


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
