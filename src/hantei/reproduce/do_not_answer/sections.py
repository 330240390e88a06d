"""What the reproduction's tables are made with: rows of cells with the same numbers for programs, and how many of the
cells agree with what is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hantei.estimates import Estimate
from hantei.reports.figures import Figure
from hantei.reports.section import Cell, Number, Section, decimal, notes, numbers, percent, text_table
from hantei.reports.to_json import plain


@dataclass(slots=True)
class SectionRows:
    """A table while it is made: its cells, and the same numbers for programs."""

    cells: list[list[Cell]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)

    def add(self, cells: Sequence[Cell], data: Mapping[str, Any]) -> None:
        """Add one row; its first cell is its name."""
        self.cells.append(list(cells))
        self.data.append(dict(data))

    def section(
        self,
        key: str,
        title: str,
        header: Sequence[str],
        remarks: Iterable[str] = (),
        figures: Sequence[Figure] = (),
        data: Any = None,
    ) -> Section:
        """Return the table as a section, with what was added for programs as its data.

        Args:
            key: names it for programs and links.
            title: its heading.
            header: the titles of the columns.
            remarks: sentences below the table.
            figures: pictures above it.
            data: what programs get, None for just the numbers of the rows.
        """
        table = text_table(title, header, self.cells)
        return Section(
            key=key,
            title=title,
            tables=(table,),
            figures=tuple(figures),
            notes=notes(*remarks),
            data=self.data if data is None else data,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many numbers stand beside a printed one, agree only as a mean of rounded cells, or differ."""

    compared: int
    of_rounded: int
    differing: int

    @classmethod
    def of(cls, sections: Iterable[Section]) -> Tally:
        """Count the cells of sections that have a printed number."""
        tables = [table for section in sections for table in section.tables]
        cells = [cell for table in tables for row in table.rows for cell in row.cells]
        printed = [cell.tone for cell in cells if isinstance(cell, Number) and cell.printed is not None]
        return cls(len(printed), printed.count("rounded"), printed.count("differs"))

    def as_json(self) -> dict[str, int]:
        """Return the counts for programs."""
        return {
            "compared": self.compared,
            "agree_of_rounded_cells": self.of_rounded,
            "differing": self.differing,
        }


def as_json(section: Section) -> dict[str, Any]:
    """Return a section for programs; a number that is not defined is null."""
    texts = [note.text for note in section.notes]
    return {"title": section.title, **Tally.of([section]).as_json(), "data": plain(section.data), "notes": texts}


def share(estimate: Estimate) -> Number:
    """Return a share with its interval in percent: ``91.3 [90.4, 92.2]``; a dash where it is not defined."""
    return percent(*numbers(estimate), sign="")


def number(estimate: Estimate) -> Number:
    """Return a number with its interval to three digits; a dash where it is not defined."""
    return decimal(*numbers(estimate))


def difference(estimate: Estimate) -> str:
    """Return the interval of a difference in points of percent."""
    _, low, high = numbers(estimate)
    return f"[{100 * low:+.1f}, {100 * high:+.1f}]"


def estimate_data(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate for programs, as shares from 0 to 1."""
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
