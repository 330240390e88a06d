from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hantei.errors import InputError
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import _numbers, describe, read_rows
from tests.training.encoder.labelled import answers, write


def test_rows_hold_labels_and_what_splits_need(file: Path) -> None:
    rows = read_rows([file], TrainOptions(model="m"))
    assert rows.heads == ("unsafe", "action")
    assert rows.ids[:2] == ("east/0/0", "west/0/0")
    assert rows.labels["unsafe"][:4].tolist() == [1, 0, 0, 1]
    assert rows.labels["action"][:4].tolist() == [5, 0, 0, 5]
    assert (len(rows), len(np.unique(rows.question)), len(np.unique(rows.pair))) == (60, 30, 60)
    assert set(rows.harm.tolist()) == {"own/weapons", "own/kitchen"}
    assert rows.files[0].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_row_may_lack_a_label_and_a_row_without_any_is_left_out(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = answers()
    rows[0]["unsafe"] = ""
    rows[1]["unsafe"] = rows[1]["action"] = ""
    found = read_rows([write(tmp_path / "some.csv", rows)], TrainOptions(model="m"))
    assert found.ids[:2] == ("east/0/0", "east/1/0")
    assert found.labels["unsafe"][0] == -1
    assert found.labels["action"][0] == 5
    only = read_rows([tmp_path / "some.csv"], TrainOptions(model="m", heads=("unsafe",)))
    assert only.ids[0] == "east/1/0"


def test_two_files_are_told_apart(tmp_path: Path) -> None:
    half = answers()
    for row in half:
        del row["system"]
    paths = [write(tmp_path / "a.csv", half[::2]), write(tmp_path / "b.csv", half[1::2])]
    rows = read_rows(paths, TrainOptions(model="m"))
    assert set(rows.system.tolist()) == {"a", "b"}
    assert np.bincount(rows.file).tolist() == [30, 30]
    some = rows.take(np.array([0, 30]))
    assert (some.ids, some.file.tolist()) == (("a/0/0", "b/0/0"), [0, 1])


def test_a_huge_question_costs_no_more_than_itself() -> None:
    texts = ["b", "a" * 2_000_000, "b", *(f"c{number}" for number in range(5000))]  # padded alike: 40 GB
    found = _numbers(texts)
    assert found[:4].tolist() == [1, 0, 1, 2]
    assert len(set(found.tolist())) == 5002


def test_one_class_alone_cannot_be_learned(tmp_path: Path) -> None:
    rows = [row for row in answers() if row["unsafe"]]
    with pytest.raises(InputError, match="head unsafe needs rows of at least two classes"):
        read_rows([write(tmp_path / "one.csv", rows)], TrainOptions(model="m", heads=("unsafe",)))


def test_what_was_read_is_described(file: Path) -> None:
    lines = list(describe(read_rows([file], TrainOptions(model="m"))))
    assert lines[0] == "60 rows, 30 prompts, 2 systems; languages: en 60"
    assert "unsafe: safe 30, unsafe 30" in lines
