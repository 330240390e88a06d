"""People's labels from the cells of a table: what each value means, and whose column it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError, RowError
from hantei.inputs.labelled import read_labelled
from hantei.inputs.labels import LabelColumns, RowLabels
from hantei.inputs.row import Row

FILE = Path("f.csv")


def read(column: str, cell: Any) -> RowLabels:
    columns = LabelColumns(FILE, {})
    return columns.labels(Row(1, {column: cell}), columns.columns_by_field([column], {}))


@pytest.mark.parametrize(
    ("column", "cell", "unsafe"),
    [
        ("harmful", "UNSAFE ", True),
        ("Unsafe", " Safe", False),
        ("harmful", 1.0, True),
        ("harmful", "0.0", False),
        ("label", "危険", True),
        ("is_safe", True, False),
        ("is_safe", "false", True),
        ("is_safe", 1.0, False),
        ("is_safe", "no", True),
        ("is_safe", "unsafe", True),
        ("is_safe", "harmful", True),
        ("is_safe", "harmless", False),
        ("is_safe", "危険", True),
        ("unsafe", "", None),
        ("unsafe", None, None),
    ],
)
def test_what_a_cell_says_of_unsafe(column: str, cell: Any, unsafe: bool | None) -> None:
    assert read(column, cell).unsafe is unsafe


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert read("action", 3.0).action == 3
    assert read("refusal", "2.0").refusal == "full"
    for column, cell in (("action", 3.5), ("action", "6"), ("action", "33"), ("harmful", "10"), ("harmful", 0.5)):
        with pytest.raises(RowError, match="expected"):
            read(column, cell)


def test_where_a_field_has_a_labels_column_the_next_name_counts() -> None:
    found = LabelColumns(FILE, {}).columns_by_field(
        ["harmful", "is_safe", "answer"], {"prompt": "harmful", "response": "answer"}
    )
    assert found == {"unsafe": "is_safe"}


def test_a_label_mapped_to_the_column_of_a_field_is_refused() -> None:
    with pytest.raises(InputError, match="--map unsafe=answer: that column is read as the response"):
        LabelColumns(FILE, {"unsafe": "answer"}).columns_by_field(["answer", "action"], {"response": "answer"})
    with pytest.raises(InputError, match="no column 'other' to --map; it has 'answer', 'action'"):
        LabelColumns(FILE, {"unsafe": "other"}).columns_by_field(["answer", "action"], {"response": "answer"})


def test_a_labelled_file_without_a_label_names_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("question,answer,note\nQ,A,b\n")
    with pytest.raises(InputError, match=r"no column for a label .* it has 'question', 'answer', 'note'"):
        read_labelled([file])


@pytest.mark.parametrize("kind", ["homonyms", "contrast_privacy"])
def test_a_class_of_xstests_prompts_is_no_label_of_an_answer(kind: str) -> None:
    columns = LabelColumns(Path("xstest.csv"), {})
    row = Row(1, {"type": kind, "label": "unsafe"})
    with pytest.raises(RowError, match=r"column 'label': is XSTest's class of the prompt.* --map unsafe=label"):
        columns.labels(row, columns.columns_by_field(["type", "label"], {}))


def test_a_label_beside_some_type_is_one_and_so_is_one_that_is_named() -> None:
    for mapping, kind in (({}, "chat"), ({"unsafe": "label"}, "homonyms")):
        columns = LabelColumns(Path("x.csv"), mapping)
        row = Row(1, {"type": kind, "label": "unsafe"})
        assert columns.labels(row, columns.columns_by_field(["type", "label"], {})).unsafe is True
