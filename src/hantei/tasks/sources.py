"""What answers that exist come from: files, rows given in Python, or a run that is judged again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.errors import RowError, UsageError
from hantei.inputs import Row, Table, given_row, open_table
from hantei.inputs.byte_sources import expand
from hantei.inputs.tables import ENDINGS
from hantei.runs.folder import Run, load_run
from hantei.runs.ingest import RowSource
from hantei.runs.plan import InputFile

Source = str | Path | Iterable[Mapping[str, Any]]
"""A file of questions and answers, a run folder, or rows as dictionaries."""


@dataclass(frozen=True, slots=True)
class GivenRows:
    """Rows that were given in Python, read like those of a file called ``rows``."""

    items: Sequence[Mapping[str, Any]]
    path: Path = Path("rows")

    def rows(self) -> Iterator[Row | RowError]:
        """Yield the rows by number."""
        for number, cells in enumerate(self.items, 1):
            yield given_row(number, cells, self.path)

    def digest(self) -> str:
        """Return the SHA-256 of the rows as JSON."""
        return hashlib.sha256(json.dumps(list(self.items), default=str).encode()).hexdigest()


def run_folder(source: Source | Sequence[str | Path]) -> Run | None:
    """Return the run that is to be judged again, None where files or rows are to be judged.

    Raises:
        UsageError: a folder stands beside something else, or is no run.
    """
    paths = [source] if isinstance(source, str | Path) else list(source) if isinstance(source, list | tuple) else []
    folders = [path for path in paths if isinstance(path, str | Path) and (Path(path) / "run.json").exists()]
    if not folders:
        return None
    if len(paths) > 1:
        raise UsageError(f"{folders[0]} is a run folder: judge one run at a time, and files on their own")
    return load_run(folders[0])


def open_sources(source: Source | Sequence[str | Path], encoding: str | None, at: str | None = None) -> list[RowSource]:
    """Return the files or rows, opened; ``at`` is where in a JSON object the rows are.

    Raises:
        UsageError: there is nothing, or files and rows together, or no such file.
    """
    if isinstance(source, str | Path):
        source = [source]
    items = list(source)
    paths = [item for item in items if isinstance(item, str | Path)]
    if paths and len(paths) == len(items):
        return [open_table(file, encoding, at) for path in paths for file in expand(Path(path), ENDINGS)]
    if paths or not items:
        raise UsageError("expected files, a run folder, or rows as dictionaries")
    return [GivenRows(items)]  # type: ignore[arg-type]


def title_of(sources: Sequence[RowSource]) -> str:
    """Return what a run of these is called."""
    more = f"-and-{len(sources) - 1}-more" if len(sources) > 1 else ""
    return f"{sources[0].path.stem[:60]}{more}"


def identity(source: RowSource) -> InputFile:
    """Return what a plan keeps of a source."""
    if isinstance(source, Table):
        with source.source.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return InputFile(file=source.path.name, sha256=digest, encoding=source.encoding.name)
    assert isinstance(source, GivenRows)  # noqa: S101 - the only other kind
    return InputFile(file=str(source.path), sha256=source.digest())
