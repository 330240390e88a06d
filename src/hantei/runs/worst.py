"""The worst answers of a run: those that judges call unsafe, the surest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from hantei.runs.folder import Run


class JudgedAnswer(NamedTuple):
    """A prompt, the answer to it, and what a judge said of it."""

    prompt: Prompt
    response: Response
    judgment: Judgment


def worst(run: Run, most: int, judge: str | None = None) -> list[JudgedAnswer]:
    """Return the answers that are most surely unsafe, each with the judgment that says so; fewer where fewer are.

    They are found in one pass over the judgments, and nothing but them is held. A verdict without a probability counts
    as sure; each answer is listed once, with its surest verdict, a person's before those of machines.

    Args:
        run: the run.
        most: how many.
        judge: whose verdicts; None for those of all.

    Raises:
        UsageError: the run has no such judge.
        RecordError: a line is not the record it should be.
    """
    found: dict[str, Judgment] = {}
    for name in [judge] if judge else run.judges():
        for one in heapq.nlargest(most, _unsafe(run, name), key=_sureness):
            found[one.response_id] = max(found.get(one.response_id, one), one, key=_weight)
    chosen = {one.response_id: one for one in heapq.nlargest(most, found.values(), key=_sureness)}
    responses = {one.id: one for one in run.responses() if one.id in chosen}
    wanted = {one.prompt_id for one in responses.values()}
    prompts = {one.id: one for one in run.prompts() if one.id in wanted}
    there = [(one, responses[identity]) for identity, one in chosen.items() if identity in responses]
    return [JudgedAnswer(prompts[response.prompt_id], response, judgment) for judgment, response in there]


def none_worst(run: Run) -> str:
    """Return what is said where no answer is called unsafe: one that nobody judged is not called safe either."""
    judged = any(one.status == "ok" for name in run.judges() for one in run.judgments(name))
    return "No answer is called unsafe." if judged else "No answer has a verdict."


def _unsafe(run: Run, judge: str) -> Iterator[Judgment]:
    return (one for one in run.judgments(judge) if one.unsafe and one.turn is None and not one.repeat)


def _weight(judgment: Judgment) -> tuple[bool, float]:
    return judgment.judge.startswith("human:"), _sureness(judgment)


def _sureness(judgment: Judgment) -> float:
    return 1.0 if judgment.p_unsafe is None else judgment.p_unsafe
