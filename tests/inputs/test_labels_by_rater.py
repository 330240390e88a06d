"""Several people's labels in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError, RowError
from hantei.inputs import Row
from hantei.inputs.labels_by_rater import RaterColumns


def read(cells: dict[str, Any], raters: dict[str, str] | None = None, unsafe: tuple[str, ...] = ()) -> list[Any]:
    columns = RaterColumns(Path("labels.csv"), raters or {}, frozenset(unsafe))
    return [tuple(label) for label in columns.labels(Row(1, cells))]


def test_a_column_a_person() -> None:
    assert read({"id": 1, "label_1": "safe", "label_2": "unsafe"}) == [
        ("human:1", "label", "safe"),
        ("human:2", "label", "unsafe"),
    ]
    assert read({"annotator1": 2, "annotator2": 0.0}) == [("human:1", "label", "2"), ("human:2", "label", "0")]


def test_a_column_a_person_and_head() -> None:
    cells = {"unsafe_alice": 1, "unsafe_bob": "no", "action_alice": 5, "action_bob": "", "refusal": "full"}
    assert read(cells) == [("human:alice", "unsafe", 1.0), ("human:bob", "unsafe", 0.0), ("human:alice", "action", 5.0)]


def test_a_column_that_names_the_person() -> None:
    assert read({"annotator": "ann", "unsafe": 0, "score": 4}) == [
        ("human:ann", "unsafe", 0.0),
        ("human:ann", "score", 4.0),
    ]
    assert read({"annotator": "builtin:x", "label": "odd"}) == [("builtin:x", "label", "odd")]
    with pytest.raises(RowError, match="expected who gave the label"):
        read({"annotator": " ", "unsafe": 0})


def test_lists_of_people_and_labels() -> None:
    assert read({"annotators": "A,B", "annotations": "1,-3"}) == [("human:A", "label", "1"), ("human:B", "label", "-3")]
    assert read({"annotators": ["A"], "annotations": [0]}) == [("human:A", "label", "0")]
    with pytest.raises(RowError, match="expected a label for each of 2 in 'annotators', found 1"):
        read({"annotators": "A,B", "annotations": "1"})


def test_a_list_of_objects() -> None:
    cells = {"raw": {"Q2": [{"workerID": 7, "ok?": "yes"}, {"workerID": 9, "ok?": "no"}]}}
    assert read(cells, {"human:x": "raw.Q2"}, ("no",)) == [("human:7", "unsafe", 0.0), ("human:9", "unsafe", 1.0)]
    with pytest.raises(RowError, match="expected objects of a person"):
        read({"raw": [{"ok": 1}]}, {"human:x": "raw"})


def test_one_person_is_named_by_the_file() -> None:
    assert read({"id": 1, "unsafe": 1}) == [("human:labels", "unsafe", 1.0)]
    with pytest.raises(InputError, match="no column for a label"):
        read({"id": 1})


def test_named_columns() -> None:
    assert read({"verdict": True, "other": "x"}, {"qwen": "verdict"}) == [("qwen", "label", "True")]
    with pytest.raises(InputError, match="no column 'gone' to --rater"):
        read({"verdict": True}, {"qwen": "gone"})


def test_a_label_that_is_none_is_named_with_its_row() -> None:
    with pytest.raises(RowError, match="row 1, column 'action_a': expected an action from 0 to 5, found '7'"):
        read({"action_a": 7, "action_b": 1})
    with pytest.raises(RowError, match="expected a number, found 'nan'"):
        read({"annotator": "a", "score": "nan"})


def test_columns_about_labels_are_no_people() -> None:
    assert read({"annotation_id": "x", "annotation_1": "a", "annotation_2": "b"}) == [
        ("human:1", "label", "a"),
        ("human:2", "label", "b"),
    ]
