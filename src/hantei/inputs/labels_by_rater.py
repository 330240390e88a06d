"""Labels of several people in one table: in columns of their own, or in a column each row of which names the person.

label_1, label_2                      a column a person: human:1, human:2
unsafe_alice, action_alice, ...       the same of several heads
annotator, label                      a row a person and answer
annotators, annotations               lists of equal length, or texts with commas
unsafe, action, refusal, label        one person, named by the file: human:FILE
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hantei.errors import RowError
from hantei.inputs.labels import LabelColumns, label_value, no_label
from hantei.inputs.names import no_column
from hantei.inputs.row import Row
from hantei.inputs.values import has_path, is_nan, value_at

RATERS = (
    *("annotator", "annotator_id", "rater", "rater_id", "worker", "worker_id", "workerid", "labeler", "labeller"),
    *("coder", "coder_id"),
)
"""Names of the column that says who gave a row's label, compared without case."""

_SCORES = ("score", "rating")
_WIDE = re.compile(
    r"(unsafe|harmful|is_safe|action|refusal|score|rating|label|annotator|annotation|rater|coder)[ _.-]?(\d+|\w+)",
    re.IGNORECASE,
)
_NO_PERSON = ("id", "ids", "s", "date", "time", "source", "note", "notes", "type", "text", "reason", "comment")
"""Endings that make a column that says something of the labels, not a person's labels."""

_HEADS = {"harmful": "unsafe", "is_safe": "unsafe", "rating": "score"}


class RaterLabel(NamedTuple):
    """One label: who gave it, to which head, and the number or, for the head ``label``, the text."""

    judge: str
    head: str
    value: float | str


class _Place(NamedTuple):
    judge: str
    head: str
    column: str


