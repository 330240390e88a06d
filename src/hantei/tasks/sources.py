"""What answers that exist come from: files, rows given in Python, or a run that is judged again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from hantei.errors import UsageError
from hantei.extras import install
from hantei.inputs import Table, open_table
from hantei.inputs.byte_sources import expand, is_url
from hantei.inputs.given import GivenRows, TableOrRows
from hantei.inputs.ray_rows import RayTable, local_parts, tables_in_store
from hantei.inputs.tables import ENDINGS
from hantei.runs.folder import Run, load_run
from hantei.runs.ingest import RowSource
from hantei.runs.plan import InputFile
from hantei.tasks.options import Options

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
Source = Paths | TableOrRows
"""A file of questions and answers or several, a run folder, or rows: dictionaries, or a table."""


def run_folder(source: Source) -> Run | None:
    """Return the run that is to be judged again, None where files or rows are to be judged.

    Raises:
        UsageError: a folder stands beside something else, or is no run.
    """
    paths = paths_of(source)
    folders = [path for path in paths if (path / "run.json").exists()]
    if not folders:
        return None
    if len(paths) > 1:
        raise UsageError(f"{folders[0]} is a run folder: judge one run at a time, and files on their own")
    return load_run(folders[0])


def open_sources(source: Source, options: Options) -> list[RowSource]:
    """Return the files or rows, opened.

    On Ray, files in a store and the Parquet files of a folder are read by Ray Data; all else by hantei's own readers.

    Raises:
        UsageError: there is nothing, or files and rows together, or no such file.
    """
    if urls := _urls(source):
        return _in_stores(urls, options)
    paths = paths_of(source)
    if paths:
        tables = [open_table(file, options.encoding, options.rows) for path in paths for file in expand(path, ENDINGS)]
        if options.on == "ray" and len(tables) > 1 and all(table.format == "parquet" for table in tables):
            return [*local_parts(tables, options.mapping)]
        return [*tables]
    rows = GivenRows(source)  # type: ignore[arg-type]  # what are no paths are rows, or refused
    if not rows:
        raise UsageError("expected files, a run folder, or rows as dictionaries, found none")
    return [rows]


def _urls(source: Source) -> list[str]:
    """Return the names of what is in stores; none where none is.

    Raises:
        UsageError: files on this machine stand beside them.
    """
    several = source if isinstance(source, list | tuple) else [source]
    urls = [one for one in several if isinstance(one, str) and is_url(one)]
    if urls and len(urls) != len(several):
        raise UsageError(f"{urls[0]}: expected files in a store, found others beside them: judge these on their own")
    return urls


def _in_stores(urls: Sequence[str], options: Options) -> list[RowSource]:
    if options.on != "ray":
        raise UsageError(f"{urls[0]}: only --on ray reads from a store ({install('ray')}); else fetch the file first")
    return [table for url in urls for table in tables_in_store(url, options.mapping)]


def paths_of(source: Source) -> list[Path]:
    """Return the paths that are given; none where rows are.

    Raises:
        UsageError: paths and rows stand together.
    """
    if isinstance(source, str | os.PathLike):
        return [Path(source)]
    if not isinstance(source, list | tuple):
        return []
    paths = [Path(item) for item in source if isinstance(item, str | os.PathLike)]
    if paths and len(paths) != len(source):
        raise UsageError("expected files, a run folder, or rows as dictionaries, found files and rows together")
    return paths


def title_of(sources: Sequence[RowSource]) -> str:
    """Return what a run of these is called."""
    return and_more([source.path.stem for source in sources])


def and_more(names: Sequence[str]) -> str:
    """Return the first of these names, and how many more there are."""
    return names[0][:60] + (f"-and-{len(names) - 1}-more" if len(names) > 1 else "")


def identity(source: RowSource) -> InputFile:
    """Return what a plan keeps of a source."""
    if isinstance(source, RayTable):
        part = source.file
        return identity(part.table) if part.table else InputFile(file=part.name, state=part.state)
    if isinstance(source, Table):
        with source.source.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return InputFile(file=source.path.name, sha256=digest, encoding=source.encoding.name)
    assert isinstance(source, GivenRows)  # noqa: S101 - the only other kind
    return InputFile(file=str(source.path), sha256=source.digest())
