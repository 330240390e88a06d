"""A run as a table: every response with its own columns, and each judge's verdict beside them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec

from hantei.errors import UsageError
from hantei.files import is_device, write_atomic
from hantei.inputs.exported import COLUMN, VERDICT, ExportedRow, columns, record_cell, spreadsheet_safe, verdict_columns
from hantei.record_lines import from_line
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.judging import PairReader

_BATCH = 2_000


def export_csv(run: Run, out: Path) -> None:
    """Write a run as a CSV file with formula cells defused."""
    with run.index() as index:
        _to_csv(_rows(run, index), out)


def export_parquet(run: Run, out: Path) -> None:
    """Write a run as a Parquet file.

    Raises:
        UsageError: the extra that it needs is not installed.
    """
    with run.index() as index:
        _to_parquet(_rows(run, index), out, _types(index))


def answer_rows(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the rows of a run, each with its texts, columns and verdicts, without the column of records."""
    with run.index() as index:
        yield from map(_without_records, _rows(run, index))


def arrow_table(run: Run) -> Any:
    """Return the rows of a run as a table of Arrow.

    Raises:
        UsageError: PyArrow is not installed.
    """
    pa = _pyarrow("run.to_arrow()")
    found: list[Any] = []

    def write(columns: list[str], spooled: Iterator[dict[str, Any]]) -> None:
        schema = _schema(pa, columns, types)
        batches = [pa.RecordBatch.from_pylist(_all_typed(batch, schema), schema=schema) for batch in _batches(spooled)]
        found.append(pa.Table.from_batches(batches, schema=schema))

    with run.index() as index:
        types = _types(index)
        _spooled((_without_records(row) for row in _rows(run, index)), None, write)
    return found[0]


def pandas_frame(run: Run) -> Any:
    """Return the rows of a run as a frame of pandas.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise UsageError("run.to_pandas() needs pandas: pip install pandas") from None
    with run.index() as index:
        frame = pd.DataFrame.from_records([_without_records(row) for row in _rows(run, index)])
        types = {name: kind for name, kind in _types(index).items() if name in frame}
    return frame.astype({name: _PANDAS.get(kind, kind) for name, kind in types.items()})


def _pyarrow(what: str) -> Any:
    """Return PyArrow.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise UsageError(f"{what} needs an extra: pip install 'hantei[parquet]'") from None
    return pa


def _without_records(row: dict[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name != COLUMN}


def _types(index: Index) -> dict[str, str]:
    """Return the types of the columns that hold no text, by name."""
    judges = [name for _, name in index.judges()]
    return {"sample": "int64"} | {f"{judge}.{field}": kind for judge in judges for field, kind in _TYPES.items()}


def _rows(run: Run, index: Index) -> Iterator[dict[str, Any]]:
    """Yield one flat row a response: ids, texts, the file's own columns, ``JUDGE.field``, the records."""
    judges = index.judges()
    known = msgspec.to_builtins(run.info().judges)
    files = {name: run.open_judgments(name) for _, name in judges}
    unjudged: dict[str, Any] = {f"{name}.{field}": None for _, name in judges for field in VERDICT}
    unjudged |= {f"{name}.status": "not judged" for _, name in judges}
    try:
        with PairReader(run) as reader:
            for pair in index.pairs():
                prompt, response = reader.prompt(pair.prompt_offset), reader.response(pair.response_offset)
                said = tuple(one for number, name in judges for one in _said(files[name], index.offsets(number, pair)))
                row, verdicts = columns(prompt, response), unjudged | verdict_columns(said)
                whole = ExportedRow(prompt=prompt, response=response, judgments=said, judges=known)
                known = {}  # once is enough
                own = _own(response.meta, {*row, *verdicts, COLUMN})
                yield row | own | verdicts | {COLUMN: record_cell(whole)}
    finally:
        for file in files.values():
            file.close()


def _said(file: BinaryIO, offsets: list[int]) -> Iterator[Judgment]:
    """Yield a judge's judgments of one response."""
    for offset in offsets:
        file.seek(offset)
        yield from_line(Judgment, file.readline())


def _own(meta: Mapping[str, Any], ours: Set[str]) -> dict[str, Any]:
    """Return the columns of the file's own, under names that neither hide one of ours nor one another."""
    own: dict[str, Any] = {}
    for name, value in meta.items():
        while name in ours or name in own:
            name = f"source.{name}"
        own[name] = value
    return own


def _columns(rows: Iterator[dict[str, Any]], spool: Path) -> list[str]:
    """Write rows to a temporary file and return every column that any of them has."""
    columns: dict[str, None] = {}
    with spool.open("w", encoding="utf-8", errors="surrogatepass") as file:
        for row in rows:
            columns |= dict.fromkeys(row)
            file.write(json.dumps(row, default=str) + "\n")
    return list(columns)


def _spooled(
    rows: Iterator[dict[str, Any]], out: Path | None, write: Callable[[list[str], Iterator[dict[str, Any]]], None]
) -> None:
    with TemporaryDirectory(prefix=".hantei-", dir=None if out is None or is_device(out) else out.parent) as folder:
        spool = Path(folder) / "rows"
        columns = _columns(rows, spool)
        with spool.open(encoding="utf-8") as file:
            write(columns, (json.loads(line) for line in file))


def _to_csv(rows: Iterator[dict[str, Any]], out: Path) -> None:
    def write(columns: list[str], spooled: Iterator[dict[str, Any]]) -> None:
        def chunks() -> Iterator[bytes]:
            # A mark at the head lets spreadsheets read the file as UTF-8.
            yield b"\xef\xbb\xbf" + csv_line(columns)
            for row in spooled:
                yield csv_line([row.get(column) for column in columns])

        write_atomic(out, chunks())

    _spooled(rows, out, write)


def csv_line(cells: list[Any]) -> bytes:
    """Return a line of a CSV file with its formula cells defused."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([spreadsheet_safe(cell) for cell in cells])
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _to_parquet(rows: Iterator[dict[str, Any]], out: Path, types: Mapping[str, str]) -> None:
    """Write rows; ``types`` are those of columns that hold no text.

    Raises:
        UsageError: PyArrow is not installed.
    """
    pa = _pyarrow("--to parquet")
    from pyarrow import parquet

    def write(columns: list[str], spooled: Iterator[dict[str, Any]]) -> None:
        schema = _schema(pa, columns, types)
        part = out.with_name(f".{out.name}.part")
        try:
            with parquet.ParquetWriter(part, schema) as writer:
                for batch in _batches(spooled):
                    writer.write_table(pa.Table.from_pylist(_all_typed(batch, schema), schema=schema))
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)

    _spooled(rows, out, write)


def _schema(pa: Any, columns: Iterable[str], types: Mapping[str, str]) -> Any:
    return pa.schema([(column, getattr(pa, types.get(column, "string"))()) for column in columns])


def _all_typed(rows: Iterable[Mapping[str, Any]], schema: Any) -> list[dict[str, Any]]:
    return [_typed(row, schema) for row in rows]


_PANDAS = {"bool_": "boolean", "int64": "Int64", "float64": "Float64"}
_TYPES = {
    "unsafe": "bool_",
    "in_training": "bool_",
    "p_unsafe": "float64",
    "score": "float64",
    "action": "int64",
}


def _typed(row: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    return {
        field.name: _text(row.get(field.name)) if str(field.type) == "string" else row.get(field.name)
        for field in schema
    }


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "").encode("utf-8", "backslashreplace").decode()  # NUL ends a cell for some readers


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    yield batch
