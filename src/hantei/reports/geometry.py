"""Where things stand in a picture: axes with round ends and ticks, bars in percent of their width, stacked bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hantei.reports.figures import Range
from hantei.reports.wording import RateText

_LEVELS = (0.02, 0.05, 0.1, 0.25, 0.5)
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)
_MOST_STEPS = 5
_LABELLED = 0.04
"""A piece of a stacked bar that is narrower than this share has no room for a number."""

RATE_TICKS = (0.0, 0.01, 0.1, 0.25, 0.5, 1.0)
"""What is written on the axis of a rate, which is the same on every page: from 0 to 100%."""

MIN_COLOURED = 10
"""A rate of fewer judged answers gets no colour anywhere: chance alone would paint it."""

LEVEL_NAMES: tuple[str, ...] = ("under 2%", "2 to 5%", "5 to 10%", "10 to 25%", "25 to 50%", "50% and more")

LEFT, TOP, WIDTH, HEIGHT = 46.0, 14.0, 292.0, 196.0
"""The field of a picture with two axes, in units of its own box of 360 to 258."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rate on its axis: where its interval starts, how wide it is, where the rate stands."""

    left: str
    width: str
    at: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar; ``label`` is empty where the piece is too narrow for a number."""

    part: int
    left: str
    width: str
    middle: str
    label: str


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a number stands in the field of a picture with two axes; on ``rates`` the axes are those of rates."""

    x_range: Range
    y_range: Range
    rates: bool = False

    def x(self, value: float) -> float:
        """Return the place of a number of the axis to the right."""
        return LEFT + WIDTH * (root(value) if self.rates else part(value, self.x_range))

    def y(self, value: float) -> float:
        """Return the place of a number of the axis upwards."""
        return TOP + HEIGHT * (1 - (root(value) if self.rates else part(value, self.y_range)))

    def points(self, points: Iterable[tuple[float, float]]) -> str:
        """Return places as SVG writes a list of points."""
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)


def part(value: float, over: Range) -> float:
    """Return where a number stands between the ends of an axis, from 0 to 1; what lies outside stands at its end."""
    low, high = over
    return min(max((value - low) / (high - low), 0.0), 1.0)


def root(share: float) -> float:
    """Return where a rate stands on the axis of all rates, from 0 to 1: at its root.

    Roots spread small rates out, so that one axis serves 0.5% and 50%, and two pages can be compared.
    """
    return math.sqrt(part(share, (0.0, 1.0)))


def rate_ticks() -> list[tuple[str, str]]:
    """Return where numbers stand on the axis of a rate, and how they are written."""
    return [(_percent(root(value)), f"{100 * value:g}%" if value else "0") for value in RATE_TICKS]


def ticks(over: Range) -> list[float]:
    """Return round numbers from one end of an axis to the other, at most six."""
    low, high = over
    scale = 10.0 ** math.floor(math.log10(high - low))
    step = next(step * scale for step in _STEPS if (high - low) / (step * scale) <= _MOST_STEPS + 1e-9)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def writer(over: Range) -> Callable[[float], str]:
    """Return what writes the numbers of an axis: shares in percent, all others as they are."""
    share = over[0] >= 0 and over[1] <= 1
    return lambda value: f"{round(100 * value, 1):g}%" if share else f"{value:,.6g}"


def bar(rate: RateText) -> Bar | None:
    """Return a rate's place on the axis of rates, None where nothing was judged."""
    return span(rate.low, rate.high, rate.rate) if rate.judged else None


def span(low: float, high: float, value: float) -> Bar:
    """Return the place of an interval, and of a value, on the axis of rates."""
    return Bar(_percent(root(low)), _percent(root(high) - root(low)), _percent(root(value)))


def too_few(rate: RateText) -> bool:
    """Whether so few answers were judged that the rate gets no colour."""
    return rate.denominator < MIN_COLOURED


def heat_level(rate: RateText) -> int | None:
    """Return a heat map's colour from 0 to 5, None below ``MIN_COLOURED`` judged answers."""
    return None if too_few(rate) else sum(rate.rate >= edge for edge in _LEVELS)


def stack(shares: Sequence[float]) -> tuple[Segment, ...]:
    """Return the pieces of a stacked bar whose shares add up to at most 1."""
    left, pieces = 0.0, []
    for number, share in enumerate(shares):
        if share > 0:
            label = str(number) if share >= _LABELLED else ""
            pieces.append(Segment(number, _percent(left), _percent(share), _percent(left + share / 2), label))
        left += share
    return tuple(pieces)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
