"""The heat map: a judge's rate of unsafe answers by harm type and system."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.records import Rate
from hantei.reports.figures import HeatMap, HeatRow
from hantei.reports.geometry import MIN_COLOURED
from hantei.reports.results import NAME_LIMIT, JudgeResults, Results
from hantei.reports.rooms.tables import rate_table
from hantei.reports.section import Column, ReportRow, Section, lead
from hantei.reports.text import clip

_READING = (
    f"Each cell is unsafe of judged. Cells with fewer than {MIN_COLOURED} judged answers have no colour and no "
    "percentage: chance alone would paint them."
)
_BY_THE_JUDGE = (
    "The prompts name no harm type: these are the judge's own words for what it finds unsafe, of all judged answers."
)
_MOST = 30


def harms(results: Results) -> Iterator[Section]:
    """Yield each judge's heat map, where its prompts have harm types."""
    for judge in results.judges:
        groups: dict[str, list[str]] = {}
        for harm in judge.values("harm_type"):
            groups.setdefault(harm.rsplit("/", 1)[0], []).append(harm)
        if groups:
            yield Section(
                key="harms",
                title="Harm types",
                figures=(_heat_map(results, judge, groups),),
                notes=(lead(_READING),),
                judge=judge.name,
                terminal=False,
            )


def harms_by_the_judge(results: Results) -> Iterator[Section]:
    """Yield what each judge calls the harm of the answers that it finds unsafe, where prompts name no harm type."""
    for judge in results.judges:
        named = judge.values("category")
        most = sorted(named, key=lambda one: -_hits(judge.get("category_rate", category=one)))[:_MOST]
        if most:
            columns = [Column(title=clip(system, NAME_LIMIT)) for system in judge.systems]
            rows = [
                ReportRow(
                    name=results.label("category", category),
                    cells=tuple(judge.get("category_rate", category=category, system=one) for one in judge.systems),
                )
                for category in most
            ]
            yield Section(
                key="categories",
                title="Harm types, as the judge names them",
                tables=(rate_table("Unsafe answers of each harm type", "Harm type", columns, rows),),
                notes=(lead(_BY_THE_JUDGE),),
                judge=judge.name,
                terminal=False,
            )


def _hits(rate: Rate | None) -> float:
    return rate.numerator if rate else 0


def _heat_map(results: Results, judge: JudgeResults, groups: dict[str, list[str]]) -> HeatMap:
    return HeatMap(
        title=f"{judge.main.title} by harm type and system",
        rate_title=judge.main.title,
        systems=tuple(judge.systems),
        groups=tuple(
            (
                _row(results, judge, "risk_area", area),
                tuple(_row(results, judge, "harm_type", harm) for harm in members),
            )
            for area, members in groups.items()
        ),
    )


def _row(results: Results, judge: JudgeResults, dimension: str, value: str) -> HeatRow:
    main, where = judge.main.name, {dimension: value}
    rates = [judge.get(main, system=system, **where) for system in judge.systems]
    if len(judge.systems) != 1:
        rates.append(judge.get(main, **where))
    return HeatRow(value, results.label(dimension, value), tuple(rates))
