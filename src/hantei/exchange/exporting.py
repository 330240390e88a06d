"""Writing a run for other programs, by the name of the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hantei.cards import one_of
from hantei.errors import UsageError
from hantei.exchange.hf import export_hf
from hantei.exchange.table import export_csv, export_parquet
from hantei.files import check_place
from hantei.runs.folder import Run

_FILES = {"csv": "export.csv", "parquet": "export.parquet", "preferences": "preferences.jsonl"}
"""What is written as one file, all else being a folder."""


def export_run(run: Run, to: str, out: Path | None = None) -> Path:
    """Write a run as ``to``, one of ``FORMATS``; return the path of the file or folder.

    Without ``out`` it stands in the run folder: ``export.csv``, ``export.parquet``, ``preferences.jsonl``, ``hf/``,
    ``inspect/``.

    Raises:
        UsageError: no such format, its extra is not installed, or nothing can be written at ``out``: it is one of the
            run's own records, or holds another's data set.
    """
    if to not in FORMATS:
        raise UsageError(f"--to {to}: {one_of(to, FORMATS)}")
    if out is not None:
        run.refuse_own_records(out)
    path = out or run.path / _FILES.get(to, to)
    check_place(path, folder=to not in _FILES, pipes=to == "csv")
    FORMATS[to](run, path)
    return path


def _inspect(run: Run, out: Path) -> None:
    from hantei.exchange.inspect_log import export_inspect  # needs an extra

    export_inspect(run, out)


def _preferences(run: Run, out: Path) -> None:
    from hantei.exchange.preferences import export_preferences

    export_preferences(run, out)


FORMATS: dict[str, Callable[[Run, Path], object]] = {
    "csv": export_csv,
    "parquet": export_parquet,
    "hf": export_hf,
    "inspect": _inspect,
    "preferences": _preferences,
}
"""What a run can be written as: a table in a file, or a folder."""
