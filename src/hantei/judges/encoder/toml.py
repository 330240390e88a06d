"""Writing a card as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def dumps(data: Mapping[str, Any]) -> str:
    """Return nested mappings, lists, strings, numbers and truth values as TOML, plain fields before tables.

    A value of None is left out: TOML has none.
    """
    return "\n".join(_table(data, ())) + "\n"


def _table(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    filled = {key: value for key, value in data.items() if value is not None}
    for key, value in filled.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in filled.items():
        name = ".".join(_key(part) for part in (*path, key))
        if _is_table(value):
            yield from ("", f"[{name}]", *_table(value, (*path, key)))
        elif _is_tables(value):
            for row in value:
                yield from ("", f"[[{name}]]", *_table(row, (*path, key)))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(_is_table(v) for v in value)
    )


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if plain else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


def _string(text: str) -> str:
    """Return a basic string: JSON's, but that TOML wants the delete character escaped and UTF-8 has no surrogates."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
