"""What one judge's part of the page shows, ready to be drawn: headline, tables, heat map, actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hantei.metrics.definitions import shown_in, title
from hantei.records import ACTIONS, Rate
from hantei.reports.calibration import CascadeView, DriftRow, PersonView, cascade_view, drift_rows, person_views
from hantei.reports.charts import Bar, Plane, Segment, axis_end, bar, level, plane, stack
from hantei.reports.data import ReportInput
from hantei.reports.rates import POLICIES, Rates, RateText, describe
from hantei.reports.text import clip

NAME_LIMIT = 160
_LANGUAGES = {"en": "English", "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "fr": "French", "de": "German"}
_SLICES = (
    ("language", "Languages", "Language"),
    ("region", "Regions", "Region"),
    ("benchmark", "Benchmarks", "Benchmark"),
    ("intent", "Intents", "Intent"),
    ("common_harm_type", "Harm types that benchmarks have in common", "Harm type"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A rate in a table with its bar; ``rate`` is None where the summary does not have it."""

    rate: RateText | None
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row; ``number`` is the system's number in the two-axis picture, 0 for rows that have none."""

    name: str
    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rates side by side: each column is a metric with one axis for all its bars."""

    caption: str
    head: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell of the heat map; ``level`` is its colour, None below the least number that gets one."""

    rate: RateText | None
    level: int | None
    system: str | None


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A harm type, or the risk area above it, across the systems."""

    harm: str
    title: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Harm types by system in groups: each a risk area's own row and the rows of its harm types."""

    systems: tuple[str, ...]
    groups: tuple[tuple[HeatRow, tuple[HeatRow, ...]], ...]


@dataclass(frozen=True, slots=True)
class ActionRow:
    """What one system does: a stacked bar, and a rate for each of the six actions."""

    name: str
    segments: tuple[Segment, ...]
    rates: tuple[RateText | None, ...]


@dataclass(frozen=True, slots=True)
class JudgeView:
    """Everything that the page says of one judge's verdicts."""

    index: int
    name: str
    flagged: bool
    card: Mapping[str, Any]
    main_title: str
    main: RateText | None
    over: RateText | None
    end: float
    policy: str
    systems: Table | None
    plane: Plane | None
    harms: HeatMap | None
    actions: tuple[ActionRow, ...]
    slices: tuple[tuple[str, str, tuple[Table, ...]], ...]
    people: tuple[PersonView, ...]
    cascade: CascadeView | None
    drift: tuple[DriftRow, ...]


def judge_views(data: ReportInput) -> list[JudgeView]:
    """Return one view for each judge of the summary, in order of appearance."""
    rates = Rates(data.summary)
    return [_Builder(data, rates, judge).view(index) for index, judge in enumerate(rates.judges())]


def judges_table(data: ReportInput) -> Table | None:
    """Return the judges side by side, None where there is only one."""
    rates = Rates(data.summary)
    judges = rates.judges()
    if len(judges) < 2:
        return None
    metrics = [m.name for m in shown_in("judges") if any(map(_has(rates, m.name), judges))]
    found = [(judge, 0, [rates.get(metric, judge=judge) for metric in metrics]) for judge in judges]
    return _table("The judges side by side", "Judge", metrics, found)


def language_name(tag: str) -> str:
    """Return ``Japanese (ja)`` for a tag with a name, else the tag."""
    name = _LANGUAGES.get(tag)
    return f"{name} ({tag})" if name else tag


