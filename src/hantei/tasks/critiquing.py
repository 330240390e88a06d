"""Scoring critiques: reading them, having their units checked, counting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hantei.critiques.critique import CheckedCritique
from hantei.critiques.embedded import EmbeddedChecker
from hantei.critiques.matching import matcher
from hantei.critiques.reading import read_critiques
from hantei.critiques.scoring import CritiqueScores, Mode, scores


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How critiques are scored.

    Args:
        references: tables of dialogues with their reference units.
        judge: only this judge's critiques; default all.
        mode: ``robust``, or ``paper``.
        matcher: ``encoder`` or ``lexical``, what matches units where no model is asked.
    """

    references: tuple[Path, ...]
    judge: str | None = None
    mode: Mode = "robust"
    matcher: str = "encoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCritiques:
    """The scores of critiques with their checked units; ``unmatched`` counts those without a reference, by judge.

    ``asked`` says whether a model checked them, which saw the dialogues.
    """

    checker: str
    asked: bool
    scores: tuple[CritiqueScores, ...]
    checked: tuple[CheckedCritique, ...]
    unmatched: Mapping[str, int]


def score_critiques(source: Path, options: ScoreOptions) -> ScoredCritiques:
    """Return the scores of the critiques of a run folder or a table.

    Raises:
        UsageError: no such run, file, judge or matcher, or no critique has a reference.
        InputError: a file cannot be read.
    """
    found = read_critiques(source, options.references, options.judge)
    checker = EmbeddedChecker(matcher(options.matcher))
    checked = tuple(checker.check(found.critiques))
    return ScoredCritiques(
        checker=f"the {checker.name} matcher",
        asked=False,
        scores=tuple(scores(checked, options.mode)),
        checked=checked,
        unmatched=found.unmatched,
    )
