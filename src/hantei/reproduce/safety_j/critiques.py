"""Critiques on the released reference units, scored without a model or by one, beside the paper's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hantei.critiques.asked import ModelChecker
from hantei.critiques.critique import Checker, Critique
from hantei.critiques.embedded import EmbeddedChecker
from hantei.critiques.matching import matcher
from hantei.critiques.reading import read_critiques, read_references
from hantei.critiques.scoring import CritiqueScores, scores
from hantei.engine.limits import Limits
from hantei.errors import RunError
from hantei.judges.card import load_card
from hantei.progress import Say
from hantei.reproduce.safety_j.sets import release_file
from hantei.runs.folder import file_name
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.critiquing import model_checker, with_cache
from hantei.tasks.options import Options
from hantei.tasks.task import judging

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class ScoredLanguage:
    """Someone's critiques in one language, counted as published; ``model`` checked them, None for none."""

    judge: str
    language: str
    scores: CritiqueScores
    model: str | None = None


def score_judges(
    data: Path, judges: Sequence[str], runs: Path, limits: Limits, say: Say, model: str | None = None
) -> list[ScoredLanguage]:
    """Return the scores of judges that write critiques, after two that say what the scores mean.

    These are the references themselves, which hold all of their own units, and the references of other dialogues, which
    say nothing of this one: a judge lies between the two.

    Args:
        data: the folder of the release.
        judges: names of judges; those that write no critique are passed over.
        runs: where the run folders are kept and gone on with.
        limits: of what is asked.
        say: takes lines for people.
        model: who checks the judges' critiques and those of another dialogue, too; None for nobody.

    Raises:
        UsageError: a judge's model, or the one that checks, cannot be asked.
        InputError: a file is not what it should be.
        RunError: a folder belongs to another plan or is in use, or a judging was stopped.
    """
    found = []
    asked = model_checker(model, with_cache(limits, runs / "critiques"), None, "paper") if model else None
    for language in LANGUAGES:
        path = release_file(data, "critique_level", language)
        if path is not None:
            reference = read_references([path])
            named = {"the reference units themselves": reference, "those of another dialogue": _of_others(reference)}
            named.update(_judged(path, language, judges, runs, limits, say))
            found += [_scored(name, language, critiques) for name, critiques in named.items()]
            found += [_scored(name, language, critiques, asked) for name, critiques in named.items() if asked]
    return found


def _scored(
    judge: str, language: str, critiques: Sequence[Critique], asked: ModelChecker | None = None
) -> ScoredLanguage:
    named = [replace(one, judge=judge, language=language) for one in critiques]
    checker: Checker = asked or EmbeddedChecker(matcher("encoder"))
    return ScoredLanguage(judge, language, scores(checker.check(named), "paper")[0], asked.name if asked else None)


def _of_others(reference: Sequence[Critique]) -> list[Critique]:
    shifted = (*reference[1:], *reference[:1])
    return [
        replace(one, units=other.reference, text="\n".join(other.reference))
        for one, other in zip(reference, shifted, strict=True)
    ]


def _judged(
    path: Path, language: str, judges: Sequence[str], runs: Path, limits: Limits, say: Say
) -> Iterator[tuple[str, Sequence[Critique]]]:
    for judge in judges:
        sees = load_card(judge).seen()
        if sees is None or sees.order in ("label only", "as its two judges"):
            continue
        options = Options(language=language, limits=limits)
        out = runs / f"critiques-{language}-{file_name(judge)}"
        run = carry_out(judging([str(path)], judge, options, say), out, say)
        stopped = run.info().stopped
        if stopped:
            raise RunError(f"{run.path}: stopped: {stopped}; the same command goes on from there")
        yield judge, read_critiques(run.path, [path], judge).critiques
