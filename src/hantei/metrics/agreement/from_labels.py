"""From labels that were read to ratings of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.errors import InputError
from hantei.inputs.label_files import Collected, LabelFiles, Scale
from hantei.inputs.labels import head_of_values, label_value
from hantei.inputs.labels_by_rater import as_number
from hantei.metrics.agreement.ratings import Grouping, HeadRatings, Ratings
from hantei.records import ACTIONS, REFUSALS

LABELS: Mapping[str, tuple[str, ...]] = {"unsafe": ("safe", "unsafe"), "action": ACTIONS, "refusal": REFUSALS}
SCALES: Mapping[str, Scale] = {"unsafe": "nominal", "action": "nominal", "refusal": "ordinal", "score": "interval"}


def of_labels(collected: Collected, files: LabelFiles) -> Ratings:
    """Return labels of tables as ratings of their rows.

    Raises:
        InputError: there is no label.
    """
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
    return head_of_values({str(text).lower() for labels in said.values() for text in labels.values()})


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
