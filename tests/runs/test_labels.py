"""People's labels that come with the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError
from hantei.inputs import open_table
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.ingest import GIVEN
from hantei.runs.order import judgment_offsets
from tests.runs.fakes import judge_run

from .conftest import KeywordJudge, made

ROWS: list[dict[str, Any]] = [
    {"prompt": "Q", "response": "boom", "harmful": 1, "action": "5"},
    {"prompt": "R", "response": "no", "harmful": 0, "action": ""},
    {"prompt": "S", "response": "hm", "harmful": None, "action": None},
]


def labels_of(run: Run) -> list[Judgment]:
    return list(run.judgments(GIVEN))


def test_labels_are_the_judgments_of_a_person(make: Callable[..., Any]) -> None:
    run, index = make(ROWS, labels={})
    assert [(j.response_id, j.unsafe, j.action) for j in labels_of(run)] == [
        ("rows/1/0", True, 5),
        ("rows/2/0", False, None),
    ]
    assert run.judgments_path(GIVEN).parent.name == "labels"
    assert run.info().judges[GIVEN].rate_kind == "violation"
    assert "'action', 'harmful'" in (run.info().judges[GIVEN].description or "")
    number = {name: no for no, name in index.judges()}[GIVEN]
    assert len(list(judgment_offsets(index, number))) == 2


def test_labels_are_taken_on_request_only_and_stay_in_the_answers_columns(make: Callable[..., Any]) -> None:
    run, _ = make(ROWS)
    assert GIVEN not in run.info().judges
    assert not (run.path / "labels").exists()
    assert next(iter(run.responses())).meta == {"harmful": 1, "action": "5"}
    labelled, _ = make_again(run, ROWS)
    assert next(iter(labelled.responses())).meta == {"harmful": 1, "action": "5"}


def make_again(run: Run, rows: list[dict[str, Any]]) -> tuple[Run, None]:
    from hantei.inputs.given import GivenRows

    with made(run.path.with_name("other"), [GivenRows(rows)], labels={}) as (other, _):
        return other, None


def test_the_index_of_the_folder_is_that_of_its_making(make: Callable[..., Any]) -> None:
    run, made = make(ROWS, labels={})
    people = {name: list(judgment_offsets(made, number)) for number, name in made.judges()}
    with Index(run.path.parent / "again.sqlite") as again:
        run.fill(again)
        assert {name: list(judgment_offsets(again, n)) for n, name in again.judges()} == {**people, "keyword": []}


def test_a_column_of_another_name_is_mapped(make: Callable[..., Any]) -> None:
    rows = [{"prompt": "Q", "response": "A", "verdict": "unsafe"}, {"prompt": "R", "response": "B", "verdict": "safe"}]
    run, _ = make(rows, labels={"unsafe": "verdict"})
    assert [j.unsafe for j in labels_of(run)] == [True, False]


def test_a_column_of_a_field_is_no_column_of_a_label(make: Callable[..., Any]) -> None:
    rows = [{"action": "what?", "response": "A", "harmful": "1"}]
    run, _ = make(rows, mapping={"prompt": "action"}, labels={})
    assert [(j.unsafe, j.action) for j in labels_of(run)] == [(True, None)]


def test_a_bad_label_is_a_bad_row(make: Callable[..., Any], tmp_path: Path) -> None:
    rows = [*ROWS, {"prompt": "T", "response": "A", "harmful": "maybe", "action": 1}]
    with pytest.raises(InputError, match=r"row 4, column 'harmful': expected 1 or 0, unsafe or safe, found 'maybe'"):
        make(rows, labels={})
    assert {path.name for path in tmp_path.iterdir()} <= {".run.index.sqlite"}  # still open, in the fixture
    run, _ = make(rows, labels={}, skip_bad_rows=True)
    assert (len(list(run.responses())), len(labels_of(run)), run.info().rejected) == (3, 2, 1)
    (rejected,) = map(json.loads, run.rejected_path.read_text().splitlines())
    assert (rejected["row"], rejected["column"]) == (4, "harmful")


def test_a_rejected_row_leaves_no_label(make: Callable[..., Any]) -> None:
    rows = [ROWS[0], {"prompt": "Q", "response": {"a": 1}, "harmful": 1}]
    run, _ = make(rows, labels={}, skip_bad_rows=True)
    assert [j.response_id for j in labels_of(run)] == ["rows/1/0"]


@pytest.mark.parametrize("skip", [True, False])
def test_a_file_without_a_label_ends_it(tmp_path: Path, skip: bool) -> None:
    (tmp_path / "a.csv").write_text("prompt,response,note\nQ,A,b\n")
    with pytest.raises(InputError, match="no column for a label") as caught:
        made(tmp_path / "run", [open_table(tmp_path / "a.csv")], labels={}, skip_bad_rows=skip).__enter__()
    assert "it has 'prompt', 'response', 'note'; name one with --map unsafe=COLUMN" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_judging_the_run_keeps_the_labels(make: Callable[..., Any]) -> None:
    run, index = make(ROWS, labels={})
    before = run.judgments_path(GIVEN).read_bytes()
    assert judge_run(run, index, KeywordJudge()) == 3
    assert run.judgments_path(GIVEN).read_bytes() == before
    assert list(run.info().judges) == ["keyword", GIVEN]
