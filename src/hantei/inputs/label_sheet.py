"""A sheet of one person's labels, as ``hantei annotate --choose`` writes it and people fill it in, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hantei.errors import RowError, UsageError
from hantei.inputs.label_files import CHANCE, LabelFiles, need_identity, text_of
from hantei.inputs.labels import LabelColumns, RowLabels, no_label
from hantei.inputs.row import Row
from hantei.inputs.tables import open_table

TEXTS = ("prompt", "response")


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
    """  # noqa: DOC501 - a function makes the error
    if not path.exists():
        raise UsageError(f"--labels {path}: expected a file, or human:NAME of the run; there is no such file")
    columns = LabelColumns(path, files.labels)
    for row in open_table(path, files.encoding, files.rows).rows():
        if isinstance(row, RowError):
            raise row
        fields = files.fields(path, row)
        need_identity(path, row, fields, also=())
        found = columns.columns_by_field(list(row.cells), fields)
        if not found:
            raise no_label(path, list(row.cells))
        yield row, fields, SheetRow(row.number, columns.labels(row, found), _chance(path, row, fields))


def _chance(path: Path, row: Row, fields: Mapping[str, str]) -> float | None:
    text = text_of(row, fields, CHANCE).strip()
    if not text:
        return None
    try:
        chance = float(text)
    except ValueError:
        chance = -1.0
    if not 0 < chance <= 1:
        raise RowError(str(path), row.number, CHANCE, f"expected a chance above 0, at most 1, found '{text[:40]}'")
    return chance
