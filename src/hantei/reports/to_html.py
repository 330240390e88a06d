"""Sections as HTML: one template for a section with its tables, one for each kind of figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hantei.records import Rate
from hantei.reports import geometry
from hantei.reports.figures import (
    AnswerBrowser,
    AnswerPairs,
    Figure,
    Headline,
    HeatMap,
    Plot,
    Radar,
    Ranges,
    StackedBars,
)
from hantei.reports.plotting import plot_layout
from hantei.reports.radar import radar_layout
from hantei.reports.section import Cell, Number, ReportTable, Section
from hantei.reports.template import template
from hantei.reports.wording import RateText, describe

if TYPE_CHECKING:
    from markupsafe import Markup

Level = Literal[2, 3]


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell as the template draws it; only what its kind needs is there."""

    kind: Literal["none", "text", "number", "rate"]
    text: str = ""
    number: Number | None = None
    rate: RateText | None = None
    bar: geometry.Bar | None = None
    few: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """How the answers' JSON knows systems and harm types: a cell of a heat map leads to its answers by them."""

    systems: Mapping[str, int]
    harms: Mapping[str, int]


_BARE_NUMBER = re.compile(r"[-+\d.,%()\[\] /~!]*")
NO_LINKS = Links({}, {})


def section(one: Section, number: int | None = None, level: Level = 2, links: Links = NO_LINKS) -> Markup:
    """Return a section as HTML.

    Args:
        one: the section.
        number: the judge's number on the page, None for a section of the whole run.
        level: the level of its heading.
        links: how a heat map's cells find their answers.
    """
    identity = one.key if number is None else f"{one.key}-{number}"
    return _rendered(
        "section.html.j2",
        section=one,
        id=identity,
        level=level,
        before=[note for note in one.notes if note.tone],
        after=[note for note in one.notes if not note.tone],
        figures=[figure(figure_, f"{identity}-figure-{place}", links) for place, figure_ in enumerate(one.figures, 1)],
        tables=[table(table_, f"{identity}-table-{place}") for place, table_ in enumerate(one.tables, 1)],
    )


def table(one: ReportTable, identity: str) -> Markup:
    """Return a table as HTML."""
    in_columns = [[row.cells[place] for row in one.rows] for place in range(len(one.columns))]
    return _rendered(
        "table.html.j2",
        table=one,
        id=identity,
        columns=[
            (column, any(isinstance(cell, Rate) for cell in cells), _plain_numbers(cells))
            for column, cells in zip(one.columns, in_columns, strict=True)
        ],
        rows=[(row, [_cell(cell) for cell in row.cells]) for row in one.rows],
    )


def _plain_numbers(cells: Iterable[Cell]) -> bool:
    """Whether a column holds bare numbers, which stand best under one another's last digit."""
    texts = [cell.text if isinstance(cell, Number) and not cell.interval else cell for cell in cells]
    return bool(texts) and all(isinstance(text, str) and _BARE_NUMBER.fullmatch(text) for text in texts)


def _cell(cell: Cell) -> CellView:
    if cell is None:
        return CellView("none")
    if isinstance(cell, str):
        return CellView("text", text=cell)
    if isinstance(cell, Number):
        return CellView("number", number=cell)
    rate = describe(cell)
    return CellView("rate", rate=rate, bar=geometry.bar(rate), few=geometry.too_few(rate))


def figure(one: Figure, identity: str, links: Links = NO_LINKS) -> Markup:
    """Return a figure as HTML."""
    name, layout = _KINDS[type(one)]
    return _rendered(f"figures/{name}.html.j2", id=identity, links=links, **layout(one))


def _headline(one: Headline) -> dict[str, Any]:
    rate = describe(one.rate) if one.rate else None
    bar = geometry.bar(rate) if rate else None
    return {
        "headline": one,
        "rate": rate,
        "bar": bar,
        "few": rate is not None and geometry.too_few(rate),
        "ticks": geometry.rate_ticks(),
    }


def _ranges(one: Ranges) -> dict[str, Any]:
    rows = [(row, geometry.span(row.low, row.high, one.value)) for row in one.rows]
    return {"ranges": one, "rows": rows, "ticks": geometry.rate_ticks()}


def _heat_map(one: HeatMap) -> dict[str, Any]:
    def cells(rates: Iterable[Rate | None]) -> list[tuple[RateText | None, int | None, str | None]]:
        texts = [describe(rate) if rate else None for rate in rates]
        systems = [*one.systems, None][: len(texts)]
        return [
            (text, geometry.heat_level(text) if text else None, system)
            for text, system in zip(texts, systems, strict=True)
        ]

    groups = [((area, cells(area.rates)), [(row, cells(row.rates)) for row in members]) for area, members in one.groups]
    return {"heat": one, "groups": groups, "levels": geometry.LEVEL_NAMES}


def _stacks(one: StackedBars) -> dict[str, Any]:
    rows = []
    for name, rates in one.rows:
        texts = [describe(rate) if rate else None for rate in rates]
        coloured = any(text and not geometry.too_few(text) for text in texts)
        shares = [text.rate if text and text.judged else 0.0 for text in texts]
        rows.append((name, geometry.stack(shares) if coloured else (), texts))
    return {"stacks": one, "rows": rows}


def _browser(one: AnswerBrowser) -> dict[str, Any]:
    from markupsafe import Markup

    # Escaped by the encoder for a script element.
    return {"answers_json": Markup(one.json)}  # noqa: S704


_KINDS: dict[type, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    Plot: ("plot", plot_layout),
    Radar: ("radar", radar_layout),
    Ranges: ("ranges", _ranges),
    Headline: ("headline", _headline),
    HeatMap: ("heatmap", _heat_map),
    StackedBars: ("stacks", _stacks),
    AnswerBrowser: ("answers", _browser),
    AnswerPairs: ("pairs", lambda one: {"pairs": one}),
}
"""The template of each kind of figure, and what makes ready what it is given."""


def _rendered(name: str, **values: Any) -> Markup:
    from markupsafe import Markup

    # The template has escaped everything that it was given.
    return Markup(template(name).render(**values))  # noqa: S704
