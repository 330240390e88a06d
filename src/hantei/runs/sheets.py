"""Judges' data sheets beside a run: of its very judges, or refused; kept in its folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from hantei.errors import InputError, UsageError
from hantei.files import write_atomic
from hantei.metrics.datasheet import DataSheet
from hantei.runs.folder import Run, file_name, json_text


def read_sheet(path: Path) -> DataSheet:
    """Return a data sheet from its file.

    Raises:
        InputError: it is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=DataSheet)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: expected a datasheet.json of hantei judges measure: {error}") from None


def sheets_for(run: Run, paths: Iterable[Path]) -> dict[str, DataSheet]:
    """Return data sheets of a run's judges from their files, by the judge's name.

    Raises:
        UsageError: one is of a judge that the run has not got, or of another version of it.
        InputError: a file is no data sheet.
    """
    cards = {name: one.card_hash for name, one in run.info().judges.items()}
    sheets = {}
    for path in paths:
        sheet = read_sheet(path)
        there = ", ".join(name for name in cards if not name.startswith("human:")) or "no judge"
        if sheet.judge not in cards:
            raise UsageError(f"{path}: is the data sheet of {sheet.judge}; {run.path} was judged by {there}")
        if sheet.card_hash != cards[sheet.judge]:
            raise UsageError(
                f"{path}: measured another version of {sheet.judge} (card {sheet.card_hash[:12]}) than judged "
                f"{run.path} (card {cards[sheet.judge][:12]}): measure this one with hantei judges measure"
            )
        sheets[sheet.judge] = sheet
    return sheets


def keep_sheets(run: Run, sheets: Mapping[str, DataSheet]) -> None:
    """Write data sheets into the run folder, in the place of earlier ones of the same judges."""
    for name, sheet in sheets.items():
        _room(run).mkdir(exist_ok=True)
        write_atomic(_room(run) / f"{file_name(name)}.json", [json_text(msgspec.to_builtins(sheet))])


def kept_sheets(run: Run) -> dict[str, DataSheet]:
    """Return the data sheets in the run folder that are of its judges, by the judge's name."""
    return _kept(run)[0]


def sheet_notices(run: Run) -> list[str]:
    """Return a line for each data sheet in the run folder that is damaged, or of another version of a judge."""
    return _kept(run)[1]


def _kept(run: Run) -> tuple[dict[str, DataSheet], list[str]]:
    sheets: dict[str, DataSheet] = {}
    left_out = []
    for path in sorted(_room(run).glob("*.json")):
        try:
            sheets |= sheets_for(run, [path])
        except (InputError, UsageError) as error:
            left_out.append(f"A data sheet is left out: {error}.")
    return sheets, left_out


def _room(run: Run) -> Path:
    return run.path / "sheets"
