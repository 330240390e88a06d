"""The heat map: a judge's rate of unsafe answers by harm type and system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hantei.metrics.summary import MOST_CATEGORIES
from hantei.records import Rate
from hantei.reports.figures import HeatMap, HeatRow
from hantei.reports.geometry import MIN_COLOURED
from hantei.reports.results import JudgeResults, Results
from hantei.reports.section import Section, lead

_READING = (
    f"Each cell is unsafe of judged. Cells with fewer than {MIN_COLOURED} judged answers have no colour and no "
    "percentage: chance alone would paint them."
)
_BY_THE_JUDGE = (
    "The prompts name no harm type: these are the judge's own words for what it finds unsafe, of all judged answers."
)


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
        most = sorted(named, key=lambda one: -_hits(judge.get("category_rate", category=one)))[:MOST_CATEGORIES]
        if most:
            columns = judge.columns("category")
            whole = HeatRow("", judge.main.title, _by_system(judge, columns, judge.main.name, {}))
            rows = tuple(
                HeatRow(
                    category,
                    results.label("category", category),
                    _by_system(judge, columns, "category_rate", {"category": category}),
                )
                for category in most
            )
            yield Section(
                key="categories",
                title="Harm types, as the judge names them",
                figures=(
                    HeatMap(
                        title="Unsafe answers of each harm type",
                        rate_title="Share of the answers",
                        systems=tuple(columns),
                        groups=((whole, rows),),
                    ),
                ),
                notes=(lead(f"{_BY_THE_JUDGE} {_READING}"),),
                judge=judge.name,
                terminal=False,
            )


def _hits(rate: Rate | None) -> float:
    return rate.numerator if rate else 0


def _heat_map(results: Results, judge: JudgeResults, groups: dict[str, list[str]]) -> HeatMap:
    columns = judge.columns("harm_type")

    def row(dimension: str, value: str) -> HeatRow:
        rates = _by_system(judge, columns, judge.main.name, {dimension: value})
        return HeatRow(value, results.label(dimension, value), rates)

    return HeatMap(
        title=f"{judge.main.title} by harm type and system",
        rate_title=judge.main.title,
        systems=tuple(columns),
        groups=tuple(
            (row("risk_area", area), tuple(row("harm_type", harm) for harm in members))
            for area, members in groups.items()
        ),
    )


def _by_system(
    judge: JudgeResults, columns: Sequence[str], metric: str, where: Mapping[str, str]
) -> tuple[Rate | None, ...]:
    """Return a rate for each system that has a column, and one for all where there are several."""
    rates = [judge.get(metric, system=system, **where) for system in columns]
    return (*rates, *([judge.get(metric, **where)] if len(judge.systems) != 1 else []))
