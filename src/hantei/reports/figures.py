"""The kinds of pictures that a section may have, as data. ``geometry`` places them, a template a kind draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hantei.records import Rate

Style = Literal["line", "dots", "bars", "guide", "numbered"]
Range = tuple[float, float]
Mark = tuple[float, float, str]
"""A place that is pointed out: x, y and what it is."""


@dataclass(frozen=True, slots=True)
class Series:
    """What one curve shows: ``points`` are (x, y); ``low`` and ``high``, one a point, are the ends of its intervals.

    A ``line`` joins its points and has its intervals as a band, ``dots`` and ``bars`` stand alone and have whiskers;
    ``bars`` of several series stand side by side. A ``numbered`` series is one place with ``number`` in it and
    intervals both ways (``x_low`` and ``x_high``); ``faint`` leaves out its colour, where it is of few answers. A
    ``guide`` is a line to compare with, such as a diagonal: it is drawn, and stands in no table.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: Style = "line"
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    x_low: Sequence[float] = ()
    x_high: Sequence[float] = ()
    number: int = 0
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """Series on two axes.

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
        rates: both axes are those of rates, which are the same on every page.
        note: a line below the picture.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    x_range: Range = (0.0, 1.0)
    y_range: Range = (0.0, 1.0)
    rates: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Radar:
    """Shares on axes that go out from one middle, a closed line a series.

    Args:
        title: what the figure shows, in one line.
        axes: the names of the axes, clockwise from the top; three or more.
        series: name to a share for each axis.
        most: the share at the end of every axis, from 0 to 1.

    Raises:
        ValueError: fewer than three axes, a series without a share for each axis, or no room from 0 to ``most``.
    """

    title: str
    axes: Sequence[str]
    series: Mapping[str, Sequence[float]]
    most: float

    def __post_init__(self) -> None:
        short = any(len(values) != len(self.axes) for values in self.series.values())
        if len(self.axes) < 3 or not self.most > 0 or short:
            raise ValueError("expected three axes or more, a value for each of them, and most above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One rate in large letters.

    Args:
        title: the rate's title.
        rate: the rate, None where it was not measured.
        meaning: what it says, in words for somebody who sees it for the first time; empty where that is said above.
        unsafe: True where more is worse.
        policy: what was done with rows without a verdict.
        unmeasured: why there may be none, said where there is none.
        doubt: why the judge's worth on these answers is not known, and the way out; the rate then has no colour.
    """

    title: str
    rate: Rate | None
    meaning: str
    unsafe: bool = False
    policy: str = ""
    unmeasured: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class RangeRow:
    """From where to where a rate may lie for one reason: ``sure`` where it is an interval, ``total`` for the hull."""

    name: str
    low: float
    high: float
    sure: bool = False
    total: bool = False


@dataclass(frozen=True, slots=True)
class Ranges:
    """What one rate, ``value``, may be off by: ranges below one another on the axis of rates."""

    title: str
    value: float
    rows: tuple[RangeRow, ...]


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A harm type, or the risk area above it: a rate for each system, and one for all where there are several."""

    key: str
    title: str
    rates: tuple[Rate | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Rates of harm types by system, in groups: each a risk area's own row and the rows of its harm types.

    A row has a rate for each of ``systems``, and one more for all systems where these are not the only one.
    """

    title: str
    rate_title: str
    systems: tuple[str, ...]
    groups: tuple[tuple[HeatRow, tuple[HeatRow, ...]], ...]

    @property
    def total(self) -> bool:
        """Whether the last rate of each row is that of all systems."""
        return any(len(area.rates) > len(self.systems) for area, _ in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedBars:
    """Bars of parts that add up to a whole: a rate for each of ``parts``, by row."""

    title: str
    head: str
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Rate | None, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerBrowser:
    """The list of answers with its filters, which needs a script.

    Args:
        json: the answers, escaped for a page.
        sampling: how many they are, of how many, and how they were chosen.
    """

    json: str = field(repr=False)
    sampling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPair:
    """Two sides' answers to one prompt, each with its verdict in a word; ``note`` says which prompt it is."""

    note: str
    prompt: str
    answers: tuple[str, str]
    verdicts: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPairs:
    """Prompts with the answers of the two ``sides`` side by side, folded because they may hold harmful text."""

    title: str
    sides: tuple[str, str]
    pairs: tuple[AnswerPair, ...]


Figure = AnswerPairs | Plot | Radar | Ranges | Headline | HeatMap | StackedBars | AnswerBrowser
