"""Hostile text, made visible and bounded.

Answers, names and ids come from models and strangers' files. A character that a reader cannot see but a browser or a
terminal obeys (controls, bidirectional overrides, invisible tags, lone surrogates) is replaced by a sign that shows it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from hantei.reports.data import Highlight

_CONTROL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls; tab and line feed are text
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi controls, invisibles
    "\ud800-\udfff"  # lone surrogates, which UTF-8 cannot hold
    "\U000e0000-\U000e007f"  # tags: a whole alphabet that no screen shows
    "]"
)

# fmt: off
_C0 = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)
# fmt: on

TextRun = str | list[str] | list[str | float]
"""A piece of text for the page: ``"text"`` as it is, ``["sign"]`` for a control, ``["text", weight]`` for a mark."""


def sign(character: str) -> str:
    """Return what stands for a control character: ``[ESC]`` for an ASCII control, ``[U+202E]`` for any other.

    Unicode's own pictures of the controls would be shorter, but common fonts lack them.
    """
    code = ord(character)
    return f"[{_C0[code]}]" if code < 0x20 else f"[U+{code:04X}]"


def visible(text: str) -> str:
    """Return ``text`` with every control character replaced by its sign."""
    return _CONTROL.sub(lambda match: sign(match[0]), text.replace("\r\n", "\n"))


def clip(text: str, limit: int) -> str:
    """Return the first ``limit`` characters of ``text``, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[:limit] + "…"


def runs(text: str, marks: Iterable[Highlight] = (), limit: int = 20_000) -> list[TextRun]:
    """Return the first ``limit`` characters of ``text`` as pieces: plain, control sign, or marked with its weight.

    Marks outside the text, empty, or overlapping an earlier one are clipped to what is left of them.
    """
    pieces: list[TextRun] = []
    if not (_CONTROL.search(text) or "\r" in text):
        return [_run(text[start:end], weight) for start, end, weight in _spans(min(len(text), limit), marks)]
    for start, end, weight in _spans(min(len(text), limit), marks):
        pieces.extend(_pieces(text[start:end].replace("\r\n", "\n"), weight))
    return pieces


def _spans(length: int, marks: Iterable[Highlight]) -> Iterator[tuple[int, int, float]]:
    """Yield spans that cover 0 to ``length`` once, in order; the weight is 0 outside marks."""
    at = 0
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        start, end = max(mark.start, at), min(mark.end, length)
        if start >= end:
            continue
        if at < start:
            yield at, start, 0.0
        yield start, end, mark.weight if math.isfinite(mark.weight) else 0.0
        at = end
    if at < length:
        yield at, length, 0.0


def _pieces(text: str, weight: float) -> Iterator[TextRun]:
    at = 0
    for match in _CONTROL.finditer(text):
        if at < match.start():
            yield _run(text[at : match.start()], weight)
        yield [sign(match[0])]
        at = match.end()
    if at < len(text):
        yield _run(text[at:], weight)


def _run(text: str, weight: float) -> TextRun:
    if not weight:
        return text
    marked: list[str | float] = [text, round(weight, 4)]
    return marked
