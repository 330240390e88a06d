"""Where the header of a table is: exports often have a title, a date or a comment above it."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.inputs.names import ALIASES

LOOK_AT = 10
"""So many lines may the header be among."""
_SHOWN = 80
_KNOWN = frozenset(alias for aliases in ALIASES.values() for alias in aliases)


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows is the header; 0 where nothing says that it is another than the first.

    A row with usual names of columns is, where none above it has any; or the first one of several cells that is
    followed by another of as many, where those above it have one cell at most.
    """
    if not rows or _names(rows[0]):
        return 0
    named = next((place for place, cells in enumerate(rows) if _names(cells) >= min(2, len(cells)) > 0), None)
    if named is not None:
        return named
    wide = next((place for place, cells in enumerate(rows) if _filled(cells) > 1), 0)
    follows = wide + 1 < len(rows) and len(rows[wide + 1]) == len(rows[wide])
    return wide if follows else 0


def passed_over(above: Sequence[Sequence[str]]) -> str:
    """Return in a sentence what stands above the header, empty where nothing does."""
    text = " / ".join(" ".join(cell.strip() for cell in cells if cell.strip()) for cells in above if _filled(cells))
    count = f"the first {len(above)} lines are" if len(above) > 1 else "the first line is"
    return f"{count} no header and passed over: '{text[:_SHOWN]}'" if text else ""


def _names(cells: Sequence[str]) -> int:
    return sum(cell.strip().lower() in _KNOWN for cell in cells)


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)
