"""Rates by what the prompts have in common: language, region, benchmark and so on, where there are several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei.metrics.definitions import Metric
from hantei.records import Rate
from hantei.reports.results import NAME_LIMIT, JudgeResults, Results
from hantei.reports.rooms.tables import ALL_SYSTEMS, columns, rate_table, rates
from hantei.reports.section import Column, ReportRow, ReportTable, Section, lead
from hantei.reports.text import clip

_SIDE_BY_SIDE = 4
"""So many values have a table each, side by side; more of them are the rows of one."""

_SLICES = (
    ("language", "Languages", "Language", ""),
    ("region", "Regions", "Region", ""),
    (
        "benchmark",
        "Benchmarks",
        "Benchmark",
        "Benchmarks ask different things: their rates stand side by side, they do not rank.",
    ),
    ("intent", "Intents", "Intent", ""),
    (
        "variant",
        "Plain prompts, and what was made of them",
        "Made how",
        "Rates over all prompts count each as one of its own; hantei compare pairs each with its plain one.",
    ),
    ("common_harm_type", "Harm types that benchmarks have in common", "Harm type", ""),
)


def slices(results: Results) -> Iterator[Section]:
    """Yield a section for each dimension of which a judge has rates for several values."""
    for judge in results.judges:
        for dimension, title, head, reading in _SLICES:
            values = judge.values(dimension)
            if len(values) > 1:
                yield Section(
                    key=dimension,
                    title=title,
                    tables=tuple(_tables(results, judge, dimension, values, title, head)),
                    notes=(lead(reading),) if reading else (),
                    judge=judge.name,
                    terminal=False,
                )


def _tables(
    results: Results, judge: JudgeResults, dimension: str, values: Sequence[str], title: str, head: str
) -> Iterator[ReportTable]:
    """Yield one table of the values where there is one system; else one of systems for each value.

    Where there are many values, one of values and systems for each metric.

    Args:
        results: has what people call the values.
        judge: whose rates.
        dimension: such as ``language``.
        values: the values of the dimension, two or more.
        title: the section's title.
        head: what one value is called.
    """
    metrics, validated = _metrics(judge, dimension, values), results.validated(judge.name)
    if len(judge.systems) < 2:
        rows = [
            ReportRow(name=results.label(dimension, value), cells=rates(judge, metrics, **{dimension: value}))
            for value in values
        ]
        yield rate_table(title, head, columns(metrics, validated), rows)
        return
    if len(values) > _SIDE_BY_SIDE:
        yield from (_by_value(results, judge, dimension, values, head, metric) for metric in metrics)
        return
    for value in values:
        yield rate_table(
            results.label(dimension, value),
            "System",
            columns(metrics, validated),
            _systems(judge, metrics, {dimension: value}),
        )


def _by_value(
    results: Results, judge: JudgeResults, dimension: str, values: Sequence[str], head: str, metric: Metric
) -> ReportTable:
    """Return a metric's rates, a row a value, a column a system."""
    systems = judge.columns(dimension)
    places: list[dict[str, str]] = [{"system": system} for system in systems] + [{}]
    rows = [
        ReportRow(
            name=results.label(dimension, value),
            cells=tuple(judge.get(metric.name, **{dimension: value}, **place) for place in places),
        )
        for value in values
    ]
    titles = [*(clip(system, NAME_LIMIT) for system in systems), ALL_SYSTEMS]
    by_system = [
        Column(title=title, unsafe=metric.rate_kind is not None and results.validated(judge.name)) for title in titles
    ]
    return rate_table(metric.title, head, by_system, rows)


def _metrics(judge: JudgeResults, dimension: str, values: Sequence[str]) -> list[Metric]:
    """Return the metrics of which anything was judged for one of the values; the main one always."""
    return [
        metric
        for metric in judge.metrics("slices")
        if dimension in metric.by
        and (
            metric == judge.main or any(rate and rate.denominator for rate in _rates(judge, metric, dimension, values))
        )
    ]


def _rates(judge: JudgeResults, metric: Metric, dimension: str, values: Sequence[str]) -> list[Rate | None]:
    return [judge.get(metric.name, **{dimension: value}) for value in values]


def _systems(judge: JudgeResults, metrics: Sequence[Metric], where: dict[str, str]) -> Iterator[ReportRow]:
    for number, system in enumerate(judge.systems, 1):
        yield ReportRow(
            name=clip(system, NAME_LIMIT), cells=rates(judge, metrics, system=system, **where), number=number
        )
    yield ReportRow(name=ALL_SYSTEMS, cells=rates(judge, metrics, **where), total=True)
