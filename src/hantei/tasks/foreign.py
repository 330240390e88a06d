"""Files of other programs that are to be judged: told from tables of answers, and imported into a run that then is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hantei.errors import HanteiError, InputError, UsageError
from hantei.exchange.importers import recognised
from hantei.exchange.importing import import_run
from hantei.inputs import Columns, Row, Table
from hantei.progress import Say
from hantei.runs.folder import Run
from hantei.runs.ingest import RowSource
from hantei.tasks.options import READING, Options

_OF_TABLES = [name for name in READING if name != "skip_bad_rows"]
"""Options that say how a table is read; with one of them a file is meant to be a table."""


def program_of(files: Sequence[Path], sources: Sequence[RowSource], options: Options) -> str | None:
    """Return the name of the one program that wrote these files; None where all are tables of answers, or it is none.

    Args:
        files: what was named, files and folders; none where rows were given in Python.
        sources: the same, opened; none where they are of no kind that tables have.
        options: how tables are read.
    """
    if options.given(_OF_TABLES) or not files or (sources and all(map(_is_table, sources))):
        return None
    try:
        program = recognised(files)
    except UsageError:
        return None
    return None if program == "hantei" else program  # its tables are read as what was exported


def _is_table(source: RowSource) -> bool:
    """Whether the first row of a file that can be parsed is a question and an answer."""
    if not isinstance(source, Table):
        return True  # Ray Data reads nothing else
    columns = Columns(source.path)
    try:
        first = next((row for row in source.rows() if isinstance(row, Row)), None)
        return first is not None and bool(columns.records(first, bare_ids=False))
    except (HanteiError, OSError):
        return False


def import_judged(files: Sequence[Path], program: str, out: Path | None, options: Options, say: Say) -> Run:
    """Import files of another program, and return the run, whose answers can now be judged.

    Args:
        files: what the program wrote.
        program: its name.
        out: the run folder, as ``import_run`` takes it.
        options: whether rows that cannot be read are left out.
        say: takes what people should know, a line each.

    Raises:
        InputError: rows cannot be read, and are not to be skipped.
        RunError: something else is at ``out`` already.
    """
    say(f"read as {program}, by what is in the files: as hantei import does")
    run = import_run(files, program, out, say)
    if (rejected := run.info().rejected) and not options.skip_bad_rows:
        raise InputError(f"{rejected:,} rows could not be read: {run.rejected_path}; --skip-bad-rows judges the others")
    return run
