"""Labels as files that other programs read and write: lines of JSON, a table, Label Studio's tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hantei.annotation.label import Said, label_of, said_by
from hantei.annotation.label_studio import read_tasks, task_of
from hantei.errors import InputError, RecordError, RowError, UsageError
from hantei.exchange.table import csv_line
from hantei.inputs.exported import spreadsheet_safe
from hantei.inputs.tables import open_table
from hantei.record_lines import read_records, to_line
from hantei.records import Judgment, Prompt, Response
from hantei.runs.label_lines import Label

KINDS = (".jsonl", ".csv", ".json")
"""Lines of JSON, a table, Label Studio's tasks."""

_SAID = ("unsafe", "action", "score", "refusal", "harm", "comment")
_KNOWN = ("judge", "guideline", "card_hash", "sampling_p", "created")
_TEXTS = ("response_id", "prompt", "response")

Shown = tuple[Prompt, Response]


def kind_of(path: Path) -> str:
    """Return what kind of file a name stands for.

    Raises:
        UsageError: none that labels are written to or read from.
    """
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"{path}: expected a name that ends in .jsonl, .csv or .json (Label Studio)")
    return path.suffix.lower()


def written(kind: str, answers: Iterable[Shown], labels: Mapping[str, list[Label]]) -> Iterator[bytes]:
    """Yield a file of labels piece by piece.

    Args:
        kind: one of ``KINDS``.
        answers: the answers, in order; Label Studio gets those without a label, too, to label there.
        labels: by response id.
    """
    if kind == ".json":
        tasks = [task_of(*one, labels.get(one[1].id, [])) for one in answers]
        yield json.dumps(tasks, ensure_ascii=True, indent=1).encode() + b"\n"
    elif kind == ".csv":
        yield b"\xef\xbb\xbf" + csv_line([*_TEXTS, *_SAID, *_KNOWN])
        for prompt, response in answers:
            for label in labels.get(response.id, []):
                yield csv_line(_cells(prompt, response, label))
    else:
        for _, response in answers:
            yield from map(to_line, labels.get(response.id, []))


def _cells(prompt: Prompt, response: Response, label: Label) -> list[Any]:
    said = said_by(label)
    return [
        *(response.id, prompt.text, response.text),
        *(getattr(said, name) for name in _SAID),
        *(getattr(label, name) for name in _KNOWN),
    ]


def read(path: Path) -> list[Label]:
    """Return the labels of a file, without ids; each is of the person that it names.

    Raises:
        UsageError: no such file, or a kind of file that is not read.
        InputError: it is not what its name says, or a label cannot be read.
    """
    kind = kind_of(path)
    if not path.exists():
        raise UsageError(f"--import {path}: no such file")
    if kind == ".jsonl":
        return list(_lines(path))
    return list(read_tasks(path) if kind == ".json" else _rows(path))


def _lines(path: Path) -> Iterator[Label]:
    try:
        records: Iterator[Judgment] = read_records(path, Label)
        last = {(one.judge, one.response_id): one for one in records if isinstance(one, Label)}
    except RecordError as error:
        raise InputError(str(error)) from None
    yield from (one for one in last.values() if one.status == "ok")


def _rows(path: Path) -> Iterator[Label]:
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            raise row
        cells = {name: _undefused(cell) for name, cell in row.cells.items() if cell not in (None, "")}
        if "response_id" not in cells or "judge" not in cells:
            raise InputError(f"{path}, row {row.number}: expected the columns response_id and judge (human:NAME)")
        try:
            said = msgspec.convert({name: _plain(cells[name]) for name in _SAID if name in cells}, Said, strict=False)
            known = {name: str(cells[name]) for name in _KNOWN if name in cells and name != "sampling_p"}
            chance = {"sampling_p": float(cells["sampling_p"])} if "sampling_p" in cells else {}
            yield label_of(said, response_id=str(cells["response_id"]), **known, **chance)
        except (msgspec.ValidationError, ValueError) as error:
            raise InputError(f"{path}, row {row.number}: {error}") from None


def _plain(cell: Any) -> Any:
    """Return a cell as a value of a label: truth in the words of spreadsheets, whole numbers without a point."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell.lower() if isinstance(cell, str) and cell.lower() in ("true", "false") else cell


def _undefused(cell: Any) -> Any:
    """Return a cell without the apostrophe by which no spreadsheet takes it for a formula."""
    if isinstance(cell, str) and cell[:1] == "'" and spreadsheet_safe(cell[1:]) == cell:
        return cell[1:]
    return cell
