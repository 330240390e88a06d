"""Rows of an Excel workbook: values as they were last computed, never formulas."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.csv_rows import check_header
from hantei.inputs.headers import LOOK_AT, header_place, passed_over
from hantei.inputs.row import Row

_MOST = 1 << 30
"""So many bytes may a workbook have when it is decompressed."""


def excel_rows(path: Path, sheet: str | None) -> Iterator[Row | RowError]:
    """Yield the rows of a sheet: the one named, else the only one that holds anything.

    Raises:
        UsageError: the extra that reads workbooks is not installed.
        InputError: the workbook cannot be read, or which sheet is meant cannot be told.
    """
    try:
        import python_calamine
    except ImportError:
        raise UsageError(
            f"{path}: reading workbooks needs an extra: pip install 'hantei[excel]'; or save it as CSV UTF-8"
        ) from None
    _check_size(path)
    try:
        workbook = python_calamine.load_workbook(str(path))
        sheets = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InputError(f"{path}: not a workbook that can be read: {error}; save it as CSV UTF-8") from None
    rows = _chosen(path, sheets, sheet)
    first = [[str(_plain(cell)) for cell in cells] for cells in rows[:LOOK_AT]]
    place = header_place(first)
    header, note = first[place], passed_over(first[:place])
    check_header(path, header)
    filled = (cells for cells in rows[place + 1 :] if any(cell != "" for cell in cells))
    for number, cells in enumerate(filled, 1):
        yield Row(number, {name: _plain(cell) for name, cell in zip(header, cells, strict=False) if name}, note)
        note = ""


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path}: not a workbook that can be read: {error}; save it as CSV UTF-8") from None
    if size > _MOST:
        raise InputError(f"{path}: decompresses to {size:,} bytes; save it as CSV UTF-8")


def _chosen(path: Path, sheets: dict[str, list[Any]], sheet: str | None) -> list[Any]:
    filled = {name: rows for name, rows in sheets.items() if rows}
    if sheet is not None and sheet in filled:
        return filled[sheet]
    if sheet is not None or len(filled) != 1:
        names = ", ".join(f"'{name}'" for name in filled) or "none"
        raise InputError(f"{path}: sheets that hold rows: {names}; name one with --rows SHEET")
    return next(iter(filled.values()))


def _plain(cell: Any) -> Any:
    """Return a cell as JSON could hold it; whole numbers, which workbooks hold as 1.0, as such."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell if isinstance(cell, str | int | float) else str(cell)
