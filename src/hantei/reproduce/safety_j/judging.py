"""What hantei's judges say of the label sets, and what they were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hantei.engine.limits import Limits
from hantei.errors import RunError
from hantei.judges.card import load_card
from hantei.progress import Say
from hantei.records import Judgment
from hantei.reproduce.safety_j.accuracy import JudgedRow
from hantei.reproduce.safety_j.sets import LabelSet
from hantei.runs.folder import file_name
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.options import Options
from hantei.tasks.task import judging


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSets:
    """A judge's verdicts by set. ``trained`` says in a few words what it was trained on, as far as that is known."""

    judge: str
    trained: str
    rows: Mapping[str, Sequence[JudgedRow]]


def judge_sets(judge: str, sets: Sequence[LabelSet], runs: Path, limits: Limits, say: Say) -> JudgedSets:
    """Judge every set, each in a run folder of its own below ``runs``, which is gone on with if it is there.

    Args:
        judge: its name.
        sets: the label sets.
        runs: where the run folders are.
        limits: of what is asked.
        say: takes lines for people.

    Raises:
        UsageError: no such judge, or its model cannot be asked.
        RunError: a folder belongs to another plan or is in use, no call to a model works, or a judging was stopped.
    """
    rows = {one.name: _judged(judge, one, runs, limits, say) for one in sets}
    return JudgedSets(judge=judge, trained=trained_on(judge, rows), rows=rows)


def _judged(judge: str, one: LabelSet, runs: Path, limits: Limits, say: Say) -> list[JudgedRow]:
    options = Options(language=one.language, limits=limits)
    run = carry_out(judging([str(one.path)], judge, options, say), runs / f"{one.name}-{file_name(judge)}", say)
    stopped = run.info().stopped
    if stopped:
        raise RunError(f"{run.path}: stopped: {stopped}; the same command goes on from there")
    said = {judgment.response_id: judgment for judgment in run.judgments(judge)}
    return [_row(row.question, bool(row.labels.unsafe), said[row.response.id]) for row in one.rows]


def _row(question: str, unsafe: bool, said: Judgment) -> JudgedRow:
    return JudgedRow(
        question=question,
        unsafe=unsafe,
        said=said.unsafe,
        why="" if said.unsafe is not None else said.reason or said.status,
        seen=said.in_training,
    )


def trained_on(judge: str, rows: Mapping[str, Sequence[JudgedRow]]) -> str:
    """Return what a judge was trained on: answers of these sets, else the sources of its card, where that is known."""
    seen = {name: sum(row.seen for row in judged) for name, judged in rows.items()}
    known = [f"{count:,} of {len(rows[name]):,} {name}" for name, count in seen.items() if count]
    sources = [source["name"] for source in load_card(judge).data.get("sources", ()) if "name" in source]
    if known:
        return f"these very answers: {', '.join(known)}"
    return f"none of these answers; {', '.join(sources)}" if sources else "not known to hantei: ask its makers"
