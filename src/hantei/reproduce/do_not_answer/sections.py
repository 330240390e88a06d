"""What the reproduction is made of: sections, each a table with notes, and the same numbers for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hantei.reproduce.do_not_answer.counts import Estimate
from hantei.reproduce.do_not_answer.published import Figure

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table. ``key`` names it for programs, ``data`` is what JSON gives, ``figure`` markup for a page.

    ``figures`` are the numbers that stand beside printed ones.
    """

    key: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    data: Any = None
    figures: Sequence[Figure] = ()
    figure: Markup | None = None

    @property
    def compared(self) -> int:
        """How many numbers stand beside a printed one."""
        return sum(one.printed is not None for one in self.figures)

    @property
    def of_rounded(self) -> int:
        """How many agree only if the mean is taken of the rounded cells."""
        return sum(one.agreement == "of rounded cells" for one in self.figures)

    @property
    def differing(self) -> int:
        """How many differ from what is printed."""
        return sum(one.agreement == "no" for one in self.figures)

    def as_json(self) -> dict[str, Any]:
        """Return the section for programs; a number that is not defined is null."""
        return {
            "title": self.title,
            "compared": self.compared,
            "agree_of_rounded_cells": self.of_rounded,
            "differing": self.differing,
            "data": _finite(self.data),
            "notes": list(self.notes),
        }


def _finite(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not np.isfinite(data) else data


@dataclass(slots=True)
class Table:
    """A section while it is made: its rows, its numbers for programs, and those that stand beside printed ones."""

    rows: list[list[str]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def add(self, cells: Sequence[str], data: Mapping[str, Any], figures: Sequence[Figure] = ()) -> None:
        """Add one row."""
        self.rows.append(list(cells))
        self.data.append(dict(data))
        self.figures += figures


def percent(found: Estimate) -> str:
    """Return a share with its interval in percent: ``91.3 [90.4, 92.2]``; a dash where it is not defined."""
    return _text(found, 100, ".1f")


def number(found: Estimate) -> str:
    """Return a number with its interval to three digits; a dash where it is not defined."""
    return _text(found, 1, ".3f")


def difference(found: Estimate) -> str:
    """Return the interval of a difference in points of percent."""
    return f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def _text(found: Estimate, factor: int, shape: str) -> str:
    if np.isnan(found.value):
        return "-"
    value, low, high = (format(factor * one, shape) for one in found)
    return f"{value} [{low}, {high}]"


def estimate_data(found: Estimate) -> dict[str, float]:
    """Return an estimate for programs, as shares from 0 to 1."""
    return {"value": found.value, "low": found.low, "high": found.high}
