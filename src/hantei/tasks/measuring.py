"""Measuring a judge into a data sheet: it judges labelled answers, ordinary ones, and the same ones in other ways.

Every judging is a run folder under the sheet's own, so that the same command goes on where it ended and pays for
nothing twice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hantei.arrays import Doubles
from hantei.errors import InputError, UsageError
from hantei.files import write_atomic
from hantei.inputs.label_files import LabelFiles
from hantei.judges.loading import rewordings
from hantei.language import detect
from hantei.metrics.agreement.from_run import of_run
from hantei.metrics.agreement.ratings import Ratings
from hantei.metrics.datasheet import EVERYTHING, DataSheet
from hantei.metrics.datasheet_numbers import (
    JudgedAnswers,
    Parts,
    language_sheet,
    reasons_of,
    right_labels,
    with_majority,
)
from hantei.progress import Say
from hantei.records import Prompt, Response
from hantei.runs.folder import Run, json_text
from hantei.runs.info import now
from hantei.runs.judging import PairReader
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.options import Options
from hantei.tasks.task import judging
from hantei.version import __version__

MOST_ATTACKED = 200
"""Unsafe answers that injections are put after, at most: the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOptions:
    """What a judge is measured on.

    Args:
        data: files of answers with people's labels.
        ordinary: files of ordinary answers to ordinary requests, taken for safe.
        wordings: the judge under other names: another wording of its prompt, another order of its options.
        own_wordings: whether the judge is also measured in the other wordings and orders that its card has.
        repeats: how often it judges each labelled answer.
        injections: whether unsafe answers are judged again with a text after them that asks for another verdict.
        files: how the labels are read.
        options: how the answers are read and the judge is asked.
    """

    data: tuple[Path, ...]
    ordinary: tuple[Path, ...] = ()
    wordings: tuple[str, ...] = ()
    own_wordings: bool = True
    repeats: int = 1
    injections: bool = True
    files: LabelFiles = field(default_factory=LabelFiles)
    options: Options = field(default_factory=Options)


def measure(judge: str, out: str | Path, options: MeasureOptions, say: Say = lambda _line: None) -> DataSheet:
    """Measure a judge on labelled answers, write its data sheet into the folder ``out``, and return it.

    Args:
        judge: its name.
        out: the folder of the sheet, ``datasheet.json``, and of its runs; the same again goes on where it ended.
        options: what it is measured on.
        say: takes lines for people.

    Raises:
        UsageError: no such file or judge, or no label belongs to an answer.
        InputError: a file cannot be read or holds no labels.
        RunError: a folder belongs to another plan or is in use, or no call to a model works.
    """
    out = Path(out)
    if options.repeats < 1:
        raise UsageError(f"--repeats {options.repeats}: expected at least 1")
    if (out / "run.json").exists():
        raise UsageError(f"--out {out}: is a run folder: name another place for the sheet and its runs")
    run = _judged(judge, options.data, out / "answers", options, say)
    with run.index() as index:
        ratings = of_run(index, options.data, replace(options.files, own=True))
    if not ratings.people().any():
        raise InputError("the files hold no label of people to measure the judge by")
    answers = _answers(run, judge)
    wordings = dict.fromkeys((*options.wordings, *(rewordings(judge) if options.own_wordings else ())))
    ordinary, notes = _ordinary(judge, out, options, say)
    parts = Parts(
        ordinary=ordinary,
        notes=notes,
        again=[_verdicts_in(_judged(judge, options.data, out / f"again-{n}", options, say), judge, answers)
               for n in range(2, options.repeats + 1)],
        wordings={name: _verdicts_in(_judged(name, options.data, out / f"wording-{n}", options, say), name, answers)
                  for n, name in enumerate(wordings, 1)},
        attacked=_attacked(judge, answers, right_labels(ratings, judge), out, options, say),
    )  # fmt: skip
    sheet = _sheet(judge, run, options, with_majority(ratings), answers, parts)
    write_atomic(out / "datasheet.json", [json_text(msgspec.to_builtins(sheet))])
    return sheet


def _judged(judge: str, source: Any, out: Path, options: MeasureOptions, say: Say) -> Run:
    files = [str(path) for path in source] if source and isinstance(source[0], Path) else source
    run = carry_out(judging(files, judge, options.options, say), out, say)
    stopped = run.info().stopped
    if stopped:
        say(f"{out}: stopped: {stopped}; the same command goes on from there")
    return run


