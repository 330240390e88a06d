"""Rows of a JSONL, JSON, CSV, TSV or Parquet file, streamed one by one; a broken row is a value, not an exception."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.encoding import Encoding, find_encoding

MAX_FIELD = 10_000_000
"""The longest field that is read, in characters: longer ones are named as bad rows."""

_CHUNK = 1 << 20
_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"[^"]*"?')

_FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
}


class Row(NamedTuple):
    """One data row: its number from 1, and its cells by column name."""

    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A file opened for reading as rows; nothing of it is held in memory but the row at hand."""

    path: Path
    format: str
    encoding: Encoding

    def rows(self) -> Iterator[Row | RowError]:
        """Yield every row in order, a ``RowError`` in place of one that is broken.

        Raises:
            InputError: the file as a whole cannot go on, such as JSON that ends in the middle.
        """
        for item in _READERS[self.format](self):
            yield (_checked(self.path, item) if isinstance(item, Row) else item)

    def text(self) -> TextIO:
        """Open the file as text in its encoding, line ends untouched."""
        return self.path.open(encoding=self.encoding.name, newline="")


def open_table(path: Path, encoding: str | None = None) -> Table:
    """Find out a file's format and encoding.

    Raises:
        UsageError: no such file, or a kind of file that is not read.
        InputError: empty, or in an encoding that is not the stated one or cannot be told.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: expected a file ending in {', '.join(_FORMATS)}")
    if not path.stat().st_size:
        raise InputError(f"{path}: the file is empty; expected rows of questions and answers")
    if kind == "parquet":
        return Table(path, kind, Encoding("parquet", "marked"))
    return Table(path, kind, find_encoding(path, encoding))


def given_row(number: int, item: Any, path: Path = Path("rows")) -> Row | RowError:
    """Return a row that was given in Python, or what is wrong with it: no mapping, or columns not named by text."""
    if not isinstance(item, Mapping):
        return RowError(str(path), number, None, f"expected a mapping of columns, found {kind_of(item)}")
    strange = next((name for name in item if not isinstance(name, str)), None)
    if strange is not None or None in item:
        return RowError(str(path), number, None, f"expected column names as text, found {kind_of(strange)}")
    return _checked(path, Row(number, item))


def text_problem(text: str) -> str | None:
    """Return why a text cannot be taken in, over the limit or with a NUL byte in it, or None."""
    if len(text) > MAX_FIELD:
        return f"has {len(text):,} characters; the limit is {MAX_FIELD:,}"
    nul = text.find("\0")
    return f"holds a NUL byte at character {nul + 1}" if nul >= 0 else None


def it_has(names: Sequence[str]) -> str:
    """Return what a message says of the columns of a file."""
    if not names:
        return "it has no columns"
    return "it has " + ", ".join(f"'{name}'" for name in names[:20])


def kind_of(value: Any) -> str:
    """Return in words what a value is, for messages."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def _checked(path: Path, row: Row) -> Row | RowError:
    """Check every text of a row, those of columns that are only kept as well."""
    for column, cell in row.cells.items():
        problem = text_problem(cell) if isinstance(cell, str) else None
        if problem is not None:
            return RowError(str(path), row.number, column, problem)
    return row


def _jsonl(table: Table) -> Iterator[Row | RowError]:
    number = 0
    with table.path.open(encoding=table.encoding.name, newline="\n") as file:
        for line in file:
            if not line.strip():
                continue
            number += 1
            yield _json_row(table, number, line)


def _json_row(table: Table, number: int, line: str) -> Row | RowError:
    try:
        cells = json.loads(line)
    except ValueError as error:
        return RowError(str(table.path), number, None, f"is not JSON: {error}")
    except RecursionError:
        return RowError(str(table.path), number, None, "is nested too deeply to be read")
    return _object(table, number, cells)


def _object(table: Table, number: int, cells: Any) -> Row | RowError:
    if isinstance(cells, dict):
        return Row(number, cells)
    return RowError(str(table.path), number, None, f"expected an object with columns, found {kind_of(cells)}")


def _json(table: Table) -> Iterator[Row | RowError]:
    """Stream the elements of a JSON array without reading it whole; where it breaks, the last row is an error."""
    number = 0
    try:
        with table.text() as file:
            for element in _array(table.path, _JsonText(file)):
                number += 1
                yield _object(table, number, element)
    except _BrokenArrayError as error:
        problem = f"is not JSON: {error}; nothing after it could be read"
        yield RowError(str(table.path), number + 1, None, problem)


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
        """Return the next value."""
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


def _csv(table: Table) -> Iterator[Row | RowError]:
    csv.field_size_limit(sys.maxsize)  # the limit is checked by _checked, which can name the row
    with table.text() as file:
        first = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter=_delimiter(table.path, first), strict=True)
        try:
            header = next(reader, [])
        except csv.Error as error:
            raise InputError(f"{table.path}: the header line is not CSV: {error}") from None
        _check_header(table.path, header)
        yield from _csv_rows(table.path, reader, header)


def _delimiter(path: Path, first: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t", key=_QUOTED.sub("", first).count)  # the comma wins a tie


def _check_header(path: Path, header: list[str]) -> None:
    if not any(name.strip() for name in header):
        raise InputError(f"{path}: expected a header line with column names, found a blank one")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputError(f"{path}: the header names column '{twice[0]}' twice")


def _csv_rows(path: Path, reader: Any, header: list[str]) -> Iterator[Row | RowError]:
    number = 0
    while True:
        before = reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            yield RowError(str(path), number, None, _not_csv(before + 1, reader.line_num, error))
            continue
        if cells is None:
            return
        if not cells:
            continue
        number += 1
        if len(cells) == len(header):
            yield Row(number, dict(zip(header, cells, strict=True)))
        else:
            where = _lines(before + 1, reader.line_num)
            problem = f"expected {len(header)} cells as in the header, found {len(cells)} ({where})"
            yield RowError(str(path), number, None, problem)


def _not_csv(first: int, last: int, error: csv.Error) -> str:
    unclosed = "unexpected end of data" in str(error)
    reason = f"a quote that opens in the row of line {first} is not closed" if unclosed else str(error)
    if first == last:
        return f"is not CSV in line {first}: {reason}"
    return f"is not CSV: {_lines(first, last)} ({last - first + 1:,} lines) could not be told apart: {reason}"


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _parquet(table: Table) -> Iterator[Row | RowError]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise UsageError(f"{table.path}: reading Parquet needs an extra: pip install 'hantei[parquet]'") from None
    try:
        batches = parquet.ParquetFile(table.path).iter_batches(batch_size=1024)
        rows = (cells for batch in batches for cells in batch.to_pylist())
        for number, cells in enumerate(rows, 1):
            yield Row(number, cells)
    except (OSError, ValueError) as error:
        raise InputError(f"{table.path}: not a Parquet file that can be read: {error}") from None


_READERS = {"jsonl": _jsonl, "json": _json, "csv": _csv, "parquet": _parquet}
