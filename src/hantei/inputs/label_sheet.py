"""A sheet of labels, as ``hantei annotate --choose`` writes it and people fill it in: by response, with its chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from hantei.errors import InputError, RowError
from hantei.inputs.labels import LabelColumns, no_label
from hantei.inputs.row import Row
from hantei.inputs.tables import open_table
from hantei.inputs.values import it_has

RESPONSE_ID = "response_id"
CHANCE = "sampling_p"
TEXTS = ("prompt", "response")


class SheetLabel(NamedTuple):
    """One row: of which response, whether it is unsafe (None: not filled in), the chance of being chosen if given."""

    row: int
    response_id: str
    unsafe: bool | None
    sampling_p: float | None


def read_sheet(path: Path) -> list[SheetLabel]:
    """Return the rows of a sheet.

    Raises:
        UsageError: no such file, or a kind of file that is not read.
        InputError: no column with response ids or labels.
        RowError: a row, or a cell, cannot be read.
    """
    found: list[SheetLabel] = []
    seen: dict[str, int] = {}
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            raise row
        label = _label(path, row)
        if label.response_id in seen:
            problem = f"{label.response_id} stands in row {seen[label.response_id]}, too: expected each once"
            raise RowError(str(path), row.number, RESPONSE_ID, problem)
        seen[label.response_id] = row.number
        found.append(label)
    return found


def _label(path: Path, row: Row) -> SheetLabel:
    names = list(row.cells)
    if RESPONSE_ID not in names:
        raise InputError(f"{path}: expected a column '{RESPONSE_ID}' with ids as in the run; {it_has(names)}")
    columns = LabelColumns(path, {})
    kept = columns.found(names, {name: name for name in (RESPONSE_ID, CHANCE, *TEXTS)})
    if "unsafe" not in kept:
        raise no_label(path, names, "call it unsafe")
    unsafe = columns.labels(row, {"unsafe": kept["unsafe"]}).unsafe
    return SheetLabel(row.number, str(row.cells[RESPONSE_ID]), unsafe, _chance(path, row))


def _chance(path: Path, row: Row) -> float | None:
    cell: Any = row.cells.get(CHANCE)
    if cell is None or not str(cell).strip():
        return None
    try:
        chance = float(cell)
    except ValueError:
        chance = -1.0
    if not 0 < chance <= 1:
        raise RowError(str(path), row.number, CHANCE, f"expected a chance above 0, at most 1, found '{str(cell)[:40]}'")
    return chance
