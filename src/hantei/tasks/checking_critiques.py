"""Is the meta-evaluation of critiques right? Known damages to good critiques, and people's labels of units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

from hantei.critiques.critique import Checker, Critique
from hantei.critiques.embedded import EmbeddedChecker
from hantei.critiques.matching import Matcher, matcher
from hantei.critiques.moves import DamageMoves, bilingual_moves, damage_moves
from hantei.critiques.people import (
    LabelledCritique,
    PeopleAgreement,
    agreement_with_people,
    embedded_agreement,
    read_unit_labels,
    shipped_labels,
)
from hantei.critiques.reading import read_references

LANGUAGES = {"en": "English", "ja": "Japanese", "zh": "Chinese"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What the meta-evaluation is checked on.

    Args:
        references: tables of dialogues with reference units; none for the 10 dialogues that come with hantei.
        labels: files of units that people labelled, beside those that come with hantei.
        matchers: the matchers that are checked.
        limit: the first so many references of each language; None for all.
    """

    references: tuple[Path, ...] = ()
    labels: tuple[Path, ...] = ()
    matchers: tuple[str, ...] = ("encoder", "lexical")
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMeasure:
    """How the meta-evaluation does: under damage, with critiques in two languages, and beside people."""

    damage: tuple[DamageMoves, ...]
    bilingual: tuple[DamageMoves, ...]
    people: tuple[PeopleAgreement, ...]


def check_critiques(options: CheckOptions | None = None, model: Checker | None = None) -> CheckedMeasure:
    """Damage good critiques in known ways and say how each score moves; compare verdicts on units with people's.

    Args:
        options: what it is checked on.
        model: a checker that asks a model, where there is one.

    Raises:
        UsageError: no such file or matcher.
        InputError: a file cannot be read, or holds no units or labels.
    """
    options = options or CheckOptions()
    matchers = [matcher(name) for name in options.matchers]
    checkers: list[Checker | None] = [None, *map(EmbeddedChecker, matchers), *([model] if model else [])]
    groups = _by_language(_references(options.references), options.limit)
    return CheckedMeasure(
        damage=tuple(one for group in groups for checker in checkers for one in damage_moves(group, checker)),
        bilingual=tuple(one for checker in checkers for one in _bilingual(checker, options.limit)),
        people=tuple(_people(options, matchers, model)),
    )


def _references(paths: Sequence[Path]) -> Sequence[Critique]:
    return read_references(paths) if paths else [one for name in LANGUAGES for one in _shipped(name)]


def _shipped(language: str) -> list[Critique]:
    return [one.critique for one in read_unit_labels(shipped_labels(language))]


def _by_language(references: Sequence[Critique], limit: int | None) -> list[list[Critique]]:
    groups: dict[str | None, list[Critique]] = {}
    for one in references:
        groups.setdefault(one.language, []).append(one)
    return [group[:limit] for group in groups.values() if len(group) > 1]


def _bilingual(checker: Checker | None, limit: int | None) -> Iterator[DamageMoves]:
    for one, other in permutations(LANGUAGES, 2):
        own, theirs = (_shipped(language)[:limit] for language in (one, other))
        title = f"Every second unit in {LANGUAGES[other]}"
        found = bilingual_moves(own, [critique.reference for critique in theirs], title, checker)
        if found is not None:
            yield found


def _people(options: CheckOptions, matchers: Sequence[Matcher], model: Checker | None) -> Iterator[PeopleAgreement]:
    given = [(path.name, read_unit_labels(path), True) for path in options.labels]
    shipped = [(f"hantei's own, {name}", read_unit_labels(shipped_labels(code)), False)
               for code, name in LANGUAGES.items()]  # fmt: skip
    for name, labelled, out_of_fold in (*given, *shipped):
        for by in matchers:
            yield from embedded_agreement(name, labelled, by, out_of_fold)
        if model is not None:
            first = labelled if options.limit is None else labelled[: options.limit]
            yield from _of_model(name, first, model)


def _of_model(name: str, labelled: Sequence[LabelledCritique], model: Checker) -> list[PeopleAgreement]:
    critiques = [replace(one.critique, judge=name) for one in labelled]
    return agreement_with_people(name, labelled, model.check(critiques), model.name)
