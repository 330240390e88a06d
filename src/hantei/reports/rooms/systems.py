"""Rates by system, and the judges side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei.metrics.definitions import shown_in
from hantei.records import Rate
from hantei.reports.results import MANY, NAME_LIMIT, JudgeResults, Results
from hantei.reports.rooms.tables import ALL_SYSTEMS, columns, rate_table, rates
from hantei.reports.section import Cell, Column, ReportRow, ReportTable, Section, lead
from hantei.reports.text import clip
from hantei.reports.wording import reasons

_CALLED_UNSAFE = "The share of each system's answers that each judge calls unsafe; people are judges, too."


def judges(results: Results) -> Iterator[Section]:
    """Yield the judges side by side where there are several: of several systems each one's rate, never of all."""
    if len(results.judges) < 2:
        return
    systems = list(dict.fromkeys(system for judge in results.judges for system in judge.systems))
    table = _of_systems(results, systems) if len(systems) > 1 else _of_one(results)
    yield Section(
        key="judges",
        title="The judges side by side",
        tables=(table,),
        notes=(lead(_CALLED_UNSAFE),) if len(systems) > 1 else (),
        terminal=False,
        folded=len(systems) > MANY,
    )


def _of_systems(results: Results, systems: Sequence[str]) -> ReportTable:
    """Return what each judge, people among them, calls unsafe of each system's answers: a column a judge."""
    titles = [
        Column(title=clip(judge.name, NAME_LIMIT), unsafe=results.validated(judge.name)) for judge in results.judges
    ]
    rows = (
        ReportRow(
            name=clip(system, NAME_LIMIT),
            number=number,
            cells=tuple(judge.get(judge.main.name, system=system) for judge in results.judges),
        )
        for number, system in enumerate(systems, 1)
    )
    return rate_table("Called unsafe, by system and judge", "System", titles, rows)


def _of_one(results: Results) -> ReportTable:
    """Return the judges' rates of the one system: a row a judge."""
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
    unsafe = Column(title="Called unsafe", unsafe=all(results.validated(judge.name) for judge in results.judges))
    return rate_table("The judges side by side", "Judge", [unsafe, *columns(metrics, validated=True)], rows)


def systems(results: Results) -> Iterator[Section]:
    """Yield each judge's rates by system, with all systems together where there are several."""
    for judge in results.judges:
        metrics = judge.metrics("systems")
        rows = list(_rows(judge, [metric.name for metric in metrics], judge.main.name))
        table = rate_table(
            "Rates by system",
            "System",
            [*columns(metrics, results.validated(judge.name)), Column(title="No verdict")],
            rows,
        )
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
