"""Rates by system, and the judges side by side."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.metrics.definitions import shown_in
from hantei.records import Rate
from hantei.reports.results import NAME_LIMIT, JudgeResults, Results
from hantei.reports.rooms.tables import ALL_SYSTEMS, columns, rate_table, rates
from hantei.reports.section import Cell, Column, ReportRow, Section
from hantei.reports.text import clip
from hantei.reports.wording import reasons


def judges(results: Results) -> Iterator[Section]:
    """Yield the judges side by side where there are several."""
    if len(results.judges) < 2:
        return
    there = [metric for metric in shown_in("judges") if any(judge.get(metric.name) for judge in results.judges)]
    metrics = [metric for metric in there if metric.rate_kind is None]
    rows = [
        ReportRow(
            name=clip(judge.name, NAME_LIMIT),
            note=judge.main.title.lower(),
            cells=(judge.get(judge.main.name), *rates(judge, metrics)),
        )
        for judge in results.judges
    ]
    unsafe = Column(title="Called unsafe", unsafe=any(results.validated(judge.name) for judge in results.judges))
    table = rate_table("The judges side by side", "Judge", [unsafe, *columns(metrics)], rows)
    yield Section(key="judges", title="The judges side by side", tables=(table,), terminal=False)


def systems(results: Results) -> Iterator[Section]:
    """Yield each judge's rates by system, with all systems together where there are several."""
    for judge in results.judges:
        metrics = judge.metrics("systems")
        rows = list(_rows(judge, [metric.name for metric in metrics], judge.main.name))
        table = rate_table("Rates by system", "System", [*columns(metrics), Column(title="No verdict")], rows)
        yield Section(key="systems", title="Systems", tables=(table,), judge=judge.name)


def _rows(judge: JudgeResults, metrics: list[str], main: str) -> Iterator[ReportRow]:
    for number, system in enumerate(judge.systems, 1):
        cells = (*(judge.get(metric, system=system) for metric in metrics), _missing(judge.get(main, system=system)))
        yield ReportRow(name=clip(system, NAME_LIMIT), cells=cells, number=number)
    if len(judge.systems) != 1:
        whole: tuple[Cell, ...] = (*(judge.get(metric) for metric in metrics), _missing(judge.get(main)))
        yield ReportRow(name=ALL_SYSTEMS, cells=whole, total=True)


def _missing(rate: Rate | None) -> str:
    return reasons(rate.no_verdict) or "0" if rate else "0"
