"""``hantei import``: from another program's files to a run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from hantei.cards import one_of
from hantei.errors import UsageError
from hantei.exchange.importers import IMPORTERS, recognised
from hantei.exchange.items import write_items
from hantei.exchange.recognising import files_of
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, new_info
from hantei.runs.opening import opened
from hantei.runs.plan import InputFile, Plan


def import_run(
    paths: Path | Sequence[Path],
    source: str | None = None,
    out: Path | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Run:
    """Make a run folder of another program's answers and scores.

    Scores become judgments of a judge named after the program (``inspect:SCORER``), answers can be judged again like
    any other. A row that cannot be read is kept in ``rejected.jsonl`` and counted in ``run.json``.

    Args:
        paths: a file, a folder, or several of them that belong together, as that program wrote them.
        source: one of ``IMPORTERS``; None to tell it from what is in the files.
        out: the run folder; default ``runs/<date>-<source>-<file>``. One that holds the same files is left as it is.
        say: takes what people should know, a line each.

    Raises:
        UsageError: no such source or file, the source cannot be told, or its extra is not installed.
        InputError: the file is not what the source writes, or no row of it can be read.
        RunError: something else is at ``out`` already.
    """
    given = _given(paths)
    if source is None:
        source = recognised(given)
        say(f"read as {source}, by what is in the files (--from names another)")
    if source not in IMPORTERS:
        raise UsageError(f"--from {source}: {one_of(source, IMPORTERS)}")
    importer = IMPORTERS[source]
    plan = Plan(source=source, inputs=tuple(file for path in given for file in _identity(path)))

    def make(part: Run, index: Index) -> RunInfo:
        found = importer.read(given if importer.folders else files_of(given, importer.recognises, say))
        info = write_items(found, part, index, new_info(plan))
        for line in found.notes:
            say(line)
        return info

    with opened(out, plan, f"{source}-{given[0].stem}", make) as (run, _):
        return run


def _given(paths: Path | Sequence[Path]) -> list[Path]:
    given = [paths] if isinstance(paths, Path) else list(paths)
    for path in given:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        if Run(path).info_path.is_file():
            raise UsageError(f"{path}: is a run folder already: hantei judge {path}, or hantei report {path}")
    return given


def _identity(path: Path) -> tuple[InputFile, ...]:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return tuple(InputFile(file=file.name, sha256=_digest(file)) for file in files)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
