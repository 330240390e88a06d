"""Rows of Parquet or JSON lines that Ray Data reads, from any store that it knows; see docs/running.md.

A task for each file reads and decodes it somewhere on the cluster, and its blocks come here one after another, in the
order of the files: nothing is collected.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError, RunError, UsageError
from hantei.inputs.json_rows import line_rows
from hantei.inputs.names import find_columns
from hantei.inputs.row import Row
from hantei.inputs.tables import Table, checked
from hantei.ray_cluster import ray_cluster

_FORMATS = {".parquet": "parquet", ".jsonl": "lines", ".ndjson": "lines"}
_COMPRESSED = (".gz", ".zst")
_FILE, _LINE, _ERROR = "hantei: file", "hantei: line", "hantei: error"
"""Columns of the blocks, beside those of the file: its number, a line of it, why it cannot be read."""
_PART = 1024
"""Rows that are made Python's at once, here; lines in a batch, there."""
_BLOCK = 16 << 20
"""Bytes of a block of rows: a few of them are here at a time."""


@dataclass(frozen=True, slots=True)
class PartFile:
    """A file that is read together with others.

    ``path`` names it in messages, without the ending of a compression; ``name`` is its name in its store. ``table`` is
    the file opened, where it is on this machine; of one elsewhere ``state`` is what its store says of it: its size, and
    when it was changed.
    """

    path: Path
    name: str
    table: Table | None = None
    state: str = ""

    @property
    def format(self) -> str | None:
        """``parquet`` or ``lines`` (of JSON); None for what is not read like this."""
        return _FORMATS.get(self.path.suffix.lower())


class RayTable:
    """One of the files that are read together, as a source of rows; they are gone through in their order."""

    def __init__(self, reading: _Reading, number: int, mapping: Mapping[str, str]) -> None:
        self._reading, self._number, self._mapping = reading, number, mapping
        self.file = reading.files[number]
        self.path = self.file.path

    def rows(self) -> Iterator[Row | RowError]:
        """Yield the rows of this file, errors in place of broken ones.

        Raises:
            InputError: a file cannot be read, or holds no column of ids.
        """
        cells = self._reading.rows_of(self._number)
        if self.file.format == "lines":
            found = line_rows(self.path, (row[_LINE] for row in cells))
        else:
            found = (Row(number, row) for number, row in enumerate(cells, 1))
        for place, row in enumerate(found):
            if place == 0 and isinstance(row, Row):
                self._check_id(row)
            yield checked(self.path, row) if isinstance(row, Row) else row

    def _check_id(self, row: Row) -> None:
        if "id" not in find_columns(self.path, tuple(row.cells), self._mapping):
            raise InputError(
                f"{self.path}: --on ray reads this file in parts, which needs a column 'id' (or --map id=COLUMN): "
                "add one, or give a single file on this machine, whose rows are numbered"
            )


class _Reading:
    """Files that Ray Data reads, all of one store, as one stream of rows."""

    def __init__(self, store: Any, files: Sequence[PartFile]) -> None:
        self._store, self.files = store, files
        self._groups: Iterator[tuple[int, Iterator[tuple[int, Any]]]] = iter(())
        self._ahead: tuple[int, Iterator[tuple[int, Any]]] | None = None

    def rows_of(self, number: int) -> Iterator[dict[str, Any]]:
        """Yield the cells of each row of a file; the first begins the reading, and the others follow in order.

        Raises:
            InputError: the file cannot be read.
        """
        if number == 0:
            self._groups = groupby(self._rows(), itemgetter(0))
            self._ahead = next(self._groups, None)
        if self._ahead is not None and self._ahead[0] == number:
            for _, cells in self._ahead[1]:
                if _ERROR in cells:
                    raise InputError(f"{self.files[number].path}: cannot be read: {cells[_ERROR]}")
                yield cells
            self._ahead = next(self._groups, None)

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        ray = ray_cluster()
        from ray.data import from_items  # after the connection: it would make one of its own

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        names = [{"number": number, "name": file.name, "format": file.format} for number, file in enumerate(self.files)]
        files = from_items(names, override_num_blocks=len(names))
        files.context.execution_options.preserve_order = True
        files.context.target_max_block_size = _BLOCK
        files.context.enable_progress_bars = files.context.print_on_execution_start = False
        blocks: Any = files.map_batches(partial(_blocks, self._store), batch_size=1, batch_format="pyarrow")
        try:
            for block in blocks.iter_batches(batch_size=None, batch_format="pyarrow"):
                for start in range(0, block.num_rows, _PART):
                    yield from ((row.pop(_FILE), row) for row in block.slice(start, _PART).to_pylist())
        except ray.exceptions.RayError as error:
            raise RunError(f"a worker failed while it read the files: {str(error).splitlines()[-1][:200]}") from None


