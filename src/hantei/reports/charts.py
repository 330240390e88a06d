"""The geometry of the pictures, in percent of their width or in units of their own box. The templates draw them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hantei.reports.rates import RateText

_ENDS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_LEVELS = (0.02, 0.05, 0.1, 0.25, 0.5)
MIN_COLOURED = 10
"""A heat map's cell with fewer judged answers gets no colour: chance alone would paint it."""

LEVEL_NAMES: tuple[str, ...] = ("under 2%", "2 to 5%", "5 to 10%", "10 to 25%", "25 to 50%", "50% and more")


@dataclass(frozen=True, slots=True)
class Bar:
    """A rate on an axis from 0 to ``end``: where its interval starts, how wide it is, where the rate stands."""

    left: str
    width: str
    at: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar; ``label`` is empty where the piece is too narrow for a number."""

    action: int
    left: str
    width: str
    middle: str
    label: str


@dataclass(frozen=True, slots=True)
class Point:
    """One system in the two-axis picture: its place, and the ends of both intervals."""

    number: int
    x: str
    y: str
    x_low: str
    x_high: str
    y_low: str
    y_high: str


@dataclass(frozen=True, slots=True)
class Plane:
    """The picture of over-refusal (to the right) against unsafe answers (up), with its axes' ticks."""

    points: tuple[Point, ...]
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]


PLANE_LEFT, PLANE_TOP, PLANE_WIDTH, PLANE_HEIGHT = 44.0, 14.0, 300.0, 196.0


def axis_end(rates: Iterable[RateText | None]) -> float:
    """Return the smallest round axis end that holds every interval."""
    highest = max((rate.high for rate in rates if rate is not None and rate.judged), default=0.0)
    return next((end for end in _ENDS if highest <= end), 1.0)


def bar(rate: RateText, end: float) -> Bar | None:
    """Return a rate's place on an axis, None where nothing was judged."""
    if not rate.judged:
        return None
    low, high = rate.low / end, min(rate.high / end, 1.0)
    return Bar(_percent(low), _percent(high - low), _percent(min(rate.rate / end, 1.0)))


def level(rate: RateText) -> int | None:
    """Return a heat map's colour from 0 to 5, None below ``MIN_COLOURED`` judged answers."""
    if not rate.judged or rate.denominator < MIN_COLOURED:
        return None
    return sum(rate.rate >= edge for edge in _LEVELS)


def stack(shares: Sequence[float]) -> tuple[Segment, ...]:
    """Return the pieces of a stacked bar whose shares add up to at most 1."""
    left, pieces = 0.0, []
    for action, share in enumerate(shares):
        if share > 0:
            label = str(action) if share >= 0.04 else ""
            pieces.append(Segment(action, _percent(left), _percent(share), _percent(left + share / 2), label))
        left += share
    return tuple(pieces)


def plane(pairs: Sequence[tuple[int, RateText, RateText]]) -> Plane:
    """Place numbered pairs of (over-refusal, unsafe) on two axes with round ends."""
    x_end = axis_end(pair[1] for pair in pairs)
    y_end = axis_end(pair[2] for pair in pairs)
    points = tuple(_point(number, x, y, x_end, y_end) for number, x, y in pairs)
    return Plane(points, _ticks(x_end, across=True), _ticks(y_end, across=False))


def _point(number: int, x: RateText, y: RateText, x_end: float, y_end: float) -> Point:
    return Point(
        number,
        _x(x.rate / x_end),
        _y(y.rate / y_end),
        _x(x.low / x_end),
        _x(x.high / x_end),
        _y(y.low / y_end),
        _y(y.high / y_end),
    )


def _ticks(end: float, *, across: bool) -> tuple[tuple[str, str], ...]:
    place = _x if across else _y
    return tuple((place(part), f"{100 * end * part:g}%") for part in (0.0, 0.5, 1.0))


def _x(share: float) -> str:
    return f"{PLANE_LEFT + PLANE_WIDTH * min(share, 1.0):.1f}"


def _y(share: float) -> str:
    return f"{PLANE_TOP + PLANE_HEIGHT * (1 - min(share, 1.0)):.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
