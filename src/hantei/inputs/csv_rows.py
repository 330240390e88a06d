"""Rows of CSV and TSV files, whatever stands above their header; a broken row is a value, not an exception."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from hantei.errors import InputError, RowError
from hantei.inputs.headers import LOOK_AT, header_place, passed_over
from hantei.inputs.row import Row

_QUOTED = re.compile(r'"[^"]*"?')
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""The line that tells Excel what separates the cells."""


def csv_rows(path: Path, file: TextIO) -> Iterator[Row | RowError]:
    """Yield the rows of a table of lines with commas, semicolons or tabs; a first line ``sep=;`` names the separator.

    Raises:
        InputError: the header line cannot be read.
    """
    csv.field_size_limit(sys.maxsize)  # the limit is checked with every row, where it can be named
    head = [line for line in (file.readline() for _ in range(LOOK_AT)) if line]
    stated = _SEPARATOR.fullmatch(head[0]) if head else None
    above = [] if stated else _above(path, head)
    rest = head[1 if stated else len(above) :]
    delimiter = stated[1] if stated else _delimiter(path, rest[0] if rest else "")
    reader = csv.reader(chain(rest, file), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InputError(f"{path}: the header line is not CSV: {error}") from None
    check_header(path, header)
    note = passed_over(above)
    for item in _rows(path, reader, header, 1 if stated else len(above)):
        yield item._replace(above=note) if note and isinstance(item, Row) else item
        note = ""


def _above(path: Path, lines: list[str]) -> list[list[str]]:
    """Return the cells of the lines above the header."""
    cells = [next(csv.reader([line], delimiter=_delimiter(path, line)), []) for line in lines]
    place = header_place(cells)
    within = any(_QUOTED.sub("", line).count('"') for line in lines[:place])  # a cell of several lines
    return [] if within else cells[:place]


def _delimiter(path: Path, first: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t", key=_QUOTED.sub("", first).count)  # the comma wins a tie


def check_header(path: Path, header: list[str]) -> None:
    """Raise an InputError where a header names no column, or one twice.

    Raises:
        InputError: it does.
    """
    if not any(name.strip() for name in header):
        raise InputError(f"{path}: expected a header line with column names, found a blank one")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputError(f"{path}: the header names column '{twice[0]}' twice")


def _rows(path: Path, reader: Any, header: list[str], above: int) -> Iterator[Row | RowError]:
    number = 0
    while True:
        before = reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            yield RowError(str(path), number, None, _not_csv(before + 1 + above, reader.line_num + above, error))
            continue
        if cells is None:
            return
        if not cells:
            continue
        number += 1
        if len(cells) <= len(header):
            cells += [""] * (len(header) - len(cells))  # Excel and Outlook leave out empty last cells
            yield Row(number, dict(zip(header, cells, strict=True)))
        else:
            where = _lines(before + 1 + above, reader.line_num + above)
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
