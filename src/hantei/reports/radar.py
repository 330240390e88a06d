"""What the template of a ``Radar`` draws: rings, spokes with their names, and a closed line a series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hantei.reports.figures import Radar
from hantei.reports.geometry import part, ticks, writer
from hantei.reports.plotting import COLOURS, NAME_LIMIT, Shape
from hantei.reports.text import clip

_MIDDLE_X, _MIDDLE_Y, _RADIUS = 180.0, 138.0, 88.0
_LABEL_WIDTH = 14
_WORD_LIMIT = 18
_LABEL_LINES = 3
_LINE = 12.0


@dataclass(frozen=True, slots=True)
class Spoke:
    """The end of an axis of a radar, and its name: where it stands, how it is anchored, its lines by height."""

    x: str
    y: str
    at: str
    anchor: str
    lines: tuple[tuple[str, str], ...]


def radar_layout(radar: Radar) -> dict[str, Any]:
    """Return what the template of a radar is given."""
    over = (0.0, radar.most)
    as_share, of = writer(over), len(radar.axes)
    series = [(clip(name, NAME_LIMIT), values) for name, values in radar.series.items()]
    return {
        "radar": radar,
        "rings": [
            (_closed([part(value, over)] * of), _up(part(value, over)), as_share(value)) for value in ticks(over)[1:]
        ],
        "spokes": [_spoke(number, of, name) for number, name in enumerate(radar.axes)],
        "shapes": [
            Shape(name, "line", number % COLOURS, _closed([part(value, over) for value in values]))
            for number, (name, values) in enumerate(series)
        ],
        "head": ["Series", *radar.axes],
        "rows": [(name, [as_share(value) for value in values]) for name, values in series],
        "middle": (_MIDDLE_X, _MIDDLE_Y),
    }


def _at(number: int, of: int, share: float) -> tuple[float, float]:
    angle = 2 * math.pi * number / of
    return _MIDDLE_X + _RADIUS * share * math.sin(angle), _MIDDLE_Y - _RADIUS * share * math.cos(angle)


def _closed(shares: Sequence[float]) -> str:
    places = (_at(number, len(shares), share) for number, share in enumerate(shares))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _up(share: float) -> str:
    return f"{_MIDDLE_Y - _RADIUS * share:.1f}"


def _spoke(number: int, of: int, name: str) -> Spoke:
    (x, y), (at, base) = _at(number, of, 1.0), _at(number, of, 1.1)
    words = _wrapped(name)
    side = math.sin(2 * math.pi * number / of)
    anchor = "middle" if abs(side) < 0.1 else "start" if side > 0 else "end"
    # At the top a name ends at its axis, at the bottom it begins there.
    upward = (1 - (base - _MIDDLE_Y) / (1.1 * _RADIUS)) / 2
    first = base - _LINE * (len(words) - 1) * upward + 4
    lines = tuple((f"{first + _LINE * line:.1f}", text) for line, text in enumerate(words))
    return Spoke(f"{x:.1f}", f"{y:.1f}", f"{at:.1f}", anchor, lines)


def _wrapped(name: str) -> list[str]:
    lines = [""]
    for word in clip(name, NAME_LIMIT).split():
        joined = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(joined) > _LABEL_WIDTH:
            lines.append(clip(word, _WORD_LIMIT))
        else:
            lines[-1] = clip(joined, _WORD_LIMIT)
    return lines if len(lines) <= _LABEL_LINES else [*lines[: _LABEL_LINES - 1], f"{lines[_LABEL_LINES - 1]}…"]