@dataclass(frozen=True, slots=True)
class RaterColumns:
    """Which columns of one file hold whose labels.

    ``raters`` maps a judge's name to its column, or to a path inside one, where the columns are to be named;
    ``unsafe`` are labels that mean unsafe, all others meaning safe. ``mapping`` is label to column of one person's.
    """

    path: Path
    raters: Mapping[str, str]
    unsafe: frozenset[str] = frozenset()
    mapping: Mapping[str, str] = field(default_factory=dict)

    def several(self, names: Sequence[str]) -> bool:
        """Whether the file itself says of each label whose it is."""
        return bool(self.raters or _named(names, RATERS) or _lists(names) or _wide(names))

    def labels(self, row: Row) -> Iterator[RaterLabel]:
        """Yield the labels of a row; an empty cell says nothing.

        Raises:
            InputError: the file has no column for labels, or not one that was named.
            RowError: a cell holds no such label.
        """
        for judge, head, column, cell in self._cells(row):
            text = "" if cell is None or is_nan(cell) else str(cell).strip().removesuffix(".0")
            if text:
                yield self._label(row, _Place(judge, head, column), text)

    def _label(self, row: Row, place: _Place, text: str) -> RaterLabel:
        if self.unsafe and place.head in ("label", "unsafe"):
            return RaterLabel(place.judge, "unsafe", float(text.lower() in self.unsafe))
        if place.head == "label":
            return RaterLabel(place.judge, "label", text)
        if place.head == "score":
            number = as_number(text)
            if number is None:
                raise RowError(str(self.path), row.number, place.column, f"expected a number, found '{text[:40]}'")
            return RaterLabel(place.judge, "score", number)
        try:
            return RaterLabel(place.judge, place.head, label_value(place.head, place.column, text.lower()))
        except ValueError as error:
            raise RowError(str(self.path), row.number, place.column, str(error)) from None

    def _cells(self, row: Row) -> Iterator[tuple[str, str, str, Any]]:
        names = list(row.cells)
        if self.raters:
            yield from self._named_cells(row, names)
        elif rater := _named(names, RATERS):
            who = row.cells[rater]
            heads = self._heads(names)
            if who is None or not str(who).strip():
                raise RowError(str(self.path), row.number, rater, "expected who gave the label, found an empty cell")
            yield from ((_person(str(who)), head, column, row.cells[column]) for head, column in heads.items())
        elif lists := _lists(names):
            yield from self._listed(row, *lists)
        elif places := _wide(names):
            yield from ((*place, row.cells[place.column]) for place in places)
        else:
            heads = self._heads(names)
            yield from ((_person(self.path.stem), head, column, row.cells[column]) for head, column in heads.items())

    def _named_cells(self, row: Row, names: Sequence[str]) -> Iterator[tuple[str, str, str, Any]]:
        for judge, column in self.raters.items():
            if not has_path(row.cells, column):
                if "[" in column or "." in column:
                    continue  # a list may be shorter in one row than in another
                raise no_column(self.path, column, names, "--rater")
            cell = value_at(row.cells, column)
            if isinstance(cell, list):
                yield from ((who, "label", column, label) for who, label in self._objects(row, column, cell))
            else:
                yield judge, _head(column), column, cell

    def _objects(self, row: Row, column: str, cell: list[Any]) -> Iterator[tuple[str, Any]]:
        """Yield person and label of a list of objects that each hold both, and nothing else.

        Raises:
            RowError: an object holds something else.
        """
        for one in cell:
            keys = list(one) if isinstance(one, dict) else []
            who = _named(keys, RATERS)
            labels = [key for key in keys if key != who]
            if who is None or len(labels) != 1:
                expected = f"expected objects of a person ({', '.join(RATERS[:3])}, ...) and one label in the list"
                raise RowError(str(self.path), row.number, column, f"{expected}, found {str(one)[:80]}")
            yield _person(str(one[who])), one[labels[0]]

    def _heads(self, names: Sequence[str]) -> dict[str, str]:
        """Return head to column of the labels that one person gave in a row.

        Raises:
            InputError: there are none.
        """  # noqa: DOC501 - a function makes the error
        heads = LabelColumns(self.path, self.mapping).columns_by_field(names, {})
        if heads.get("unsafe", "").strip().lower() == "label":
            heads["label"] = heads.pop("unsafe")  # what it holds is told by its values
        if score := _named(names, _SCORES):
            heads["score"] = score
        if not heads:
            raise no_label(self.path, names, "name one with --rater NAME=COLUMN")
        return heads

    def _listed(self, row: Row, who: str, what: str) -> Iterator[tuple[str, str, str, Any]]:
        people, labels = (_items(row.cells[column]) for column in (who, what))
        if len(people) != len(labels):
            problem = f"expected a label for each of {len(people)} in '{who}', found {len(labels)}"
            raise RowError(str(self.path), row.number, what, problem)
        yield from ((_person(str(one)), "label", what, label) for one, label in zip(people, labels, strict=True))


def as_number(text: str) -> float | None:
    """Return the finite number that a text holds, None where it holds none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _person(name: str) -> str:
    name = name.strip()
    return name if ":" in name else f"human:{name}"


def _head(column: str) -> str:
    match = _WIDE.fullmatch(column.strip())
    prefix = match[1].lower() if match else column.strip().lower()
    head = _HEADS.get(prefix, prefix)
    return head if head in ("unsafe", "action", "refusal", "score") else "label"


def _named(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    by_lower = {name.strip().lower(): name for name in reversed(names)}
    return next((by_lower[name] for name in wanted if name in by_lower), None)


def _lists(names: Sequence[str]) -> tuple[str, str] | None:
    who, what = _named(names, ("annotators", "raters")), _named(names, ("annotations", "labels", "ratings"))
    return (who, what) if who and what else None


def _items(cell: Any) -> list[Any]:
    return cell if isinstance(cell, list) else [one.strip() for one in str(cell or "").split(",")]


def _wide(names: Sequence[str]) -> list[_Place]:
    """Return the columns of two people or more that share a name but for the person."""
    found: dict[str, list[_Place]] = {}
    for name in names:
        match = _WIDE.fullmatch(name.strip())
        if match and match[2].lower() not in _NO_PERSON:
            found.setdefault(match[1].lower(), []).append(_Place(_person(match[2]), _head(name), name))
    return [place for places in found.values() if len(places) > 1 for place in places]
