"""What every room hands over: sections of tables, figures and notes.

The run's page, the reproduction's page, the terminal and ``--json`` render the same sections, each with one renderer:
``to_html``, ``to_terminal`` and ``to_json``. A section is data: no renderer needs to know which room it is from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hantei.estimates import Estimate
from hantei.records import Rate
from hantei.reports.figures import Figure

NumberTone = Literal["", "rounded", "differs"]
NoteTone = Literal["", "lead", "caution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that is no rate of the run, written with as many digits as its room thinks right.

    ``text`` is what people read, ``interval`` and ``counts`` what stands beside it in smaller letters; ``value``,
    ``low`` and ``high`` are the same for programs. ``printed`` is what a publication prints; ``tone`` is ``rounded``
    where the number agrees with that only after rounding, ``differs`` where it does not agree.
    """

    text: str
    interval: str = ""
    counts: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    printed: float | None = None
    tone: NumberTone = ""


Cell = str | Number | Rate | None
"""Text, a number, a rate with its interval; None where nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column after the first: ``unsafe`` where more is worse; ``terminal`` False where only pages have the room."""

    title: str
    unsafe: bool = False
    terminal: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A row: its name and a cell for each column.

    ``number`` is the number by which a picture knows it, 0 for none; ``note`` explains the name in smaller letters; a
    ``total`` sums up the rows above it.
    """

    name: str
    cells: tuple[Cell, ...]
    number: int = 0
    note: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """Rows under columns; ``head`` is the title of the rows' names."""

    caption: str
    head: str
    columns: tuple[Column, ...]
    rows: tuple[ReportRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence: ``lead`` and ``caution`` stand before the tables and figures, others after them."""

    text: str
    tone: NoteTone = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a page or of what a command prints.

    Args:
        key: names it for programs and links; one judge has each key once.
        title: its heading.
        tables: in order.
        figures: in order; a page shows them above the tables, a terminal not at all.
        notes: in order.
        data: what programs get instead of the tables and figures, None for just these.
        judge: whose verdicts it is of, None where it is of the whole run.
        terminal: False for one that a terminal leaves out, being too long.
        folded: True for one that a page shows when it is asked for.
    """

    key: str
    title: str
    tables: tuple[ReportTable, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[Note, ...] = ()
    data: Any = None
    judge: str | None = None
    terminal: bool = True
    folded: bool = False


def lead(text: str) -> Note:
    """Return a note that introduces what follows."""
    return Note(text=text, tone="lead")


def caution(text: str) -> Note:
    """Return a note that must be seen before the numbers."""
    return Note(text=text, tone="caution")


def notes(*texts: str) -> tuple[Note, ...]:
    """Return notes that stand after the numbers; empty texts are left out."""
    return tuple(Note(text=text) for text in texts if text)


def text_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> ReportTable:
    """Return a table whose columns need no more than a title; the first cell of a row is its name."""
    head, *titles = header
    return ReportTable(
        caption=caption,
        head=head,
        columns=tuple(Column(title=title) for title in titles),
        rows=tuple(ReportRow(name=_name(row[0]), cells=tuple(row[1:])) for row in rows),
    )


def _name(cell: Cell) -> str:
    return cell if isinstance(cell, str) else ""


def numbers(estimate: Estimate) -> tuple[float, float, float]:
    """Return an estimate's value and interval, nan for what is not defined."""
    value, low, high = (float("nan") if one is None else one for one in (estimate.value, estimate.low, estimate.high))
    return value, low, high


def percent(value: float, low: float, high: float, *, counts: str = "", sign: str = "%") -> Number:
    """Return a share from 0 to 1 in percent with its interval: ``91.3% [90.4, 92.2]``; a dash where it is not a number.

    Args:
        value: the share.
        low: the lower end of its interval.
        high: the upper end.
        counts: ``k/n`` where it is a share of a number of answers.
        sign: what follows the number.
    """
    return _with_interval((value, low, high), 100, ".1f", counts=counts, sign=sign)


def points(difference: Estimate) -> Number:
    """Return a difference of two shares in points of percent with its interval: ``+2.2 [+1.0, +3.5]``."""
    return _with_interval(numbers(difference), 100, "+.1f")


def decimal(value: float, low: float, high: float, digits: int = 3) -> Number:
    """Return a number with its interval to some digits; a dash where it is not a number.

    Args:
        value: the number.
        low: the lower end of its interval.
        high: the upper end of its interval.
        digits: digits after the point.
    """
    return _with_interval((value, low, high), 1, f".{digits}f")


def _with_interval(
    ends: tuple[float, float, float], factor: int, shape: str, counts: str = "", sign: str = ""
) -> Number:
    value, low, high = ends
    if value != value:  # nan
        return Number(text="-")
    text, first, last = (format(factor * one, shape) for one in ends)
    return Number(text=text + sign, interval=f"[{first}, {last}]", counts=counts, value=value, low=low, high=high)
