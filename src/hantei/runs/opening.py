"""The one way into a run folder: where it lies, whose it is, making it, and going on with it.

Everything happens under the lock on what the path resolves to: two that start at once with one new folder find it made
once, by one of them. A new folder is built in a hidden one beside it and appears by one rename when it is whole.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from hantei.errors import RunError
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo
from hantei.runs.lock import hidden_sibling, resolved
from hantei.runs.plan import Plan, differences

Make = Callable[[Run, Index], RunInfo]
"""Writes the files of a new run into a folder, adds what it writes to the index, and returns what ``run.json`` is."""


@contextmanager
def opened(out: str | Path | None, plan: Plan, title: str, make: Make) -> Iterator[tuple[Run, Index]]:
    """Hold the folder of a plan with its index, filled; the folder is made if it is not there.

    Args:
        out: the folder; None for the newest under ``runs`` with this very plan, else a new one there.
        plan: what decides the run's prompts and answers.
        title: what a new folder under ``runs`` is called after the date.
        make: makes a new folder's files.

    Raises:
        RunError: ``out`` holds something else or a run of another plan, or another process is writing it.
        OSError: the disk is full, or nothing may be written there.
    """
    run = Run(Path(out)) if out is not None else _newest(plan, title)
    with run.lock():
        there = _is_there(run)
        if there:
            _check_plan(run, plan)
            _check_prompts(run)
        with Index(run.index_path, plan.samples_asked, plan.systems) as index:
            if there:
                run.fill(index)
            else:
                _make(run, index, make)
            yield run, index


@contextmanager
def reopened(run: Run) -> Iterator[Index]:
    """Hold a run folder that is there, whatever its plan, with its index, filled.

    Raises:
        RunError: it is no run folder, its prompts were changed, or another process is writing it.
    """
    with run.lock(), Index(run.index_path) as index:
        if not _is_there(run):
            raise RunError(f"{run.path}: the run folder is gone")
        _check_prompts(run)
        run.fill(index)
        yield index


def _newest(plan: Plan, title: str) -> Run:
    """Return the newest folder under ``runs`` with this plan, else one that is not there yet."""
    stem = re.sub(r"[^\w-]+", "-", title).strip("-")[:80] or "run"
    for path in sorted(Path("runs").glob(f"????-??-??-{stem}*"), reverse=True):
        if _has_plan(Run(path), plan):
            return Run(path)
    base = Path("runs") / f"{datetime.now(UTC).date().isoformat()}-{stem}"
    path, number = base, 1
    while path.exists():
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return Run(path)


def _has_plan(run: Run, plan: Plan) -> bool:
    try:
        return run.info_path.is_file() and run.info().plan == plan
    except RunError:
        return False


def _is_there(run: Run) -> bool:
    """Whether a run is in its folder; False where one can be made.

    Raises:
        RunError: something else is there, or it is the folder that the process is in.
    """
    path = resolved(run.path)
    if run.info_path.is_file():
        return True
    if not path.exists():
        return False
    if not path.is_dir():
        raise RunError(f"{run.path} is a file, no run folder: name another --out")
    if any(path.iterdir()):
        raise RunError(f"{run.path} holds files but is no run folder: name another --out")
    if path.samefile(Path.cwd()):
        raise RunError(f"{run.path} is the folder you are in: name an --out inside it, such as --out runs/mine")
    return False


def _check_plan(run: Run, plan: Plan) -> None:
    there = run.info().plan
    if bool(there.models) != bool(plan.models):
        kinds = ("answers that came from files", "answers asked of a model")
        found, wanted = kinds[::-1] if there.models else kinds
        raise RunError(f"{run.path} holds {found}, not {wanted}: name another --out")
    changed = differences(there, plan)
    if changed:
        raise RunError(f"{run.path} was made by another plan: {'; '.join(changed)}. Name another --out to run this one")


def _check_prompts(run: Run) -> None:
    if changed := changed_prompts(run):
        raise RunError(f"{changed}: put the old file back, or name another --out")


def changed_prompts(run: Run) -> str | None:
    """Return a sentence if ``prompts.jsonl`` is no more what it was when the run was made, None where it is."""
    made = run.info().checksums.get(run.prompts_path.name)
    if made is None or (found := _sha256(run.prompts_path)) == made:
        return None
    return f"{run.prompts_path} was changed after the run was made (SHA-256 was {made[:12]}, is {found[:12]})"


def _make(run: Run, index: Index, make: Make) -> None:
    part = Run(hidden_sibling(run.path, "part"))
    shutil.rmtree(part.path, ignore_errors=True)
    part.path.mkdir()
    try:
        info = make(part, index)
        checksums = {part.prompts_path.name: _sha256(part.prompts_path)}
        part.write_info(replace(info, checksums=checksums))
        part.path.replace(resolved(run.path))
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        inside = run.path / "run"
        raise RunError(f"{run.path} is a mount, which cannot become a run folder: name --out {inside}") from None
    finally:
        shutil.rmtree(part.path, ignore_errors=True)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
