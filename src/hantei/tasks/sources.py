"""What answers that exist come from: files, rows given in Python, or a run that is judged again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from hantei.errors import UsageError
from hantei.inputs import Table, open_table
from hantei.inputs.byte_sources import expand
from hantei.inputs.given import GivenRows, TableOrRows
from hantei.inputs.tables import ENDINGS
from hantei.runs.folder import Run, load_run
from hantei.runs.ingest import RowSource
from hantei.runs.plan import InputFile

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
Source = Paths | TableOrRows
"""A file of questions and answers or several, a run folder, or rows: dictionaries, or a table."""


def run_folder(source: Source) -> Run | None:
    """Return the run that is to be judged again, None where files or rows are to be judged.

    Raises:
        UsageError: a folder stands beside something else, or is no run.
    """
    paths = _paths(source)
    folders = [path for path in paths if (path / "run.json").exists()]
    if not folders:
        return None
    if len(paths) > 1:
        raise UsageError(f"{folders[0]} is a run folder: judge one run at a time, and files on their own")
    return load_run(folders[0])


def open_sources(source: Source, encoding: str | None, at: str | None = None) -> list[RowSource]:
    """Return the files or rows, opened; ``at`` is where in a JSON object the rows are.

    Raises:
        UsageError: there is nothing, or files and rows together, or no such file.
    """
    paths = _paths(source)
    if paths:
        return [open_table(file, encoding, at) for path in paths for file in expand(path, ENDINGS)]
    rows = GivenRows(source)  # type: ignore[arg-type]  # what are no paths are rows, or refused
    if not rows:
        raise UsageError("expected files, a run folder, or rows as dictionaries, found none")
    return [rows]


def _paths(source: Source) -> list[Path]:
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
    if isinstance(source, Table):
        with source.source.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return InputFile(file=source.path.name, sha256=digest, encoding=source.encoding.name)
    assert isinstance(source, GivenRows)  # noqa: S101 - the only other kind
    return InputFile(file=str(source.path), sha256=source.digest())