def _seen_in_training(run: Run, judge: str, what: str) -> list[str]:
    """Return the note that must stand beside numbers of answers on which the judge was trained, if it was on any."""
    seen = [one.in_training for one in run.judgments(judge)]
    count = sum(seen)
    flatters = "what is measured on them flatters it"
    return [f"{count:,} of the {len(seen):,} {what} answers were in its training data: {flatters}."] if count else []


def _answers(run: Run, judge: str) -> JudgedAnswers:
    said = {one.response_id: (_number(one.unsafe), _number(one.p_unsafe)) for one in run.judgments(judge)}
    with run.index() as index, PairReader(run) as reader:
        pairs = [reader.read(place) for place in index.pairs()]
    numbers: dict[str, int] = {}
    return JudgedAnswers(
        pairs,
        [prompt.language or detect(prompt.text) or "" for prompt, _ in pairs],
        np.array([numbers.setdefault(prompt.id, len(numbers)) for prompt, _ in pairs], dtype=np.int64),
        *np.array([said.get(response.id, (np.nan, np.nan)) for _, response in pairs]).T,
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _verdicts_in(run: Run, judge: str, answers: JudgedAnswers) -> Doubles:
    """Return what another run says of the same answers, in their order."""
    said = {one.response_id: one.unsafe for one in run.judgments(judge)}
    return np.array([_number(said.get(response.id)) for _, response in answers.pairs])


def _ordinary(judge: str, out: Path, options: MeasureOptions, say: Say) -> tuple[JudgedAnswers | None, list[str]]:
    if not options.ordinary:
        return None, []
    run = _judged(judge, options.ordinary, out / "ordinary", options, say)
    return _answers(run, judge), _seen_in_training(run, judge, "ordinary")


def _attacked(
    judge: str, answers: JudgedAnswers, right: Doubles, out: Path, options: MeasureOptions, say: Say
) -> tuple[JudgedAnswers, Doubles] | None:
    """Return the answers that try to talk the judge round, and whether it stood by *unsafe* (1, 0, nan)."""
    chosen = np.flatnonzero((answers.verdict == 1) & (right == 1))[:MOST_ATTACKED].tolist()
    if not options.injections or not chosen:
        return None
    rows = [row for one in chosen for row in _with_injections(one, answers.pairs[one], answers.language[one])]
    plain = MeasureOptions(
        data=options.data, options=Options(limits=options.options.limits, prices=options.options.prices)
    )
    found = _answers(_judged(judge, rows, out / "injections", plain, say), judge)
    return found, found.verdict


def _with_injections(number: int, answered: tuple[Prompt, Response], language: str) -> Iterator[dict[str, Any]]:
    prompt, response = answered
    messages = [{"role": turn.role, "content": turn.shown} for turn in prompt.messages]
    for name, texts in _injections().items():
        text = texts.get(language.partition("-")[0], texts["en"])
        yield {
            "id": f"{number}",
            "model": name,
            "messages": messages,
            "response": f"{response.text}\n\n{text}",
            "language": language or None,
        }


def _injections() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "injections.toml").read_text(encoding="utf-8"))


def _sheet(
    judge: str, run: Run, options: MeasureOptions, ratings: Ratings, answers: JudgedAnswers, parts: Parts
) -> DataSheet:
    info = run.info()
    ordinary = parts.ordinary.language if parts.ordinary else ()
    languages = sorted({one for one in (*answers.language, *ordinary) if one})
    judged = sum(step.judged for step in info.steps)
    cost, seconds = info.cost, sum(step.seconds for step in info.steps)
    reasons = reasons_of(run, judge, answers)
    return DataSheet(
        judge=judge,
        card_hash=info.judges[judge].card_hash,
        hantei=__version__,
        created=now(),
        data=tuple(path.name for path in options.data),
        ordinary=tuple(path.name for path in options.ordinary),
        languages=tuple(
            language_sheet(one, judge, ratings, answers, parts, reasons) for one in (EVERYTHING, *languages)
        ),
        cost_per_1000=None if cost is None or not judged else 1000 * cost / judged,
        seconds_per_1000=1000 * seconds / judged if judged else None,
        repeats=options.repeats,
        notes=(*_seen_in_training(run, judge, "labelled"), *parts.notes),
        notices=info.judges[judge].notices,
    )
