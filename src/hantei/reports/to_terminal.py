"""Sections for a terminal: titles, sentences, tables of text, and ranges as a picture of text.

Other figures stay with the pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hantei.records import Rate
from hantei.reports.figures import Ranges
from hantei.reports.geometry import RATE_TICKS, root
from hantei.reports.section import Cell, Number, ReportTable, Section
from hantei.reports.text import clip
from hantei.reports.wording import describe

_WIDTH, _NAME = 48, 60
"""Characters of the axis of rates, and of the name of a range."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of plain text."""

    header: list[str]
    rows: list[list[str]]


def blocks(section: Section) -> Iterator[str | TextTable]:
    """Yield what is printed of a section, in order: lines and tables."""
    judge = f"{section.judge}: " if section.judge else ""
    rates = any(isinstance(cell, Rate) for table in section.tables for row in table.rows for cell in row.cells)
    yield f"{judge}{section.title}{', each rate [95% interval] k/n' if rates else ''}"
    yield from (note.text for note in section.notes if note.tone)
    for table in section.tables:
        if len(section.tables) > 1:
            yield table.caption
        yield table_of_text(table)
    for figure in section.figures:
        if isinstance(figure, Ranges):
            yield from _picture(figure)
    yield from (note.text for note in section.notes if not note.tone)


def _picture(ranges: Ranges) -> Iterator[str]:
    """Yield a line for each range on the axis of rates, which is as on a page, and the axis."""
    yield f"{ranges.title}: = an interval, - any other range, # all together, | the rate"
    for row in ranges.rows:
        line, mark = ["."] * (_WIDTH + 1), "=" if row.sure else "#" if row.total else "-"
        for place in range(_place(row.low), _place(row.high) + 1):
            line[place] = mark
        line[_place(ranges.value)] = "|"
        yield f"  {''.join(line)}  {clip(row.name, _NAME)}"
    axis = [" "] * (_WIDTH + 8)
    for tick in RATE_TICKS:
        text = f"{100 * tick:g}%"
        axis[_place(tick) : _place(tick) + len(text)] = text
    yield f"  {''.join(axis).rstrip()}"


def _place(share: float) -> int:
    return round(root(share) * _WIDTH)


def table_of_text(table: ReportTable) -> TextTable:
    """Return a table as plain text, of the columns that a terminal shows."""
    places = [place for place, column in enumerate(table.columns) if column.terminal]
    return TextTable(
        [table.head, *(table.columns[place].title for place in places)],
        [[row.name, *(cell_text(row.cells[place]) for place in places)] for row in table.rows],
    )


def cell_text(cell: Cell) -> str:
    """Return a cell as people read it in a line: ``12.3% [10.1, 14.9] 41/334``."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Number):
        return " ".join(part for part in (cell.text, cell.interval, cell.counts) if part)
    return describe(cell).line
