"""Rows of JSON: one object a line or after another, an array of them, rows inside an object, or a table by column."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from hantei.errors import InputError, RowError
from hantei.inputs.names import ALIASES
from hantei.inputs.row import Row
from hantei.inputs.values import kind_of, value_at

_decoder = msgspec.json.Decoder()
_CHUNK = 1 << 20
MOST = 512 << 20
"""The largest object that is read whole, in characters."""
_DEPTH = 4
_SPACE = re.compile(r"\s*")
_ANSWERED = {*ALIASES["response"], *ALIASES["messages"]}
_ASKED_OR_ANSWERED = {*_ANSWERED, *ALIASES["prompt"]}
_WRAPPERS = ("row", "_source", "fields", "node", "record")
"""What holds a row's columns: in the Hugging Face rows API, Elasticsearch, Airtable, GraphQL, Argilla."""
_KNOWN = {alias for aliases in ALIASES.values() for alias in aliases}


def layout(file: TextIO, default: str) -> str:
    """Return how JSON is laid out, by its first lines: ``lines``, ``array`` or ``object``."""
    first = next((line for line in file if line.strip()), "")
    start = first.lstrip()[:1]
    whole = _parsed(first)
    if start == "[":
        rows = isinstance(whole, list) and bool(whole) and isinstance(whole[0], dict)
        return "array" if default == "array" or rows or (whole is None and first.strip() in ("[", "[{")) else "lines"
    if start != "{":
        return default
    if whole is None:
        return "object" if default == "array" or first.strip() == "{" or _goes_on(first, file) else "lines"
    alone = not any(line.strip() for line in file)
    return "object" if alone and default == "array" and not _is_row(whole) else "lines"


def _goes_on(first: str, file: TextIO) -> bool:
    """Whether an object ends elsewhere than with its line: pretty-printed, or with the next one right behind it."""
    try:
        json.JSONDecoder().raw_decode((first + file.read(_CHUNK)).lstrip())
    except (ValueError, RecursionError):
        return False
    return True


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_row(whole: Mapping[str, Any]) -> bool:
    """Whether a single object is a row rather than what holds rows or columns."""
    columns = {str(name).strip().lower() for name in whole}
    if columns & set(ALIASES["messages"]) and "response" not in columns:
        return True
    return bool(columns & set(ALIASES["response"])) and not all(isinstance(v, dict | list) for v in whole.values())


def line_rows(path: Path, lines: Iterable[str]) -> Iterator[Row | RowError]:
    """Yield a row for each line that is not blank."""
    number = 0
    for line in lines:
        if line.strip():
            number += 1
            yield _line(path, number, line)


def _line(path: Path, number: int, line: str) -> Row | RowError:
    try:
        cells = _loaded(line)
    except ValueError as error:
        return RowError(str(path), number, None, f"is not JSON: {error}")
    except RecursionError:
        return RowError(str(path), number, None, "is nested too deeply to be read")
    return _object(path, number, cells)