class _Builder:
    """Collects one judge's rates into the parts of the page."""

    def __init__(self, data: ReportInput, rates: Rates, judge: str) -> None:
        self.data, self.rates, self.judge = data, rates, judge
        self.card: Mapping[str, Any] = data.settings.get("judges", {}).get(judge, {})
        self.main = rates.main_metric(judge, self.card.get("rate_kind"))
        self.systems = rates.values(judge, "system")
        self.metrics = [m for m in rates.metrics(judge) if m not in {"violation_rate", "flagged_rate"} - {self.main}]

    def view(self, index: int) -> JudgeView:
        policy = self.data.summary.policy
        main, over = _describe(self.get(self.main)), _describe(self.get("over_refusal_rate"))
        return JudgeView(
            index=index,
            name=self.judge,
            flagged=self.main == "flagged_rate",
            card=self.card,
            main_title=title(self.main),
            main=main,
            over=over,
            end=axis_end((main, over)),
            policy=f"{policy}: {POLICIES[policy]}" if policy in POLICIES else clip(policy, NAME_LIMIT),
            systems=self.system_table(),
            plane=self.two_axes(),
            harms=self.heat_map(),
            actions=self.action_rows(),
            slices=tuple(self.slices()),
            people=person_views(self.data.summary.calibration, self.judge),
            cascade=cascade_view(self.card.get("cascade"), _describe(self.get("calls_saved_rate"))),
            drift=drift_rows(self.card.get("drift", ())),
        )

    def get(self, metric: str, **by: str) -> Rate | None:
        return self.rates.get(metric, judge=self.judge, **by)

    def system_table(self) -> Table | None:
        rows = [(s, n, [self.get(m, system=s) for m in self.metrics]) for n, s in enumerate(self.systems, 1)]
        if not rows:
            return None
        if len(rows) > 1:
            rows.append(("All systems", 0, [self.get(m) for m in self.metrics]))
        return _table("Rates by system", "System", self.metrics, rows)

    def two_axes(self) -> Plane | None:
        pairs = []
        for number, system in enumerate(self.systems, 1):
            x, y = self.get("over_refusal_rate", system=system), self.get(self.main, system=system)
            if x and y and _judged(x) and _judged(y):
                pairs.append((number, describe(x), describe(y)))
        return plane(pairs) if pairs else None

    def heat_map(self) -> HeatMap | None:
        groups: dict[str, list[str]] = {}
        for harm in self.rates.values(self.judge, "harm_type"):
            groups.setdefault(harm.rsplit("/", 1)[0], []).append(harm)
        if not groups:
            return None
        rows = tuple(
            (self.heat_row("risk_area", area), tuple(self.heat_row("harm_type", harm) for harm in harms))
            for area, harms in groups.items()
        )
        return HeatMap(tuple(self.systems), rows)

    def heat_row(self, dimension: str, value: str) -> HeatRow:
        cells = [_heat_cell(self.get(self.main, system=s, **{dimension: value}), s) for s in self.systems]
        if len(self.systems) != 1:
            cells.append(_heat_cell(self.get(self.main, **{dimension: value}), None))
        return HeatRow(value, clip(self.data.labels.get(value, value), NAME_LIMIT), tuple(cells))

    def action_rows(self) -> tuple[ActionRow, ...]:
        rows = [(system, self.actions_of(system=system)) for system in self.systems]
        if len(rows) != 1:
            rows.append(("All systems", self.actions_of()))
        return tuple(_action_row(name, rates) for name, rates in rows if any(rates))

    def actions_of(self, **by: str) -> list[Rate | None]:
        return [self.get("action_rate", action=str(action), **by) for action in range(len(ACTIONS))]

    def slices(self) -> Sequence[tuple[str, str, tuple[Table, ...]]]:
        found = []
        for dimension, caption, head in _SLICES:
            values = self.rates.values(self.judge, dimension)
            if len(values) > 1:
                found.append((dimension, caption, self.slice_tables(dimension, caption, head, values)))
        return found

    def slice_tables(self, dimension: str, title: str, head: str, values: list[str]) -> tuple[Table, ...]:
        """One table of the values where there is one system, else one table of systems for each value."""
        metrics = [self.main]
        if any(_judged(self.get("over_refusal_rate", **{dimension: value})) for value in values):
            metrics.append("over_refusal_rate")
        if len(self.systems) < 2:
            rows = [(self.value_name(dimension, v), 0, self.row(metrics, **{dimension: v})) for v in values]
            return (_table(title, head, metrics, rows),)
        tables = []
        ends = self.slice_ends(dimension, values, metrics)
        for value in values:
            rows = [(s, n, self.row(metrics, system=s, **{dimension: value})) for n, s in enumerate(self.systems, 1)]
            rows.append(("All systems", 0, self.row(metrics, **{dimension: value})))
            tables.append(_table(self.value_name(dimension, value), "System", metrics, rows, ends))
        return tuple(tables)

    def slice_ends(self, dimension: str, values: list[str], metrics: list[str]) -> list[float]:
        """One axis a metric for every value's table, so that their bars can be compared."""
        wheres = [{dimension: v, "system": s} for v in values for s in self.systems] + [{dimension: v} for v in values]
        return [axis_end(_describe(self.get(metric, **where)) for where in wheres) for metric in metrics]

    def row(self, metrics: list[str], **by: str) -> list[Rate | None]:
        return [self.get(metric, **by) for metric in metrics]

    def value_name(self, dimension: str, value: str) -> str:
        named = language_name(value) if dimension == "language" else value
        return clip(self.data.labels.get(value, named), NAME_LIMIT)


def _has(rates: Rates, metric: str) -> Any:
    return lambda judge: rates.get(metric, judge=judge) is not None


def _table(
    caption: str,
    head: str,
    metrics: Sequence[str],
    rows: Sequence[tuple[str, int, list[Rate | None]]],
    ends: Sequence[float] | None = None,
) -> Table:
    texts = [(name, number, [_describe(rate) for rate in rates]) for name, number, rates in rows]
    ends = ends or [axis_end(row[2][column] for row in texts) for column in range(len(metrics))]
    columns = tuple((title(metric), f"{100 * end:g}%") for metric, end in zip(metrics, ends, strict=True))
    return Table(caption, head, columns, tuple(_row(*row, ends) for row in texts))


def _row(name: str, number: int, rates: list[RateText | None], ends: Sequence[float]) -> Row:
    cells = (Cell(rate, bar(rate, end) if rate else None) for rate, end in zip(rates, ends, strict=True))
    return Row(clip(name, NAME_LIMIT), number, tuple(cells))


def _describe(rate: Rate | None) -> RateText | None:
    return describe(rate) if rate else None


def _judged(rate: Rate | None) -> bool:
    return rate is not None and rate.denominator > 0


def _heat_cell(rate: Rate | None, system: str | None) -> HeatCell:
    text = _describe(rate)
    return HeatCell(text, level(text) if text else None, system)


def _action_row(name: str, rates: list[Rate | None]) -> ActionRow:
    texts = tuple(_describe(rate) for rate in rates)
    shares = [text.rate if text and text.judged else 0.0 for text in texts]
    return ActionRow(clip(name, NAME_LIMIT), stack(shares), texts)
