"""A table of rates: what several rooms show, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hantei.metrics.definitions import Metric
from hantei.records import Rate
from hantei.reports.results import JudgeResults
from hantei.reports.section import Column, ReportRow, ReportTable

ALL_SYSTEMS = "All systems"


def rate_table(caption: str, head: str, columns: Sequence[Column], rows: Iterable[ReportRow]) -> ReportTable:
    """Return a table whose columns hold the rates of metrics.

    Args:
        caption: what stands above it.
        head: the title of the first column, which names the rows.
        columns: a column for each metric.
        rows: the rates, in the order of the columns.
    """
    return ReportTable(caption=caption, head=head, columns=tuple(columns), rows=tuple(rows))


def columns(metrics: Iterable[Metric], validated: bool) -> list[Column]:
    """Return a column for each metric; unsafe answers are red only where the judge is ``validated`` here."""
    return [
        Column(
            title=metric.title, unsafe=validated and metric.rate_kind is not None, terminal="terminal" in metric.shown
        )
        for metric in metrics
    ]


def rates(judge: JudgeResults, metrics: Iterable[Metric], **by: str) -> tuple[Rate | None, ...]:
    """Return a judge's rates of some metrics at one place."""
    return tuple(judge.get(metric.name, **by) for metric in metrics)
