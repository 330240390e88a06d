"""What the template of a ``Plot`` draws: its series in units of the picture, the legend, and a table of the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from hantei.reports.figures import Plot, Range, Series, Style
from hantei.reports.geometry import HEIGHT, LEFT, RATE_TICKS, TOP, WIDTH, Axes, ticks, writer
from hantei.reports.text import clip

COLOURS = 6
"""Series have so many colours, dashes and shapes; more of them begin again."""

NAME_LIMIT = 80
Ends = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A series in units of the picture; ``band`` and ``line`` are lists of points as SVG writes them."""

    name: str
    style: Style
    colour: int
    line: str
    band: str = ""
    dots: tuple[tuple[str, str], ...] = ()
    whiskers: tuple[tuple[str, str, str, str], ...] = ()
    bars: tuple[tuple[str, str, str, str], ...] = ()
    number: int = 0
    faint: bool = False


def plot_layout(plot: Plot) -> dict[str, Any]:
    """Return what the template of a plot is given."""
    axes, finite = Axes(plot.x_range, plot.y_range, plot.rates), [_finite(one) for one in plot.series]
    as_x, as_y = writer(plot.x_range), writer(plot.y_range)
    x_intervals, intervals = any(one.x_low for one in finite), any(one.low for one in finite)
    return {
        "plot": plot,
        "shapes": list(_shapes(finite, axes)),
        "marks": [(f"{axes.x(x):.1f}", f"{axes.y(y):.1f}", clip(name, NAME_LIMIT)) for x, y, name in plot.marks],
        "x_ticks": [(f"{axes.x(value):.1f}", as_x(value)) for value in _ticks(plot, plot.x_range)],
        "y_ticks": [(f"{axes.y(value):.1f}", as_y(value)) for value in _ticks(plot, plot.y_range)],
        "head": [
            "Series",
            plot.x_label,
            *(["95% interval"] if x_intervals else []),
            plot.y_label,
            *(["95% interval"] if intervals else []),
        ],
        "rows": [
            (
                one.name,
                _cells(x, place, (one.x_low, one.x_high), as_x, intervals=x_intervals)
                + _cells(y, place, (one.low, one.high), as_y, intervals=intervals),
            )
            for one in finite
            if one.style != "guide"
            for place, (x, y) in enumerate(one.points)
        ],
        "box": (LEFT, TOP, WIDTH, HEIGHT),
    }


def _ticks(plot: Plot, over: Range) -> Sequence[float]:
    return RATE_TICKS if plot.rates else ticks(over)


def _cells(number: float, place: int, ends: Ends, write: Callable[[float], str], *, intervals: bool) -> list[str]:
    """Return a number as the table has it, and its interval where the table has such a column."""
    low, high = ends
    interval = f"{write(low[place])} to {write(high[place])}" if low else ""
    return [write(number), *([interval] if intervals else [])]


def _finite(series: Series) -> Series:
    kept = [place for place, point in enumerate(series.points) if all(map(math.isfinite, point))]

    def chosen(values: Sequence[Any]) -> list[Any]:
        return [values[place] for place in kept] if values else []

    return replace(
        series,
        name=clip(series.name, NAME_LIMIT),
        points=chosen(series.points),
        low=chosen(series.low),
        high=chosen(series.high),
        x_low=chosen(series.x_low),
        x_high=chosen(series.x_high),
    )


def _shapes(series: Sequence[Series], axes: Axes) -> Iterator[Shape]:
    number_of_bars, bar = [one.style for one in series].count("bars"), 0
    for colour, one in enumerate(series):
        yield _shape(one, colour % COLOURS, axes, _place_of_bar(one, bar, number_of_bars))
        bar += one.style == "bars"


def _shape(series: Series, colour: int, axes: Axes, place_of_bar: tuple[float, float]) -> Shape:
    points, style = series.points, series.style
    shift, width = place_of_bar
    return Shape(
        name=series.name,
        style=style,
        colour=colour,
        line=axes.points(points) if style in ("line", "guide") else "",
        band=_band(series, axes) if style == "line" else "",
        dots=tuple((f"{axes.x(x):.1f}", f"{axes.y(y):.1f}") for x, y in points)
        if style in ("dots", "numbered")
        else (),
        whiskers=tuple(_whiskers(series, axes, shift)) if style != "line" else (),
        bars=tuple(_bar(x + shift, y, width, axes) for x, y in points) if style == "bars" else (),
        number=series.number,
        faint=series.faint,
    )


def _band(series: Series, axes: Axes) -> str:
    ends = list(zip(series.points, series.low, series.high, strict=True)) if series.low else []
    return axes.points([(x, low) for (x, _), low, _ in ends] + [(x, high) for (x, _), _, high in reversed(ends)])


def _whiskers(series: Series, axes: Axes, shift: float) -> Iterator[tuple[str, str, str, str]]:
    """Yield the intervals upwards and those to the right, each as (x1, y1, x2, y2)."""
    if series.low:
        for (x, _), low, high in zip(series.points, series.low, series.high, strict=True):
            at = f"{axes.x(x + shift):.1f}"
            yield at, f"{axes.y(low):.1f}", at, f"{axes.y(high):.1f}"
    if series.x_low:
        for (_, y), low, high in zip(series.points, series.x_low, series.x_high, strict=True):
            at = f"{axes.y(y):.1f}"
            yield f"{axes.x(low):.1f}", at, f"{axes.x(high):.1f}", at


def _place_of_bar(series: Series, number: int, of: int) -> tuple[float, float]:
    """Return how far a bar stands from its x, and how wide it is: all bars at one x take four fifths of a step."""
    if series.style != "bars":
        return 0.0, 0.0
    places = sorted({x for x, _ in series.points})
    step = min((after - before for before, after in pairwise(places)), default=0.1)
    width = 0.8 * step / of
    return (number - (of - 1) / 2) * width, width


def _bar(x: float, y: float, width: float, axes: Axes) -> tuple[str, str, str, str]:
    left, right = axes.x(x - width / 2), axes.x(x + width / 2)
    top, foot = axes.y(y), axes.y(axes.y_range[0])
    return f"{left:.1f}", f"{top:.1f}", f"{right - left:.1f}", f"{foot - top:.1f}"
