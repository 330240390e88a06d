"""The picture of over-refusal (to the right) against unsafe answers (up): neither means much without the other."""

from __future__ import annotations

from collections.abc import Iterable

from hantei.records import Rate
from hantei.reports.figures import Plot, Series
from hantei.reports.geometry import MIN_COLOURED

OVER_REFUSAL = "over_refusal_rate"


def both_at_once(rates: Iterable[tuple[str, Rate | None, Rate | None]], title: str, note: str) -> Plot | None:
    """Return the picture, None where no system has both rates.

    Args:
        rates: each system with its over-refusal rate and its rate of unsafe answers; its number is its place.
        title: of the rate of unsafe answers.
        note: what stands below.
    """
    placed = [
        (number, system, x, y)
        for number, (system, x, y) in enumerate(rates, 1)
        if x and y and x.rate is not None and y.rate is not None
    ]
    if not placed:
        return None
    return Plot(
        title="Both at once",
        x_label="Over-refusal rate",
        y_label=title,
        series=[_point(*one) for one in placed],
        rates=True,
        note=note,
    )


def _point(number: int, system: str, x: Rate, y: Rate) -> Series:
    return Series(
        name=system,
        points=[(x.rate or 0.0, y.rate or 0.0)],
        style="numbered",
        low=[y.low or 0.0],
        high=[y.high or 0.0],
        x_low=[x.low or 0.0],
        x_high=[x.high or 0.0],
        number=number,
        faint=min(x.denominator, y.denominator) < MIN_COLOURED,
    )
