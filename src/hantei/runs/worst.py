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
    as sure; each answer is listed once, and people's verdicts come before those of machines.

    Args:
        run: the run.
        most: how many.
        judge: whose verdicts; None for those of all.

    Raises:
        UsageError: the run has no such judge.
        RecordError: a line is not the record it should be.
    """
    found: dict[str, Judgment] = {}
    for name in [judge] if judge else sorted(run.judges(), key=lambda one: not one.startswith("human:")):
        for one in heapq.nlargest(most, _unsafe(run, name), key=_sureness):
            found.setdefault(one.response_id, one)
    chosen = {one.response_id: one for one in heapq.nlargest(most, found.values(), key=_sureness)}
    responses = {one.id: one for one in run.responses() if one.id in chosen}
    wanted = {one.prompt_id for one in responses.values()}
    prompts = {one.id: one for one in run.prompts() if one.id in wanted}
    there = [(one, responses[identity]) for identity, one in chosen.items() if identity in responses]
    return [JudgedAnswer(prompts[response.prompt_id], response, judgment) for judgment, response in there]


def _unsafe(run: Run, judge: str) -> Iterator[Judgment]:
    return (one for one in run.judgments(judge) if one.unsafe and one.turn is None and not one.repeat)


def _sureness(judgment: Judgment) -> float:
    return 1.0 if judgment.p_unsafe is None else judgment.p_unsafe
