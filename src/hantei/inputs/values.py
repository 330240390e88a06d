"""Single cells: what they are in words, what makes a text unreadable, and values inside objects by a path."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_FIELD = 10_000_000
"""The longest field that is read, in characters: longer ones are named as bad rows."""

_MAX_PYTHON = 1_000_000
"""The longest text that is read as Python, in characters."""

_ANSWER = 20
"""So many characters make a text in a list more than an item."""

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,9})\]")
_ABSENT = object()


def text_problem(text: str) -> str | None:
    """Return why a text cannot be taken in, over the limit or with a NUL byte in it, or None."""
    if len(text) > MAX_FIELD:
        return f"has {len(text):,} characters; the limit is {MAX_FIELD:,}"
    nul = text.find("\0")
    return f"holds a NUL byte at character {nul + 1}" if nul >= 0 else None


def columns_message(names: Sequence[str]) -> str:
    """Return what a message says of the columns of a file."""
    if not names:
        return "it has no columns"
    return "it has " + ", ".join(f"'{name}'" for name in names[:20])


def kind_of(value: Any) -> str:
    """Return in words what a value is, for messages."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def is_nan(value: Any) -> bool:
    """Whether a value is the number that is none."""
    return isinstance(value, float) and value != value


def has_path(cells: Mapping[str, Any], path: str) -> bool:
    """Whether a row has a column of this name, or something at this path inside one."""
    return _at(cells, path) is not _ABSENT


def value_at(cells: Mapping[str, Any], path: str) -> Any:
    """Return a cell, or what is at a path such as ``response.choices[0].text`` inside one; None where nothing is."""
    value = _at(cells, path)
    return None if value is _ABSENT else value


def _at(cells: Mapping[str, Any], path: str) -> Any:
    if path in cells:
        return cells[path]
    steps = list(_STEP.finditer(path))
    if "".join(match[0] for match in steps) != path:
        return _ABSENT
    value: Any = cells
    for match in steps:
        name, number = match.groups()
        if name is not None and isinstance(value, Mapping) and name in value:
            value = value[name]
        elif number is not None and isinstance(value, list) and int(number) < len(value):
            value = value[int(number)]
        else:
            return _ABSENT
    return value


def listed_answers(text: str, several: bool) -> list[Any] | None:
    """Return the answers in a cell that holds a list as text, as pandas writes it; None where it is one answer.

    An answer may be a JSON list of its own. So in a column whose name does not say that it holds ``several``, a list
    counts where Python wrote it (with single quotes) or where each of its texts is long enough to be an answer.
    """
    if text[:1] != "[" or text[-1:] != "]":
        return None
    items = parsed_list(text)
    if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
        return None
    by_python = text[1] == "'" or text[-2] == "'"
    return items if several or by_python or min(map(len, items)) >= _ANSWER else None


def parsed_list(text: str) -> Any:
    """Return what a text holds as JSON or, as pandas writes lists, as Python; None where it is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _MAX_PYTHON or not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
