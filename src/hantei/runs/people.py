"""The people of a run: whoever has a file of labels in its folder ``labels``, whatever ``run.json`` says meanwhile."""

from __future__ import annotations

from pathlib import Path

from hantei.errors import RecordError
from hantei.record_lines import from_line, lines
from hantei.records import Judgment
from hantei.runs.info import JudgeInfo


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
            _, _, guideline = label.judge.partition("@")
            found[label.judge] = JudgeInfo(
                card_hash=label.card_hash or "",
                rate_kind="violation",
                guideline=guideline or None,
                description="A person's labels.",
            )
    return found
