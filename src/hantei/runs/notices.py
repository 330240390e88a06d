"""What a reader must know of a run that ended early or in which calls failed."""

from __future__ import annotations

from hantei.runs.index import Index
from hantei.runs.info import RunInfo


def run_notices(info: RunInfo, index: Index) -> tuple[str, ...]:
    """Return what must be seen beside the numbers of a run that asked a model: prompts not asked, answers not got."""
    if info.plan.model is None:
        return ()
    expected = index.counts()["prompts"] * info.plan.samples
    missing = expected - index.counts()["responses"]
    if not missing:
        return ()
    why = info.stopped or "it was not finished"
    return (
        f"{missing:,} of {expected:,} answers were not asked for and are in no rate: {why}. The prompts that "
        "were asked are the first ones, not a random draw; the same command goes on from there.",
    )