def _loaded(line: str) -> Any:
    """Return what a line of JSON says.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested too deeply.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return json.loads(line)  # perhaps only a lone surrogate or a NaN, which the fast reader refuses


def _object(path: Path, number: int, cells: Any) -> Row | RowError:
    if isinstance(cells, dict):
        return Row(number, _unwrapped(cells))
    return RowError(str(path), number, None, f"expected an object with columns, found {kind_of(cells)}")


def _unwrapped(cells: dict[str, Any]) -> Mapping[str, Any]:
    """Return the columns of a row that holds them in one object, as ``{"row_idx": 0, "row": {...}}`` does."""
    if cells.keys().isdisjoint(_WRAPPERS):
        return cells
    inner = next((name for name in _WRAPPERS if isinstance(cells.get(name), dict)), None)
    if inner is None or not _columns(cells[inner]) & _ASKED_OR_ANSWERED or _columns(cells) & _ASKED_OR_ANSWERED:
        return cells
    return {**{name: cell for name, cell in cells.items() if name != inner}, **cells[inner]}


def _columns(cells: Mapping[str, Any]) -> set[str]:
    return {str(name).strip().lower() for name in cells}


def array_rows(path: Path, file: TextIO) -> Iterator[Row | RowError]:
    """Stream the elements of a JSON array without reading it whole; where it breaks, the last row is an error."""
    number = 0
    try:
        for element in _array(path, _JsonText(file)):
            number += 1
            yield _object(path, number, element)
    except _BrokenArrayError as error:
        problem = f"is not JSON: {error}; nothing after it could be read"
        yield RowError(str(path), number + 1, None, problem)


def object_rows(path: Path, file: TextIO, at: str | None) -> Iterator[Row | RowError]:
    """Yield the rows inside an object: at the path ``at``, else the only list of objects, or the object as columns.

    Of several objects one after another, as jq prints them, each is a row.

    Raises:
        InputError: it is no JSON, or where the rows are cannot be told.
    """
    text = file.read(MOST + 1)
    if len(text) > MOST:
        raise InputError(f"{path}: an object of more than {MOST:,} characters; store the rows one a line")
    try:
        wholes = list(objects_in(text))
    except RecursionError:
        raise InputError(f"{path}: is nested too deeply to be read") from None
    except ValueError as error:
        raise InputError(f"{path}: is not JSON: {error}") from None
    rows = wholes if len(wholes) > 1 and at is None else _rows_in(path, wholes[0], at)
    for number, cells in enumerate(rows, 1):
        yield _object(path, number, cells)


def objects_in(text: str) -> Iterator[Any]:
    """Yield the values of JSON that stand one after another in a text.

    Raises:
        ValueError: it is no JSON.
    """
    decoder = json.JSONDecoder()
    place = _SPACE.match(text).end()  # type: ignore[union-attr]
    while True:
        value, end = decoder.raw_decode(text, place)
        yield value
        place = _SPACE.match(text, end).end()  # type: ignore[union-attr]
        if place == len(text):
            return


def _rows_in(path: Path, whole: Any, at: str | None) -> list[Any]:
    if at is not None:
        there = value_at(whole, at) if isinstance(whole, Mapping) else None
        rows = there if isinstance(there, list) else _by_column(there)
        if rows is None:
            raise InputError(f"{path}: --rows {at}: expected a list of objects, found {kind_of(there)}")
        return rows
    if isinstance(whole, list):
        return whole
    by_column = _by_column(whole)
    if by_column is not None:
        return by_column
    lists = _lists(whole, "", _DEPTH)
    lists = {name: list(map(_unwrapped, rows)) for name, rows in lists.items()}
    for fitting in (lists, _with(lists, _ANSWERED), _with(lists, _ASKED_OR_ANSWERED)):
        if len(fitting) == 1:
            return next(iter(fitting.values()))
    if lists:
        raise InputError(
            f"{path}: rows may be in any of {', '.join(lists)}; name it with --rows {next(iter(lists))}; what another "
            "program wrote is read by hantei import"
        )
    if not any(str(name).strip().lower() in _KNOWN for name in whole):
        raise InputError(f"{path}: expected rows, found an object with {', '.join(map(repr, list(whole)[:20]))}")
    return [whole]


def _with(lists: Mapping[str, list[Any]], names: set[str]) -> dict[str, list[Any]]:
    """Return the lists whose first row has a column of one of these names."""
    return {path: rows for path, rows in lists.items() if _columns(rows[0]) & names}


def _lists(value: Any, path: str, depth: int) -> dict[str, list[Any]]:
    """Return the lists of objects inside an object by their path; not those inside rows."""
    found: dict[str, list[Any]] = {}
    for name, inner in value.items() if isinstance(value, dict) and depth else ():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            found[here] = inner
        else:
            found |= _lists(inner, here, depth - 1)
    return found


def _by_column(value: Any) -> list[Any] | None:
    """Return the rows of a table that is stored by column, as pandas writes them; None where it is none."""
    if not isinstance(value, dict) or not value:
        return None
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return [dict(zip(map(str, columns), row, strict=False)) for row in data]
    named = any(str(name).strip().lower() in _KNOWN for name in value)
    cells = list(value.values())
    if all(isinstance(one, dict) for one in cells):
        if not named:
            keys = {str(key).strip().lower() for one in cells for key in one}
            return cells if keys & set(ALIASES["response"] + ALIASES["prompt"] + ALIASES["messages"]) else None
        index = dict.fromkeys(key for one in cells for key in one)
        return [{name: column.get(key) for name, column in value.items()} for key in index]
    lengths = {len(one) if isinstance(one, list) else -1 for one in cells}
    if named and len(cells) > 1 and lengths == {len(cells[0]) if isinstance(cells[0], list) else 0}:
        return [dict(zip(value, row, strict=True)) for row in zip(*cells, strict=True)]
    return None


class _BrokenArrayError(Exception):
    """A JSON array that cannot be followed any further."""


def _array(path: Path, text: _JsonText) -> Iterator[Any]:
    if not text.take("["):
        raise InputError(f"{path}: expected a JSON array of objects; for one object a line name the file .jsonl")
    closed = text.take("]")
    while not closed:
        yield text.value()
        closed = text.take("]")
        if not closed and not text.take(","):
            raise _BrokenArrayError("expected a comma or the closing bracket")
    if text.peek():
        raise _BrokenArrayError("found text after the closing bracket")


class _JsonText:
    """JSON read piece by piece from a file, with no more of it in memory than the value at hand needs."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._buffer, self._at, self._more = file, "", 0, True
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """Return the next character that is no space, or nothing at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer) or not self._more:
                return self._buffer[self._at : self._at + 1]
            self._read()

    def take(self, mark: str) -> bool:
        """Step over ``mark`` if it comes next."""
        found = self.peek() == mark
        self._at += found
        return found

    def value(self) -> Any:
        """Return the next value.

        Raises:
            _BrokenArrayError: the file ends, or goes on with what is no JSON.
        """
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if not self._more:
                    raise _BrokenArrayError(getattr(error, "msg", error)) from None
            else:
                # A number that ends with the buffer may go on after it.
                if end < len(self._buffer) or not self._more:
                    self._at = end
                    return value
            self._read()

    def _read(self) -> None:
        rest = self._buffer[self._at :]
        chunk = self._file.read(max(_CHUNK, len(rest)))
        self._more, self._buffer, self._at = bool(chunk), rest + chunk, 0
