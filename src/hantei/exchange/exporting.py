"""Writing a run for other programs, by the name of the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hantei.errors import UsageError
from hantei.exchange.hf import export_hf
from hantei.exchange.table import export_csv, export_parquet
from hantei.files import check_place
from hantei.runs.folder import Run


def export_run(run: Run, to: str, out: Path | None = None) -> Path:
    """Write a run as ``to``, one of ``FORMATS``; return the path of the file or folder.

    Without ``out`` it stands in the run folder: ``export.csv``, ``export.parquet``, ``hf/``, ``inspect/``.

    Raises:
        UsageError: no such format, its extra is not installed, or nothing can be written at ``out``: it is one of the
            run's own records, or holds another's data set.
    """
    if to not in FORMATS:
        raise UsageError(f"--to {to}: expected one of {', '.join(FORMATS)}")
    if out is not None:
        run.refuse_own_records(out)
    table = to in ("csv", "parquet")
    path = out or run.path / (f"export.{to}" if table else to)
    check_place(path, folder=not table, pipes=to == "csv")
    FORMATS[to](run, path)
    return path


def _inspect(run: Run, out: Path) -> None:
    from hantei.exchange.inspect_log import export_inspect  # needs an extra

    export_inspect(run, out)


FORMATS: dict[str, Callable[[Run, Path], object]] = {
    "csv": export_csv,
    "parquet": export_parquet,
    "hf": export_hf,
    "inspect": _inspect,
}
"""What a run can be written as: a table in a file, or a folder."""
