"""The figures that the paper prints, and whether a computed one agrees with them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from hantei.reports.section import Number, NumberTone

CellMatch = Literal["yes", "of rounded cells", "no"]


@cache
def published() -> dict[str, Any]:
    """Return ``published.toml``: the printed tables as data, in percent, with what the rows and columns are."""
    return tomllib.loads((Path(__file__).parent / "published.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class PaperCell:
    """One computed number in percent, the printed one if there is one, and whether they agree.

    ``of_rounded`` is the mean of the cells as printed, where the number is a mean; the paper averaged some columns so.
    """

    value: float
    printed: float | None = None
    of_rounded: float | None = None

    @property
    def agreement(self) -> CellMatch | None:
        """Whether the digits printed are those of the computed number; None where nothing was printed."""
        if self.printed is None:
            return None
        if _digits(self.value) == _digits(self.printed):
            return "yes"
        if self.of_rounded is not None and _digits(self.of_rounded) == _digits(self.printed):
            return "of rounded cells"
        return "no"

    def text(self, signed: bool = False) -> str:
        """Return ``computed (printed)``, marked ``~`` where only the mean of rounded cells agrees, ``!`` where none."""
        shape = "+.2f" if signed else ".2f"
        if self.printed is None:
            return format(self.value, shape)
        mark = {"yes": "", "of rounded cells": " ~", "no": " !", None: ""}[self.agreement]
        return f"{format(self.value, shape)} ({format(self.printed, '+.1f' if signed else '.1f')}){mark}"

    def cell(self, signed: bool = False) -> Number:
        """Return it as a cell of a table."""
        tones: dict[CellMatch | None, NumberTone] = {"of rounded cells": "rounded", "no": "differs"}
        tone = tones.get(self.agreement, "")
        return Number(text=self.text(signed), value=self.value, printed=self.printed, tone=tone)

    def data(self) -> dict[str, Any]:
        """Return everything for programs."""
        out: dict[str, Any] = {"value": self.value, "published": self.printed, "agrees": self.agreement}
        return out | ({} if self.of_rounded is None else {"mean_of_rounded_cells": self.of_rounded})


def mean_of_rounded(values: Sequence[float]) -> float:
    """Return the mean of numbers that were rounded to one digit first, itself rounded to three."""
    tenths = [Decimal(_digits(value)) for value in values]
    return float((sum(tenths, Decimal(0)) / len(tenths)).quantize(Decimal("0.001"), ROUND_HALF_UP))


def _digits(value: float) -> str:
    # A number that ends in 5 is rounded away from zero as people do it: 87.05, a mean of tenths, is printed as 87.1.
    return str(Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_HALF_UP) + 0)
