"""Tables of labels, by several people or one: how they are read, and of which response of a run each row is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hantei.cards import did_you_mean
from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.labels import LABEL_ALIASES
from hantei.inputs.labels_by_rater import RaterColumns, as_number
from hantei.inputs.names import ALIASES, check_mapped, find_columns
from hantei.inputs.row import Row
from hantei.inputs.tables import open_table
from hantei.inputs.values import columns_message, has_path, value_at
from hantei.records import response_id

RESPONSE_ID = "response_id"
CHANCE = "sampling_p"

Scale = Literal["nominal", "ordinal", "interval"]
"""What numbers mean: names, an order, or distances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFiles:
    """How tables of labels are read.

    Args:
        mapping: field (``response_id``, ``id``, ``system``, ...) or label to column, where a name is not the usual.
        raters: judge to column, where the columns of the labels are to be named.
        unsafe: labels that mean unsafe, all others meaning safe.
        scale: what labels that are no verdicts mean, None to tell it: numbers have distances, words are names.
        encoding: of the files, where their bytes do not tell.
        rows: where the rows are in a JSON object.
        by: columns to divide the rows by.
        own: the files are those that the run was made of, in which a row without an id is known by its number.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    raters: Mapping[str, str] = field(default_factory=dict)
    unsafe: frozenset[str] = frozenset()
    scale: Scale | None = None
    encoding: str | None = None
    rows: str | None = None
    by: tuple[str, ...] = ()
    own: bool = False

    def __post_init__(self) -> None:
        known = (*ALIASES, RESPONSE_ID, CHANCE, *LABEL_ALIASES)
        for name in self.mapping:
            if name not in known:
                hint = did_you_mean(name, known)
                raise UsageError(f"--map {name}=...: no such field or label; choose from {', '.join(known)}{hint}")

    @property
    def labels(self) -> dict[str, str]:
        """Label to column, of ``mapping``."""
        return {name: column for name, column in self.mapping.items() if name in LABEL_ALIASES}

    def fields(self, path: Path, row: Row) -> dict[str, str]:
        """Return field to column of a row of a file: mapped ones, then those of the usual names.

        Raises:
            InputError: it has no column that is mapped.
        """
        fields = {name: column for name, column in self.mapping.items() if name not in LABEL_ALIASES}
        check_mapped(path, row.cells, self.mapping)
        own = {name.strip().lower(): name for name in row.cells}
        usual = {name: own[name] for name in (RESPONSE_ID, CHANCE) if name in own}
        return find_columns(path, list(row.cells), usual | fields)


@dataclass(slots=True)
class RatedRow:
    """One row to rate: where it belongs and what lists show of it."""

    id: str
    prompt: str
    system: str
    shown: tuple[str, str] = ("", "")
    parts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Collected:
    """Labels as they are read: by head and judge, row number to value; the items of a table of its own."""

    said: dict[str, dict[str, dict[int, float | str]]] = field(default_factory=dict)
    items: list[RatedRow] = field(default_factory=list)
    guidelines: dict[str, str] = field(default_factory=dict)
    lost: int = 0

    def add(self, place: int, head: str, judge: str, value: float | str) -> bool:
        """Add a label; False where this judge has said another thing of the row before.

        Args:
            place: the number of the row.
            head: of what the label is.
            judge: whose it is.
            value: its number, or its text where its head is not told yet.
        """
        return self.said.setdefault(head, {}).setdefault(judge, {}).setdefault(place, value) == value

    def judges(self) -> list[str]:
        """Return everybody who gave a label, in order of appearance."""
        return list(dict.fromkeys(judge for judges in self.said.values() for judge in judges))


def read_tables(paths: Sequence[Path], files: LabelFiles) -> Collected:
    """Return the labels that tables hold, and the rows that they are of.

    Raises:
        InputError: a file cannot be read or has no labels, or a row holds none that can be read.
    """
    collected = Collected()
    places: dict[tuple[str, str, str], int] = {}
    for path in paths:
        for row, columns, found in label_rows(path, files):
            if len(paths) > 1:
                need_identity(path, row, found)
            item = _item(path, row, found, files, default=columns.several(list(row.cells)))
            key = (item.id, item.system, text_of(row, found, "sample"))
            place = places.setdefault(key, len(places))
            if place == len(collected.items):
                collected.items.append(item)
            collect(collected, path, row, columns, place)
    return collected


def rows_with_fields(path: Path, files: LabelFiles) -> Iterator[tuple[Row, dict[str, str]]]:
    """Yield each row of a file with the columns of its fields, the same dictionary while the columns are the same.

    Raises:
        InputError: the file cannot be read, or a row of it.
    """
    names: list[str] = []
    for row in open_table(path, files.encoding, files.rows).rows():
        if isinstance(row, RowError):
            raise row
        if names != (names := list(row.cells)):
            fields = files.fields(path, row)
        yield row, fields


def label_rows(path: Path, files: LabelFiles) -> Iterator[tuple[Row, RaterColumns, dict[str, str]]]:
    """Yield each row of a file with how its labels and its fields are found.

    Raises:
        InputError: the file cannot be read, or a row of it.
    """
    columns = RaterColumns(path, files.raters, files.unsafe, files.labels)
    for row, fields in rows_with_fields(path, files):
        yield row, columns, fields


def need_identity(path: Path, row: Row, found: Mapping[str, str], also: Sequence[str] = ("prompt",)) -> None:
    """Refuse to put rows together with others by their number.

    Args:
        path: the file.
        row: a row of it.
        found: field to column.
        also: fields that say, too, of which answer the row is.

    Raises:
        InputError: nothing says of which answer the row is.
    """
    names = (RESPONSE_ID, "id", *also)
    if not any(name in found for name in names):
        expected = f"expected a column {', '.join(names[:-1])} or {names[-1]}, which says of which answer a row is"
        raise InputError(f"{path}: {expected}; {columns_message(list(row.cells))}")


def response_ids(row: Row, found: Mapping[str, str], systems: Sequence[str], own: bool = False) -> Iterator[str]:
    """Yield the ids of the responses that a row may be of, the likeliest first.

    Args:
        row: a row of labels.
        found: field to column.
        systems: whose answer it may be where the row does not say.
        own: whether a row without an id is known by its number.
    """
    sample = int(as_number(text_of(row, found, "sample") or "0") or 0)
    system = text_of(row, found, "system")
    said = text_of(row, found, RESPONSE_ID) or text_of(row, found, "id") or (str(row.number) if own else "")
    # A cell that a spreadsheet would take for a formula was written with an apostrophe in front.
    for identity in dict.fromkeys((said, said.removeprefix("'"))):
        yield identity
        yield from (response_id(one, identity, sample) for one in ([system] if system else systems))


def _item(path: Path, row: Row, found: Mapping[str, str], files: LabelFiles, default: bool) -> RatedRow:
    prompt, answer = text_of(row, found, "prompt"), text_of(row, found, "response")
    whole, identity = text_of(row, found, RESPONSE_ID), text_of(row, found, "id")
    lacking = next((name for name in files.by if not has_path(row.cells, name) and name not in found), None)
    if lacking:
        raise InputError(f"{path}: --by {lacking}: expected a column of the file; {columns_message(list(row.cells))}")
    return RatedRow(
        id=whole or identity or (f"{prompt}\0{answer}" if prompt and not default else str(row.number)),
        prompt=identity or prompt or whole or str(row.number),
        system=text_of(row, found, "system") or (path.stem if default else ""),
        shown=(prompt, answer),
        parts={name: text_of(row, found, name) or str(value_at(row.cells, name) or "") for name in files.by},
    )


def text_of(row: Row, found: Mapping[str, str], name: str) -> str:
    """Return the text of a field's cell, nothing where there is none."""
    cell = row.cells.get(found[name]) if name in found else None
    return "" if cell is None else str(cell)


def collect(collected: Collected, path: Path, row: Row, columns: RaterColumns, place: int) -> None:
    """Add the labels of a row to what was collected; a person is a judge for each guideline that they labelled by.

    Args:
        collected: what was read so far.
        path: the file.
        row: a row of it.
        columns: which of its columns hold whose labels.
        place: the number of the rated row that they belong to.

    Raises:
        RowError: a cell holds no label, or this judge labelled the same answer in another way before.
    """
    guideline = str(row.cells.get("guideline") or "").strip()
    for label in columns.labels(row):
        judge = f"{label.judge} ({guideline})" if guideline else label.judge
        collected.guidelines[judge] = guideline
        if not collected.add(place, label.head, judge, label.value):
            problem = (
                f"{judge} has another label of the same answer in an earlier row; tell answers apart by id, system"
            )
            raise RowError(str(path), row.number, None, f"{problem} and sample")
