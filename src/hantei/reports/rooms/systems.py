"""Rates by system, and the judges side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
        rows = list(_rows(judge, [metric.name for metric in metrics], results.settings.get("not_asked", {})))
        table = rate_table(
            "Rates by system",
            "System",
            [*columns(metrics, results.validated(judge.name)), Column(title="No verdict")],
            rows,
        )
        yield Section(key="systems", title="Systems", tables=(table,), judge=judge.name)


def _rows(judge: JudgeResults, metrics: list[str], not_asked: Mapping[str, int]) -> Iterator[ReportRow]:
    """Yield a row a system, those that never answered too, and one of all together."""
    main, systems = judge.main.name, list(dict.fromkeys((*judge.systems, *not_asked)))
    for number, system in enumerate(systems, 1):
        missing = _missing(judge.get(main, system=system), not_asked.get(system, 0))
        cells = (*(judge.get(metric, system=system) for metric in metrics), missing)
        yield ReportRow(name=clip(system, NAME_LIMIT), cells=cells, number=number)
    if len(systems) != 1:
        missing = _missing(judge.get(main), sum(not_asked.values()))
        whole: tuple[Cell, ...] = (*(judge.get(metric) for metric in metrics), missing)
        yield ReportRow(name=ALL_SYSTEMS, cells=whole, total=True)


def _missing(rate: Rate | None, not_asked: int) -> str:
    """Return why answers have no verdict; of some there is no answer, as they were not asked for."""
    said = [reasons(rate.no_verdict)] if rate and rate.no_verdict else []
    return ", ".join([*said, f"{not_asked:,} not asked"] if not_asked else said) or "0"
