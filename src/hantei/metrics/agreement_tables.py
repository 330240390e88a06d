"""From tables of labels to ratings of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.errors import InputError, RowError
from hantei.inputs import Row, open_table
from hantei.inputs.label_sheet import RESPONSE_ID
from hantei.inputs.labels import label_value, told_by_values
from hantei.inputs.labels_by_rater import RaterColumns, as_number
from hantei.inputs.names import find_columns
from hantei.inputs.values import has_path, it_has, value_at
from hantei.metrics.agreement_ratings import Grouping, HeadRatings, Ratings, Scale
from hantei.records import ACTIONS, REFUSALS

LABELS: Mapping[str, tuple[str, ...]] = {"unsafe": ("safe", "unsafe"), "action": ACTIONS, "refusal": REFUSALS}
SCALES: Mapping[str, Scale] = {"unsafe": "nominal", "action": "nominal", "refusal": "ordinal", "score": "interval"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFiles:
    """How tables of labels are read.

    Args:
        raters: judge to column, where the columns of the labels are to be named.
        unsafe: labels that mean unsafe, all others meaning safe.
        scale: what labels that are no verdicts mean, None to tell it: numbers have distances, words are names.
        encoding: of the files, where their bytes do not tell.
        rows: where the rows are in a JSON object.
        by: columns to divide the rows by.
    """

    raters: Mapping[str, str] = field(default_factory=dict)
    unsafe: frozenset[str] = frozenset()
    scale: Scale | None = None
    encoding: str | None = None
    rows: str | None = None
    by: tuple[str, ...] = ()


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


def of_tables(paths: Sequence[Path], files: LabelFiles) -> tuple[Ratings, list[RatedRow]]:
    """Return the ratings that tables of labels hold, and their rows.

    Raises:
        InputError: a file cannot be read or has no labels, or a row holds none that can be read.
    """
    collected = Collected()
    places: dict[tuple[str, str, str], int] = {}
    for path in paths:
        for row, columns, found in label_rows(path, files):
            if len(paths) > 1:
                _need_identity(path, row, found)
            item = _item(path, row, found, files, default=columns.several(list(row.cells)))
            key = (item.id, item.system, text_of(row, found, "sample"))
            place = places.setdefault(key, len(places))
            if place == len(collected.items):
                collected.items.append(item)
            collect(collected, path, row, columns, place)
    return _ratings(collected, files), collected.items


def label_rows(path: Path, files: LabelFiles) -> Iterator[tuple[Row, RaterColumns, dict[str, str]]]:
    """Yield each row of a file with how its labels and its fields are found.

    Raises:
        InputError: the file cannot be read, or a row of it.
    """
    columns = RaterColumns(path, files.raters, files.unsafe)
    for row in open_table(path, files.encoding, files.rows).rows():
        if isinstance(row, RowError):
            raise row
        yield row, columns, find_columns(path, list(row.cells), {})


def _need_identity(path: Path, row: Row, found: Mapping[str, str]) -> None:
    """Refuse to put rows of several files together by their number.

    Raises:
        InputError: nothing says of which answer the row is.
    """
    if not (row.cells.get(RESPONSE_ID) or "id" in found or "prompt" in found):
        expected = f"expected a column {RESPONSE_ID}, id or prompt, by which the rows of several files belong together"
        raise InputError(f"{path}: {expected}; {it_has(list(row.cells))}")


def _item(path: Path, row: Row, found: Mapping[str, str], files: LabelFiles, default: bool) -> RatedRow:
    prompt, answer = text_of(row, found, "prompt"), text_of(row, found, "response")
    whole, identity = str(row.cells.get(RESPONSE_ID) or ""), text_of(row, found, "id")
    lacking = next((name for name in files.by if not has_path(row.cells, name) and name not in found), None)
    if lacking:
        raise InputError(f"{path}: --by {lacking}: expected a column of the file; {it_has(list(row.cells))}")
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


def _ratings(collected: Collected, files: LabelFiles) -> Ratings:
    judges, items = collected.judges(), collected.items
    if not judges:
        raise InputError("the files hold no label")
    system, systems = numbered(item.system for item in items)
    return Ratings(
        judges=tuple(judges),
        heads=heads_of(collected, judges, len(items), files.scale),
        prompt=numbered(item.prompt for item in items)[0],
        system=system,
        systems=systems,
        parts={
            "system": Grouping(system, systems),
            **{name: part_of(item.parts.get(name) for item in items) for name in files.by},
        },
        guidelines=tuple(collected.guidelines.get(judge, "") for judge in judges),
    )


def heads_of(collected: Collected, judges: Sequence[str], rows: int, scale: Scale | None) -> dict[str, HeadRatings]:
    """Return what was said by head; labels of no head are verdicts or refusals where all of them read so.

    Args:
        collected: the labels.
        judges: everybody, in order.
        rows: how many rows are rated.
        scale: what labels that are no verdicts mean, None to tell it.
    """
    heads: dict[str, HeadRatings] = {}
    said = dict(collected.said)
    for name, said_by_judge in [*said.items()]:
        told = _told(said_by_judge) if name == "label" else None
        if told:
            numbers = _as_numbers(said_by_judge, lambda text, told=told: label_value(told, "", text))  # type: ignore[misc]
            said_by_judge, name = {**said.get(told, {}), **numbers}, told
        heads[name] = _said(name, said_by_judge, judges, rows, scale)
    return heads


def _told(said: Mapping[str, Mapping[int, float | str]]) -> str | None:
    return told_by_values({str(text).lower() for labels in said.values() for text in labels.values()})


def _as_numbers(
    said: Mapping[str, Mapping[int, float | str]], number: Callable[[str], float]
) -> dict[str, dict[int, float | str]]:
    return {
        judge: {place: number(str(text).lower()) for place, text in labels.items()} for judge, labels in said.items()
    }


def _said(
    head: str,
    said: Mapping[str, Mapping[int, float | str]],
    judges: Sequence[str],
    rows: int,
    scale: Scale | None,
) -> HeadRatings:
    if head != "label":
        return HeadRatings(_table(said, judges, rows), SCALES[head], LABELS.get(head, ()))
    numbers = {text: as_number(str(text)) for labels in said.values() for text in labels.values()}
    if scale != "nominal" and all(number is not None for number in numbers.values()):
        return HeadRatings(_table(_as_numbers(said, float), judges, rows), scale or "interval")
    names = sorted({str(text) for text in numbers})
    place = {name: float(number) for number, name in enumerate(names)}
    found = {judge: {row: place[str(text)] for row, text in labels.items()} for judge, labels in said.items()}
    return HeadRatings(_table(found, judges, rows), "nominal", tuple(names))


def _table(said: Mapping[str, Mapping[int, float | str]], judges: Sequence[str], rows: int) -> Doubles:
    values = np.full((rows, len(judges)), np.nan)
    for judge, labels in said.items():
        values[list(labels), judges.index(judge)] = list(labels.values())
    return values


def part_of(values: Iterable[str | None]) -> Grouping:
    """Return the division of rows by these values, one a row, None or empty for none."""
    listed = list(values)
    place, names = numbered(value or "" for value in listed)
    if "" not in names:
        return Grouping(place, names)
    empty = names.index("")
    shifted = np.where(place == empty, -1, place - (place > empty))
    return Grouping(shifted, tuple(name for name in names if name))


def numbered(values: Iterable[str]) -> tuple[Integers, tuple[str, ...]]:
    """Return the number of each value by first appearance, and the values."""
    numbers: dict[str, int] = {}
    place = [numbers.setdefault(value, len(numbers)) for value in values]
    return np.array(place, dtype=np.int64), tuple(numbers)
