"""The people of a run: whoever has a file of labels in its folder ``labels``, whatever ``run.json`` says meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hantei.errors import RecordError
from hantei.record_lines import from_line, lines
from hantei.records import Judgment
from hantei.runs.info import JudgeInfo

OWN_GUIDELINE = "default"
"""The name of hantei's own guideline, which a person's name does not repeat."""

RULING, SECOND, SETTLED = "+ruling", "+second", "+settled"
"""What follows the name of a judge that says what it does knowing what others said: what somebody decided between
them, what somebody says at a second look, and what stands in the end of what several said."""


def derived(judge: str, what: str) -> str:
    """Return the name of what comes of a person's or several people's labels: ``human:dora+ruling@strict``."""
    name, at, guideline = judge.partition("@")
    return f"{name}{what}{at}{guideline}"


def is_derived(judge: str) -> bool:
    """Whether a judge says what it does knowing what people said, so that it is no further person to agree with."""
    return is_informed(judge) or (judge.startswith("human:") and judge.partition("@")[0].endswith(SETTLED))


def is_informed(judge: str) -> bool:
    """Whether it is what a person said knowing what others or a judge had said: no label to measure anything by."""
    return judge.startswith("human:") and judge.partition("@")[0].endswith((RULING, SECOND))


def guidelines(judges: Mapping[str, JudgeInfo]) -> dict[str, str]:
    """Return by which guideline each person labelled, where it is known."""
    return {name: one.guideline for name, one in judges.items() if one.guideline and not is_derived(name)}


def people_of(labels: Path) -> dict[str, JudgeInfo]:
    """Return the people whose labels lie in a folder, by name, with what a run knows of a judge.

    They are told by their files, so that labels can be given while something else writes the run.
    """
    found: dict[str, JudgeInfo] = {}
    for path in sorted(labels.glob("*.jsonl")):
        first = next((line for _, line in lines(path)), None)
        if first is None:
            continue
        try:
            label = from_line(Judgment, first)
        except RecordError:
            continue  # whoever reads the file says what is wrong with it
        if label.judge.startswith("human:"):
            guideline = label.judge.partition("@")[2] or (OWN_GUIDELINE if label.card_hash else None)
            found[label.judge] = JudgeInfo(
                card_hash=label.card_hash or "",
                rate_kind="violation",
                guideline=guideline,
                description="A person's labels.",
            )
    return found
