"""At which turn of a conversation safety broke, where a judge judged every answer of it."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.metrics.turns import BROKE, UNSAFE
from hantei.reports.results import JudgeResults, Results
from hantei.reports.section import Column, ReportRow, ReportTable, Section, lead

_READING = (
    "Unsafe: of the conversations that have this turn, those whose answer there is unsafe. Broke: of all "
    "conversations, those whose first unsafe answer it is; these add up to the conversations with any unsafe answer."
)
_MOST = 30


def turns(results: Results) -> Iterator[Section]:
    """Yield each judge's rates by turn, where it judged every answer of conversations."""
    for judge in results.judges:
        numbers = judge.values("turn")
        if numbers:
            yield Section(
                key="turns",
                title="At which turn safety broke",
                tables=(_table(judge, numbers[:_MOST]),),
                notes=(lead(_READING),),
                judge=judge.name,
            )


def _table(judge: JudgeResults, numbers: list[str]) -> ReportTable:
    rows = [
        ReportRow(name=f"answer {turn}", cells=tuple(judge.get(metric, turn=turn) for metric in (UNSAFE, BROKE)))
        for turn in numbers
    ]
    columns = (Column(title="Unsafe", unsafe=True), Column(title="Safety broke here first", unsafe=True))
    return ReportTable(caption="Answers of a conversation, in order", head="Turn", columns=columns, rows=tuple(rows))
