"""What a reader must know of a run that ended early, in which calls failed, or answers were judged several times."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo
from hantei.runs.pending import not_asked


def run_notices(info: RunInfo, index: Index) -> tuple[str, ...]:
    """Return what must be seen beside the numbers of a run that asked a model: prompts not asked, answers not got."""
    left_out = info.steps[-1].left_out if info.steps else None
    missing = not_asked(index, info.plan)
    if not missing:
        return (f"The run is not whole: left out: {left_out}.",) if left_out else ()
    expected = index.counts()["prompts"] * info.plan.samples * len(info.plan.models)
    of = ", ".join(f"{count:,} of {system}" for system, count in missing.items())
    by_system = f" ({of})" if len(info.plan.models) > 1 else ""
    return (
        f"{sum(missing.values()):,} of {expected:,} answers{by_system} were not asked for and are in no rate; the "
        "prompts that were asked are those whose turn came first, not a random draw. The run is not whole: "
        f"{info.stopped or 'it was not finished'}.",
    )


def draw_notices(index: Index) -> Iterator[str]:
    """Yield a line for each person whose answers were drawn with different chances: a plain share of them misleads."""
    query = "SELECT COUNT(DISTINCT sampling_p) FROM judgments WHERE judge = ?"
    for number, name in index.judges():
        if name.startswith("human:") and index.db.execute(query, (number,)).fetchone()[0] > 1:
            yield (
                f"{name} labelled answers that were drawn with different chances: its rates here are of those answers "
                f"alone. hantei estimate --labels {name} weighs them for all."
            )


def rule_notices(info: RunInfo, index: Index) -> Iterator[str]:
    """Yield a line for each judge that judged turns of an answer, or an answer again: what its rates count."""
    turns = {"last": "that of the last turn", "any": "the gravest of its turns"}[info.rule.turns]
    repeats = {"first": "the first of several", "majority": "what most of several say"}[info.rule.repeats]
    for number, name in index.judges():
        if index.judged_several(number):
            yield f"{name} gave several judgments of an answer. Its rates count one an answer: {turns}, and {repeats}."


def regional_notices(info: RunInfo, index: Index) -> Iterator[str]:
    """Yield a line for each regional rule of a judge that prompts of this run were judged by, with their number."""
    query = """SELECT COUNT(DISTINCT r.prompt) FROM judgments j JOIN responses r ON r.no = j.response
        JOIN prompts p ON p.no = r.prompt JOIN groups g ON g.no = p.grp WHERE j.judge = ? AND LOWER(g.region) = ?"""
    for number, name in index.judges():
        for region, text in info.judges.get(name, JudgeInfo()).regional.items():
            prompts = index.db.execute(query, (number, region)).fetchone()[0]
            if prompts:
                yield f"{name} judged {prompts:,} prompts of {region.upper()} by a rule for that region alone: {text}"
