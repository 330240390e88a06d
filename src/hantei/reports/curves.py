"""Charts of curves, dots, bars and radars as figures: SVG with a title and a description, and a table of the numbers.

``curves.css`` colours them for light, dark and paper. No figure needs a script or a style attribute: a page's
content security policy need allow no more than the one style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from hantei.reports.template import template
from hantei.reports.text import clip

if TYPE_CHECKING:
    from markupsafe import Markup

Writer = Callable[[float], str]
Style = Literal["line", "dots", "bars", "guide"]
Range = tuple[float, float]
Mark = tuple[float, float, str]
"""A place that is pointed out: x, y and what it is."""

COLOURS = 6
"""Series have so many colours, dashes and shapes; more of them begin again."""

LEFT, TOP, WIDTH, HEIGHT = 46.0, 14.0, 292.0, 196.0
_MIDDLE_X, _MIDDLE_Y, _RADIUS = 180.0, 138.0, 88.0
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)
_MOST_STEPS = 5
_NAME_LIMIT = 80
_LABEL_WIDTH = 14
_WORD_LIMIT = 18
_LABEL_LINES = 3
_LINE = 12.0


@dataclass(frozen=True, slots=True)
class Series:
    """What one curve shows: ``points`` are (x, y); ``low`` and ``high``, one a point, are the ends of its intervals.

    A ``line`` joins its points and has its intervals as a band, ``dots`` and ``bars`` stand alone and have whiskers;
    ``bars`` of several series stand side by side. A ``guide`` is a line to compare with, such as a diagonal: it is
    drawn, and stands in no table.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: Style = "line"
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class _Shape:
    """A series in units of the picture; ``band`` and ``line`` are lists of points as SVG writes them."""

    name: str
    style: Style
    colour: int
    line: str
    band: str = ""
    dots: tuple[tuple[str, str], ...] = ()
    whiskers: tuple[tuple[str, str, str], ...] = ()
    bars: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Spoke:
    """The end of an axis of a radar, and its name: where it stands, how it is anchored, its lines by height."""

    x: str
    y: str
    at: str
    anchor: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where a number stands in the picture."""

    x_range: Range
    y_range: Range

    def x(self, value: float) -> float:
        return LEFT + WIDTH * _part(value, self.x_range)

    def y(self, value: float) -> float:
        return TOP + HEIGHT * (1 - _part(value, self.y_range))

    def points(self, points: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)


def plot(
    title: str,
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    marks: Sequence[Mark] = (),
    x_range: Range = (0.0, 1.0),
    y_range: Range = (0.0, 1.0),
) -> Markup:
    """Return a figure of series on two axes.

    Numbers of an axis that stays within 0 and 1 are shares and written in percent, all others as they are. What lies
    outside an axis is drawn at its end. Points that are not finite are left out.

    Args:
        title: what the figure shows, in one line.
        x_label: what is to the right.
        y_label: what is upwards.
        series: what is drawn, the first on top.
        marks: places to point out, such as where a threshold operates.
        x_range: the ends of the axis to the right.
        y_range: the ends of the axis upwards.
    """
    axes, finite = _Axes(x_range, y_range), [_finite(one) for one in series]
    number_of_bars = [one.style for one in finite].count("bars")
    shapes, bar = [], 0
    for colour, one in enumerate(finite):
        shapes.append(_shape(one, colour % COLOURS, axes, _beside(one, bar, number_of_bars)))
        bar += one.style == "bars"
    as_x, as_y = _writer(x_range), _writer(y_range)
    intervals = any(one.low for one in finite)
    return _figure(
        "plot.html.j2",
        title=title,
        x_label=x_label,
        y_label=y_label,
        shapes=shapes,
        marks=[(f"{axes.x(x):.1f}", f"{axes.y(y):.1f}", clip(name, _NAME_LIMIT)) for x, y, name in marks],
        x_ticks=[(f"{axes.x(value):.1f}", as_x(value)) for value in _ticks(x_range)],
        y_ticks=[(f"{axes.y(value):.1f}", as_y(value)) for value in _ticks(y_range)],
        head=["Series", x_label, y_label, *(["95% interval"] if intervals else [])],
        rows=[
            (one.name, [as_x(x), as_y(y), *([_interval(one, place, as_y)] if intervals else [])])
            for one in finite
            if one.style != "guide"
            for place, (x, y) in enumerate(one.points)
        ],
        box=(LEFT, TOP, WIDTH, HEIGHT),
    )


def radar(title: str, axes: Sequence[str], series: Mapping[str, Sequence[float]], most: float) -> Markup:
    """Return a figure of shares on axes that go out from one middle, a closed line a series.

    Args:
        title: what the figure shows, in one line.
        axes: the names of the axes, clockwise from the top; three or more.
        series: name to a share for each axis.
        most: the share at the end of every axis, from 0 to 1.

    Raises:
        ValueError: fewer than three axes, a series without a share for each axis, or no room from 0 to ``most``.
    """
    if len(axes) < 3 or not most > 0 or any(len(values) != len(axes) for values in series.values()):
        raise ValueError("expected three axes or more, a value for each of them, and most above 0")
    as_share = _writer((0.0, most))
    return _figure(
        "radar.html.j2",
        title=title,
        rings=[
            (_ring(len(axes), value / most), _up(value / most), as_share(value)) for value in _ticks((0.0, most))[1:]
        ],
        spokes=[_spoke(number, len(axes), name) for number, name in enumerate(axes)],
        shapes=[
            _Shape(clip(name, _NAME_LIMIT), "line", number % COLOURS, _closed([_part(v, (0, most)) for v in values]))
            for number, (name, values) in enumerate(series.items())
        ],
        axes=axes,
        head=["Series", *axes],
        rows=[(clip(name, _NAME_LIMIT), [as_share(value) for value in values]) for name, values in series.items()],
        middle=(_MIDDLE_X, _MIDDLE_Y),
    )


def _figure(name: str, shapes: Sequence[_Shape], **values: object) -> Markup:
    from markupsafe import Markup

    legend = [(one.name, one.colour, one.style) for one in shapes]
    # The template has escaped everything that it was given.
    return Markup(template(name).render(shapes=shapes, legend=legend, **values))  # noqa: S704


def _finite(series: Series) -> Series:
    kept = [place for place, point in enumerate(series.points) if all(map(math.isfinite, point))]
    return Series(
        clip(series.name, _NAME_LIMIT),
        [series.points[place] for place in kept],
        series.style,
        [series.low[place] for place in kept] if series.low else (),
        [series.high[place] for place in kept] if series.high else (),
    )


def _shape(series: Series, colour: int, axes: _Axes, beside: tuple[float, float]) -> _Shape:
    points, style = series.points, series.style
    ends = list(zip(points, series.low, series.high, strict=True)) if series.low else []
    shift, width = beside
    band = [(x, low) for (x, _), low, _ in ends] + [(x, high) for (x, _), _, high in reversed(ends)]
    return _Shape(
        name=series.name,
        style=style,
        colour=colour,
        line=axes.points(points) if style in ("line", "guide") else "",
        band=axes.points(band) if style == "line" else "",
        dots=tuple((f"{axes.x(x):.1f}", f"{axes.y(y):.1f}") for x, y in points) if style == "dots" else (),
        whiskers=tuple(
            (f"{axes.x(x + shift):.1f}", f"{axes.y(low):.1f}", f"{axes.y(high):.1f}") for (x, _), low, high in ends
        )
        if style != "line"
        else (),
        bars=tuple(_bar(x + shift, y, width, axes) for x, y in points) if style == "bars" else (),
    )


def _beside(series: Series, number: int, of: int) -> tuple[float, float]:
    """Return how far a bar stands from its x, and how wide it is: all bars at one x take four fifths of a step."""
    if series.style != "bars":
        return 0.0, 0.0
    places = sorted({x for x, _ in series.points})
    step = min((after - before for before, after in pairwise(places)), default=0.1)
    width = 0.8 * step / of
    return (number - (of - 1) / 2) * width, width


def _bar(x: float, y: float, width: float, axes: _Axes) -> tuple[str, str, str, str]:
    left, right = axes.x(x - width / 2), axes.x(x + width / 2)
    top, foot = axes.y(y), axes.y(axes.y_range[0])
    return f"{left:.1f}", f"{top:.1f}", f"{right - left:.1f}", f"{foot - top:.1f}"


def _part(value: float, over: Range) -> float:
    low, high = over
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _ticks(over: Range) -> list[float]:
    """Return round numbers from one end of an axis to the other, at most six."""
    low, high = over
    scale = 10.0 ** math.floor(math.log10(high - low))
    step = next(step * scale for step in _STEPS if (high - low) / (step * scale) <= _MOST_STEPS + 1e-9)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _writer(over: Range) -> Writer:
    """Return what writes the numbers of an axis."""
    share = over[0] >= 0 and over[1] <= 1
    return lambda value: f"{round(100 * value, 1):g}%" if share else f"{value:,.6g}"


def _interval(series: Series, place: int, write: Writer) -> str:
    return f"{write(series.low[place])} to {write(series.high[place])}" if series.low else ""


def _at(number: int, of: int, part: float) -> tuple[float, float]:
    angle = 2 * math.pi * number / of
    return _MIDDLE_X + _RADIUS * part * math.sin(angle), _MIDDLE_Y - _RADIUS * part * math.cos(angle)


def _closed(parts: Sequence[float]) -> str:
    places = (_at(number, len(parts), part) for number, part in enumerate(parts))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _ring(axes: int, part: float) -> str:
    return _closed([part] * axes)


def _up(part: float) -> str:
    return f"{_MIDDLE_Y - _RADIUS * part:.1f}"


def _spoke(number: int, of: int, name: str) -> _Spoke:
    (x, y), (at, base) = _at(number, of, 1.0), _at(number, of, 1.1)
    words = _wrapped(name)
    side = math.sin(2 * math.pi * number / of)
    anchor = "middle" if abs(side) < 0.1 else "start" if side > 0 else "end"
    # At the top a name ends at its axis, at the bottom it begins there.
    upward = (1 - (base - _MIDDLE_Y) / (1.1 * _RADIUS)) / 2
    first = base - _LINE * (len(words) - 1) * upward + 4
    lines = tuple((f"{first + _LINE * line:.1f}", text) for line, text in enumerate(words))
    return _Spoke(f"{x:.1f}", f"{y:.1f}", f"{at:.1f}", anchor, lines)


def _wrapped(name: str) -> list[str]:
    lines = [""]
    for word in clip(name, _NAME_LIMIT).split():
        joined = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(joined) > _LABEL_WIDTH:
            lines.append(clip(word, _WORD_LIMIT))
        else:
            lines[-1] = clip(joined, _WORD_LIMIT)
    return lines if len(lines) <= _LABEL_LINES else [*lines[: _LABEL_LINES - 1], f"{lines[_LABEL_LINES - 1]}…"]
