"""A judge's data sheet as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WIDTH = 100
_LINES = (
    ("Languages", "languages"),
    ("Models", "models"),
    ("Verdict and critique", "order"),
    ("Sees a reference answer", "reference"),
    ("Sees of a conversation", "turns"),
    ("Evidence", "evidence"),
    ("Version", "version"),
    ("Paper", "paper"),
    ("Published at", "url"),
    ("Licence", "licence"),
    ("Terms", "terms"),
)
_LISTS = (("Where it is weak", "weak"), ("Notices", "notices"))


def sheet(name: str, data: Mapping[str, Any]) -> str:
    """Return the data sheet of the judge ``name`` from its card.

    Fields that the card lacks are left out. Tables of measurements (lists of tables under ``measured``) are printed as
    tables, one for each list.
    """
    head = f"{name}: {data['title']}" if data.get("title") else name
    out = [head, "=" * len(head), "", *_wrapped(str(data.get("description", ""))), ""]
    kind = data.get("rate_kind", "flagged")
    out += _entry("Its rate is called", f"{kind} rate")
    for title, key in _LINES:
        if data.get(key):
            out += _entry(title, _plain(data[key]))
    if data.get("sources"):
        out += ["", "Trained on", *_items(_source(source) for source in data["sources"])]
    out += _measured(data.get("measured"))
    for title, key in _LISTS:
        if data.get(key):
            out += ["", title, *_items(data[key])]
    return "\n".join(out).rstrip() + "\n"


def _entry(title: str, value: str) -> list[str]:
    return textwrap.wrap(f"{title}: {value}", _WIDTH, subsequent_indent="    ", break_long_words=False)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, str) or not isinstance(value, Iterable):
        return f"{value:.3f}" if isinstance(value, float) else str(value)
    return ", ".join(_plain(inner) for inner in value)


def _source(source: Any) -> str:
    """Say of one source what it is and on what terms."""
    if not isinstance(source, Mapping):
        return str(source)
    return "; ".join(str(source[key]) for key in ("title", "licence", "terms", "link") if source.get(key))


def _items(values: Any) -> list[str]:
    items = [values] if isinstance(values, str) else list(values)
    wrapped = [
        textwrap.wrap(_plain(item), _WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False)
        for item in items
    ]
    return [line for lines in wrapped for line in lines]


def _measured(measured: Any) -> list[str]:
    if not measured:
        return ["", "Measured: nothing yet: compare it with people's labels before you rely on its rates."]
    groups = measured if isinstance(measured, Mapping) else {"Measured": measured}
    out: list[str] = []
    for title, rows in groups.items():
        name = title if title == "Measured" else f"Measured: {title}"
        if isinstance(rows, Sequence) and rows and all(isinstance(row, Mapping) for row in rows):
            out += ["", name, *_table(rows)]
        else:
            out += ["", *_entry(name, _plain(rows))]
    return out


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *([_plain(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
