"""Tables of any usual format, streamed row by row; a broken row is a value, not an exception."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.byte_sources import Stored, stored_file
from hantei.inputs.csv_rows import csv_rows
from hantei.inputs.encoding import Encoding, find_encoding
from hantei.inputs.excel import excel_rows
from hantei.inputs.json_rows import array_rows, layout, line_rows, object_rows
from hantei.inputs.row import Row
from hantei.inputs.values import kind_of, text_problem

_FORMATS = {
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".json": "array",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".xlsx": "excel",
}
_JSON = re.compile(r"\s*(\{\s*[\"}]|\[\s*[{\[\]])")
"""How objects and arrays of them begin, and no header of a table."""
ENDINGS = tuple(_FORMATS)
"""The endings of files that are read as tables."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file opened for reading as rows; nothing of it is held in memory but the row at hand.

    ``format`` is ``lines``, ``array`` or ``object`` (of JSON), ``csv``, ``parquet`` or ``excel``. ``at`` is where in an
    object the rows are, or the name of a workbook's sheet; None where there is only one place.
    """

    source: Stored
    format: str
    encoding: Encoding
    at: str | None = None

    @property
    def path(self) -> Path:
        """The file's name in messages."""
        return self.source.path

    def rows(self) -> Iterator[Row | RowError]:
        """Yield every row in order, a ``RowError`` in place of one that is broken.

        Raises:
            InputError: the file as a whole cannot go on, such as JSON that ends in the middle.
        """
        for item in self._rows():
            yield (checked(self.path, item) if isinstance(item, Row) else item)

    def _rows(self) -> Iterator[Row | RowError]:
        if self.format == "parquet":
            yield from _parquet(self.source.file)
            return
        if self.format == "excel":
            yield from excel_rows(self.source.file, self.at)
            return
        with self.text() as file:
            if self.format == "object":
                yield from object_rows(self.path, file, self.at)
            else:
                yield from _READERS[self.format](self.path, file)

    def text(self) -> TextIO:
        """Open the file as text in its encoding, line ends untouched."""
        newline = "\n" if self.format == "lines" else ""
        return io.TextIOWrapper(self.source.open(), encoding=self.encoding.name, newline=newline)


def open_table(path: Path, encoding: str | None = None, at: str | None = None) -> Table:
    """Find out a file's format and encoding; JSON is told by its content, whatever the ending says.

    Args:
        path: the file; ``-`` is standard input; .gz and .zst are decompressed.
        encoding: of its text, where its bytes do not tell.
        at: where the rows are inside an object (``results.items``), or a workbook's sheet.

    Raises:
        UsageError: no such file, or a kind of file that is not read.
        InputError: empty, or in an encoding that is not the stated one or cannot be told.
    """
    source = stored_file(path)
    kind = _FORMATS.get(source.path.suffix.lower(), "stdin" if str(path) == "-" else None)
    if kind is None:
        raise UsageError(f"{path}: expected a file ending in {', '.join(_FORMATS)}, also with .gz or .zst")
    if not source.file.stat().st_size:
        raise InputError(f"{path}: the file is empty; expected rows of questions and answers")
    if kind in ("parquet", "excel"):
        if source.compression:
            raise UsageError(f"{path}: decompress it first: files of this kind are compressed inside")
        return Table(source, kind, Encoding(kind, "marked"), at)
    table = Table(source, kind, find_encoding(source, encoding), at)
    return _as_laid_out(table)


def _as_laid_out(table: Table) -> Table:
    with table.text() as file:
        if table.format in ("csv", "stdin"):
            kind = layout(file, "csv") if _starts_as_json(table) else "csv"
        else:
            kind = layout(file, table.format)
    return Table(table.source, "object" if table.at is not None else kind, table.encoding, table.at)


def _starts_as_json(table: Table) -> bool:
    with table.text() as file:
        return _JSON.match(file.read(4096)) is not None


def given_row(number: int, item: Any, path: Path = Path("rows")) -> Row | RowError:
    """Return a row that was given in Python, or what is wrong with it: no mapping, or columns not named by text."""
    if not isinstance(item, Mapping):
        return RowError(str(path), number, None, f"expected a mapping of columns, found {kind_of(item)}")
    strange = next((name for name in item if not isinstance(name, str)), None)
    if strange is not None or None in item:
        return RowError(str(path), number, None, f"expected column names as text, found {kind_of(strange)}")
    return checked(path, Row(number, item))


def checked(path: Path, row: Row) -> Row | RowError:
    """Check every text of a row, those of columns that are only kept as well."""
    for column, cell in row.cells.items():
        problem = text_problem(cell) if isinstance(cell, str) else None
        if problem is not None:
            return RowError(str(path), row.number, column, problem)
    return row


def _parquet(path: Path) -> Iterator[Row | RowError]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise UsageError(f"{path}: reading Parquet needs an extra: pip install 'hantei[parquet]'") from None
    try:
        batches = parquet.ParquetFile(path).iter_batches(batch_size=1024)
        rows = (cells for batch in batches for cells in batch.to_pylist())
        for number, cells in enumerate(rows, 1):
            yield Row(number, cells)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file that can be read: {error}") from None


_READERS = {"lines": line_rows, "array": array_rows, "csv": csv_rows}