def _blocks(store: Any, batch: Any) -> Iterator[Any]:
    """Yield the rows of the file of a batch as tables, in a worker."""
    import pyarrow as pa

    (one,) = batch.to_pylist()
    tables = (_parquet if one["format"] == "parquet" else _lines)(store, one["name"])
    try:
        for table in tables:
            yield table.append_column(_FILE, pa.array([one["number"]] * table.num_rows, pa.int32()))
    except (OSError, ValueError, pa.ArrowException) as error:
        yield pa.table({_FILE: pa.array([one["number"]], pa.int32()), _ERROR: [str(error)[:300]]})


def _parquet(store: Any, name: str) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    with store.open_input_file(name) as file:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=_PART):
            yield pa.Table.from_batches([batch])


def _lines(store: Any, name: str) -> Iterator[Any]:
    """Yield lines of text, a table of one column; ``str.splitlines`` would cut inside of a text."""
    import io

    import pyarrow as pa

    with store.open_input_stream(name, compression="detect") as file:
        text = io.TextIOWrapper(io.BufferedReader(file), encoding="utf-8-sig", newline="\n")
        while lines := list(islice(text, _PART)):
            yield pa.table({_LINE: lines})


def tables_in_store(url: str, mapping: Mapping[str, str]) -> list[RayTable]:
    """Return the files that a name in a store means: one, those of a folder, or those that fit a pattern (``*``).

    Args:
        url: as in ``s3://bucket/answers/part-*.parquet``; a pattern is in its last part.
        mapping: field to column where a column's name is not one of the usual.

    Raises:
        UsageError: there is none, or the store cannot be reached.
    """
    ray_cluster()  # what is missing is said first
    try:
        store, name = _store(url)
        files = [file for file in _found(store, name) if file.format]
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"{url}: {str(error).splitlines()[0][:300]}") from None
    if not files:
        raise UsageError(f"{url}: expected files ending in {', '.join(_FORMATS)}, found none")
    return _together(store, files, mapping)


def local_parts(tables: Sequence[Table], mapping: Mapping[str, str]) -> list[RayTable]:
    """Return Parquet files in a folder that all machines see, to be read together.

    Raises:
        UsageError: Ray is not installed.
    """
    ray_cluster()
    from pyarrow.fs import LocalFileSystem

    files = [PartFile(table.path, str(table.source.file.resolve()), table) for table in tables]
    return _together(LocalFileSystem(), files, mapping)


def _together(store: Any, files: Sequence[PartFile], mapping: Mapping[str, str]) -> list[RayTable]:
    reading = _Reading(store, files)
    return [RayTable(reading, number, mapping) for number in range(len(files))]


def _store(url: str) -> tuple[Any, str]:
    """Return the store of a name, PyArrow's where it has one and else fsspec's, and the name in it."""
    import pyarrow as pa
    from pyarrow import fs

    try:
        store, name = fs.FileSystem.from_uri(url)
    except pa.ArrowInvalid:
        from fsspec.core import url_to_fs

        found, name = url_to_fs(url)
        store = fs.PyFileSystem(fs.FSSpecHandler(found))
    return store, name.rstrip("/")


def _found(store: Any, name: str) -> Iterator[PartFile]:
    """Yield what a name means, in order of names.

    Raises:
        FileNotFoundError: there is no such file or folder.
    """
    from pyarrow.fs import FileSelector, FileType

    folder, _, pattern = name.rpartition("/")
    if "*" in pattern:
        infos = [one for one in store.get_file_info(FileSelector(folder)) if fnmatchcase(one.base_name, pattern)]
    else:
        infos = store.get_file_info([name])
        if infos[0].type == FileType.NotFound:
            raise FileNotFoundError("there is no such file or folder")
        if infos[0].type == FileType.Directory:
            infos = store.get_file_info(FileSelector(name))
    for one in sorted(infos, key=lambda one: one.path):
        if one.is_file:
            path = Path(one.path)
            named = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
            yield PartFile(named, one.path, state=_state(one))


def _state(info: Any) -> str:
    return f"{info.size} bytes" + (f", changed {info.mtime}" if info.mtime else "")
