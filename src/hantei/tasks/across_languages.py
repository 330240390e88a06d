"""Judging the same dialogues in several languages; asking a model the same prompts first where there are no answers."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hantei import critiques
from hantei.critiques.across import AcrossLanguages, SaidOfPair, across, critique_scores
from hantei.critiques.alignment import AlignedLanguages, alignment
from hantei.critiques.critique import CheckedCritique, Critique
from hantei.critiques.embedded import EmbeddedChecker
from hantei.critiques.matching import matcher
from hantei.critiques.pairs import PairedRow, read_pairs
from hantei.critiques.scoring import CritiqueScores
from hantei.errors import RunError, UsageError
from hantei.files import write_atomic
from hantei.progress import Say
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.options import Options
from hantei.tasks.task import asking, judging


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossOptions:
    """How the dialogues are judged.

    Args:
        judge: its name.
        model: who answers prompts that have no answer; None: they get the same fixed answers in every language.
        limit: only so many pairs, spread over all of them; None for all.
        matcher: ``encoder`` or ``lexical``, what matches the units of critiques.
        options: how the judge and the model are asked.
    """

    judge: str
    model: str | None = None
    limit: int | None = None
    matcher: str = "encoder"
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossResult:
    """What differs between languages: whether rows fit together, who answered, what was left out."""

    judge: str
    answered: str
    aligned: tuple[AlignedLanguages, ...]
    left_out: int
    between: tuple[AcrossLanguages, ...]
    critiques: tuple[CritiqueScores, ...]


def judge_across(
    pairs: str | Path, out: str | Path, options: AcrossOptions, say: Say = lambda _line: None
) -> AcrossResult:
    """Judge the same dialogues in several languages in the run folder ``out``, and return what differs.

    Rows that the sentence encoder doubts to be the same are left out of the comparison.

    Args:
        pairs: a table with the columns ``pair`` and ``language``, or a folder with a folder for each language.
        out: the run folder; the same again goes on where it ended.
        options: how they are judged.
        say: takes lines for people.

    Raises:
        UsageError: no such file, judge or model, or fewer than two languages.
        InputError: a table cannot be read.
        RunError: the folder belongs to another plan or is in use, no call to a model works, or it was stopped.
    """
    rows = read_pairs(Path(pairs))
    aligned = alignment(rows)
    doubted = {pair for one in aligned for pair in one.doubted}
    kept = _limited([row for row in rows if row.pair not in doubted], options.limit)
    run, answered = _judged(kept, Path(out), options, say)
    stopped = run.info().stopped
    if stopped:
        raise RunError(f"{run.path}: stopped: {stopped}; the same command goes on from there")
    said = list(_said(run, kept, options))
    return AcrossResult(
        judge=options.judge,
        answered=answered,
        aligned=tuple(aligned),
        left_out=len(doubted),
        between=tuple(across(said)),
        critiques=tuple(critique_scores(said)),
    )


def _limited(rows: Sequence[PairedRow], limit: int | None) -> list[PairedRow]:
    pairs = list(dict.fromkeys(row.pair for row in rows))
    if limit is None or limit >= len(pairs):
        return list(rows)
    chosen = {pairs[place * len(pairs) // limit] for place in range(limit)}
    return [row for row in rows if row.pair in chosen]


def _judged(rows: Sequence[PairedRow], out: Path, options: AcrossOptions, say: Say) -> tuple[Run, str]:
    """Return the run, and who answered, in words.

    Raises:
        UsageError: only some rows have an answer, or all have and a model is to give them.
    """
    answered = [row.answered for row in rows]
    if all(answered):
        if options.model:
            raise UsageError(f"--model {options.model}: the rows have answers; leave it out")
        given = [{**row.cells, "id": row.id} for row in rows]
        return carry_out(judging(given, options.judge, options.options, say), out, say), "the answers of the rows"
    if any(answered):
        raise UsageError("expected an answer in every row or in none")
    if options.model is None:
        fixed = [one for row in rows for one in _with_fixed_answers(row)]
        return carry_out(judging(fixed, options.judge, options.options, say), out, say), "fixed answers"
    prompts = out.parent / f"{out.name}.prompts.jsonl"
    lines = (json.dumps({**row.cells, "id": row.id, "language": row.language}) + "\n" for row in rows)
    write_atomic(prompts, (line.encode() for line in lines))
    task = asking(options.model, str(prompts), options.judge, options.options, say)
    return carry_out(task, out, say), f"answers of {options.model}"


def _with_fixed_answers(row: PairedRow) -> Iterator[dict[str, Any]]:
    """Yield a row for each of the fixed answers, as that of a system.

    Raises:
        UsageError: there is none in this language.
    """
    text = (Path(critiques.__file__).parent / "fixed_answers.toml").read_text(encoding="utf-8")
    for name, answers in tomllib.loads(text).items():
        answer = answers.get(row.language.partition("-")[0])
        if answer is None:
            raise UsageError(f"there is no fixed answer in {row.language}: name a --model that answers")
        yield {**row.cells, "id": row.id, "language": row.language, "model": name, "response": answer}


def _said(run: Run, rows: Sequence[PairedRow], options: AcrossOptions) -> Iterator[SaidOfPair]:
    by_id = {row.id: row for row in rows}
    judgments = {one.response_id: one for one in run.judgments(options.judge) if one.turn is None and not one.repeat}
    prompts = {prompt.id: prompt for prompt in run.prompts()}
    answers = [one for one in run.responses() if one.id in judgments]
    checked = _checked(answers, prompts, judgments, by_id, options)
    for response in answers:
        row, said = by_id[response.prompt_id], judgments[response.id]
        yield SaidOfPair(
            pair=row.pair,
            system=response.system,
            language=row.language,
            unsafe=said.unsafe,
            refused=None if said.refusal is None else said.refusal != "none",
            score=said.p_unsafe if said.score is None else said.score,
            scale=None if said.score is None else said.scale,
            critique=checked.get(response.id),
        )


def _checked(
    answers: Sequence[Response],
    prompts: Mapping[str, Prompt],
    judgments: Mapping[str, Judgment],
    rows: Mapping[str, PairedRow],
    options: AcrossOptions,
) -> dict[str, CheckedCritique]:
    """Return the critiques of rows with reference units, checked within each language, by the answer's id."""
    found: dict[str, list[Critique]] = {}
    for response in answers:
        row = rows[response.prompt_id]
        if row.units:
            one = Critique(
                id=response.id,
                judge=options.judge,
                language=row.language,
                prompt=prompts[response.prompt_id],
                response=response,
                text=judgments[response.id].critique,
                reference=row.units,
            )
            found.setdefault(row.language, []).append(one)
    if not found:
        return {}
    checker = EmbeddedChecker(matcher(options.matcher))
    return {one.id: one for group in found.values() for one in checker.check(group)}
