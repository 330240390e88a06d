"""What an encoder says of an answer: its heads, their classes, and where they stand in its output."""

from __future__ import annotations

from collections.abc import Sequence

HEADS: dict[str, tuple[str, ...]] = {
    "unsafe": ("safe", "unsafe"),
    "action": ("0", "1", "2", "3", "4", "5"),
    "refusal": ("none", "partial", "full"),
}
"""Classes by head, in the order of the output: the verdict, Do-Not-Answer's action, the degree of refusal."""


def slices(heads: Sequence[str]) -> dict[str, slice]:
    """Return which columns of the output each head has; heads stand in the order given."""
    out: dict[str, slice] = {}
    start = 0
    for head in heads:
        out[head] = slice(start, start + len(HEADS[head]))
        start = out[head].stop
    return out


def width(heads: Sequence[str]) -> int:
    """Return how many columns the output has."""
    return sum(len(HEADS[head]) for head in heads)
