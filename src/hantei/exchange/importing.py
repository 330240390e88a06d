"""``hantei import``: from another program's file to a run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from hantei.errors import UsageError
from hantei.exchange import inspect_read, llm_jp_judge, lm_eval
from hantei.exchange.items import ImportSource, write_items
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, new_info
from hantei.runs.opening import opened
from hantei.runs.plan import InputFile, Plan

SOURCES: dict[str, Callable[[Path], ImportSource]] = {
    "inspect": inspect_read.read,
    "lm-eval": lm_eval.read,
    "llm-jp-judge": llm_jp_judge.read,
}
"""What can be imported, by name: a function from a file or folder to what it holds."""


def import_run(path: Path, source: str, out: Path | None = None) -> Run:
    """Make a run folder of another program's answers and scores.

    Scores become judgments of a judge named after the program (``inspect:SCORER``), answers can be judged again like
    any other. A row that cannot be read is kept in ``rejected.jsonl`` and counted in ``run.json``.

    Args:
        path: a file, or a folder of them, as that program wrote it.
        source: one of ``SOURCES``.
        out: the run folder; default ``runs/<date>-<source>-<file>``. One that holds the same files is left as it is.

    Raises:
        UsageError: no such source or file, or the source's extra is not installed.
        InputError: the file is not what the source writes, or no row of it can be read.
        RunError: something else is at ``out`` already.
    """
    if source not in SOURCES:
        raise UsageError(f"--from {source}: expected one of {', '.join(SOURCES)}")
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    plan = Plan(source=source, inputs=_identity(path))

    def make(part: Run, index: Index) -> RunInfo:
        return write_items(SOURCES[source](path), part, index, new_info(plan))

    with opened(out, plan, f"{source}-{path.stem}", make) as (run, _):
        return run


def _identity(path: Path) -> tuple[InputFile, ...]:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return tuple(InputFile(file=file.name, sha256=_digest(file)) for file in files)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
