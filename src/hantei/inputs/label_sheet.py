"""A sheet of one person's labels, as ``hantei annotate --choose`` writes it and people fill it in, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.label_files import CHANCE, LabelFiles, need_identity, rows_with_fields, text_of
from hantei.inputs.labels import LabelColumns, RowLabels, no_label
from hantei.inputs.labels_by_rater import RaterColumns
from hantei.inputs.row import Row
from hantei.inputs.values import columns_message

TEXTS = ("prompt", "response")
EXPECTED_CHANCE = "expected a chance above 0 (at least 1e-9), at most 1"


class SheetRow(NamedTuple):
    """What a row says: its number, the labels (none where it is not filled in), the chance of being chosen if given."""

    row: int
    labels: RowLabels
    sampling_p: float | None


def sheet_rows(path: Path, files: LabelFiles) -> Iterator[tuple[Row, dict[str, str], SheetRow]]:
    """Yield each row of a sheet with the columns of its fields, and what it says.

    Raises:
        UsageError: no such file, or a kind of file that is not read.
        InputError: no column with ids or labels.
        RowError: a row, or a cell, cannot be read.
    """
    if path.is_dir() or not (path.exists() or str(path) == "-"):
        raise UsageError(f"--labels {path}: expected a file, or human:NAME of the run; there is no such file")
    columns = LabelColumns(path, files.labels)
    known: dict[str, str] | None = None
    for row, fields in rows_with_fields(path, files):
        if fields is not known:
            known, found = fields, _label_columns(path, row, files, fields)
        yield row, fields, SheetRow(row.number, columns.labels(row, found), _chance(path, row, fields))


def _label_columns(path: Path, row: Row, files: LabelFiles, fields: Mapping[str, str]) -> dict[str, str]:
    """Return label to column of a sheet whose columns are those of ``row``.

    Raises:
        InputError: there is no column with ids or labels, or the labels are several people's.
    """  # noqa: DOC501 - a function makes the error
    names = list(row.cells)
    need_identity(path, row, fields, also=())
    if RaterColumns(path, {}).several(names) and not files.labels:
        cure = "hantei agreement compares people; here name the one column of labels with --map unsafe=COLUMN"
        raise InputError(f"{path}: holds labels of several people ({columns_message(names)}): {cure}")
    found = LabelColumns(path, files.labels).columns_by_field(names, fields)
    if not found:
        raise no_label(path, names)
    return found


def _chance(path: Path, row: Row, fields: Mapping[str, str]) -> float | None:
    text = text_of(row, fields, CHANCE).strip()
    if not text:
        return None
    try:
        chance = float(text)
    except ValueError:
        chance = -1.0
    if not is_chance(chance):
        raise RowError(str(path), row.number, CHANCE, f"{EXPECTED_CHANCE}, found '{text[:40]}'")
    return chance


def is_chance(chance: float) -> bool:
    """Whether an answer can have been chosen with this chance: one in a billion answers is labelled at the least."""
    return 1e-9 <= chance <= 1
