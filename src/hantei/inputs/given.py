"""Rows that are given in Python: dictionaries, or a table of pandas, polars or anything that speaks Arrow.

A table is read in parts, by its own methods: no library is imported but PyArrow, and that only for tables of Arrow.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.row import Row
from hantei.inputs.tables import given_row

_PART = 1024
"""Rows of a table that are made Python's at once."""


@runtime_checkable
class ArrowTable(Protocol):
    """A table that others can read by Arrow's PyCapsule interface: pandas', polars', PyArrow's, DuckDB's."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the rows as a capsule."""
        ...


TableOrRows = ArrowTable | Iterable[Mapping[str, Any] | msgspec.Struct]
"""Rows by column: a table, or dictionaries or records one after another."""


class GivenRows:
    """Rows that were given in Python, read like those of a file called ``rows``; nothing of a table is copied whole.

    What can be gone through only once, such as a generator, waits in a temporary file.
    """

    path = Path("rows")

    def __init__(self, rows: TableOrRows) -> None:
        """Take the rows.

        Raises:
            UsageError: they are none.
        """
        if isinstance(rows, Mapping):
            raise UsageError("expected rows, found one dictionary: give a list of them, or columns as a DataFrame")
        one_column = hasattr(rows, "iloc") and not hasattr(rows, "columns")
        if one_column or not isinstance(rows, Iterable | ArrowTable):
            raise UsageError(f"expected files, a run folder, or rows as dictionaries or a table, found {_kind(rows)}")
        once = isinstance(rows, Iterator) or hasattr(rows, "read_next_batch")
        self._rows = _Spooled(_dictionaries(rows)) if once else rows

    def rows(self) -> Iterator[Row | RowError]:
        """Yield the rows by number, errors in place of broken ones."""
        for number, cells in enumerate(_dictionaries(self._rows), 1):
            plain = {name: _plain(cell) for name, cell in cells.items()} if isinstance(cells, Mapping) else cells
            yield given_row(number, plain, self.path)

    def digest(self) -> str:
        """Return the SHA-256 of the rows as JSON; a table has that of the same rows as dictionaries."""
        digest = hashlib.sha256(b"[")
        for number, cells in enumerate(_dictionaries(self._rows)):
            digest.update((", " * (number > 0) + _as_json(cells)).encode())
        digest.update(b"]")
        return digest.hexdigest()

    def __bool__(self) -> bool:
        return next(_dictionaries(self._rows), None) is not None


class _Spooled:
    """Rows that could be gone through once, in a temporary file that goes with this."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open as long as this is
        weakref.finalize(self, self._file.close)
        self._file.writelines(_as_json(cells).encode() + b"\n" for cells in rows)

    def __iter__(self) -> Iterator[Any]:
        place = 0
        while True:
            self._file.seek(place)  # several may be at it
            line = self._file.readline()
            if not line:
                return
            place += len(line)
            yield json.loads(line)


def _dictionaries(rows: Any) -> Iterator[Any]:
    """Yield rows as dictionaries; what is none as it is."""
    if hasattr(rows, "iloc"):
        return _of_pandas(rows)
    if hasattr(rows, "iter_rows"):
        return iter(rows.iter_rows(named=True))
    if isinstance(rows, ArrowTable):
        return _of_arrow(rows)
    return (_plain(row) if isinstance(row, msgspec.Struct) else row for row in rows)


def _of_pandas(frame: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of pandas' frame; an index that has a name is a column, and what is missing is None."""
    named = any(name is not None for name in frame.index.names)
    _check_names([*(frame.index.names if named else ()), *frame.columns])
    for start in range(0, len(frame), _PART):
        part = frame.iloc[start : start + _PART]
        part = part.reset_index() if named else part
        yield from part.astype(object).where(part.notna(), None).to_dict("records")


def _of_arrow(table: ArrowTable) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa
    except ImportError:
        raise UsageError("rows: a table of Arrow needs an extra: pip install 'hantei[parquet]'") from None
    reader = pa.RecordBatchReader.from_stream(table)
    _check_names(reader.schema.names)
    for batch in reader:
        for start in range(0, batch.num_rows, _PART):
            yield from batch.slice(start, _PART).to_pylist()


def _check_names(names: Sequence[Any]) -> None:
    """Refuse two columns of one name.

    Raises:
        InputError: there are.
    """
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise InputError(f"rows: two columns are called '{twice}': rename one")


def _as_json(cells: Any) -> str:
    try:
        return json.dumps(cells, default=_written)
    except TypeError:  # a name that is no text, as those of columns on two levels
        return json.dumps(_plain(cells), default=_written)


def _written(value: Any) -> Any:
    plain = _plain(value)
    return str(value) if plain is value else plain


def _plain(cell: Any) -> Any:
    """Return a cell as plain data: NumPy's numbers and arrays as Python's, records as dictionaries, NA as None."""
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    if isinstance(cell, dict):
        return {name if isinstance(name, str) else str(name): _plain(inner) for name, inner in cell.items()}
    if isinstance(cell, list | tuple):
        return [_plain(one) for one in cell]
    if isinstance(cell, msgspec.Struct):
        return msgspec.json.decode(msgspec.json.encode(cell))
    if type(cell).__name__ in ("NAType", "NaTType"):
        return None
    return _plain(cell.tolist()) if type(cell).__module__ == "numpy" else cell


def _kind(value: object) -> str:
    lazy = "; .collect() it first" if hasattr(value, "collect") else ""
    package = type(value).__module__.partition(".")[0]
    return f"{'' if package == 'builtins' else f'{package} '}{type(value).__name__}{lazy}"
