from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError
from hantei.inputs import open_table
from hantei.runs.folder import Run
from tests.runs.conftest import made

ROWS = [{"prompt": "What is it?", "response": f"It is {n}."} for n in range(3)]


def ingest_files(tmp_path: Path, *files: tuple[str, str], **reading: Any) -> Run:
    paths = []
    for name, text in files:
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    with made(tmp_path / "run", [open_table(path) for path in paths], **reading) as (run, _):
        return run


def test_rows_become_prompts_and_responses(make: Callable[..., Any]) -> None:
    run, index = make(ROWS)
    assert [r.id for r in run.responses()] == ["rows/1/0", "rows/2/0", "rows/3/0"]
    assert [p.language for p in run.prompts()] == ["en", "en", "en"]
    assert index.counts() == {"prompts": 3, "responses": 3, "systems": 1}


def test_a_bad_row_leaves_nothing_behind(tmp_path: Path, make: Callable[..., Any]) -> None:
    rows = [*ROWS, {"prompt": "Q", "response": {"a": 1}}, {"prompt": "Q", "response": "a\0b"}]
    with pytest.raises(InputError, match=r"row 4, column 'response': expected text, found an object") as caught:
        make(rows)
    assert "--skip-bad-rows" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_good_rows_of_a_bad_file(make: Callable[..., Any]) -> None:
    run, _ = make([*ROWS, {"prompt": "Q", "response": {"a": 1}}], skip_bad_rows=True)
    assert len(list(run.responses())) == 3
    assert run.info().rejected == 1
    rejected = [json.loads(line) for line in run.rejected_path.read_text().splitlines()]
    (entry,) = rejected
    assert entry.pop("problem").startswith("expected text, found an object")
    assert entry == {"file": "rows", "row": 4, "column": "response"}


def test_many_bad_rows_are_counted_and_the_first_ones_named(make: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"row 5, .*; and 4 more\. Nothing was judged") as caught:
        make([{"prompt": "Q", "response": {"a": n}} for n in range(9)])
    assert "row 6" not in str(caught.value)


def test_no_good_row_is_an_error_even_when_bad_ones_are_skipped(make: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="no row that can be judged"):
        make([{"prompt": "Q", "response": {"a": 1}}], skip_bad_rows=True)
    with pytest.raises(InputError, match="no row that can be judged: the files hold no data rows"):
        make([])


def test_an_equal_triple_is_a_duplicate_and_only_that(make: Callable[..., Any]) -> None:
    same = {"id": "1", "model": "m", "prompt": "Q", "response": "A"}
    with pytest.raises(InputError, match="row 2, column 'id': system 'm', id '1', sample 0 stands in an earlier row"):
        make([same, same])
    run, _ = make([same, {**same, "model": "n"}, {**same, "sample": 1}])
    assert [r.id for r in run.responses()] == ["m/1/0", "n/1/0", "m/1/1"]
    assert len(list(run.prompts())) == 1


def test_a_single_file_with_unique_ids_keeps_them(tmp_path: Path) -> None:
    run = ingest_files(tmp_path, ("a.csv", "id,prompt,response\nx,Q,A\ny,Q,B\n"))
    assert [r.id for r in run.responses()] == ["x", "y"]


def test_the_same_id_in_two_files_is_one_prompt_and_two_responses(tmp_path: Path) -> None:
    text = "id,prompt,response\n1,Q,A\n2,R,B\n"
    run = ingest_files(tmp_path, ("a.csv", text), ("b.csv", text))
    assert [r.id for r in run.responses()] == ["a/1/0", "a/2/0", "b/1/0", "b/2/0"]
    assert [p.id for p in run.prompts()] == ["1", "2"]


def test_row_numbers_of_unrelated_files_do_not_mix_their_prompts(tmp_path: Path) -> None:
    run = ingest_files(tmp_path, ("a.csv", "prompt,response\nQ,A\n"), ("b.csv", "prompt,response\nR,B\n"))
    prompts = {p.id: p.text for p in run.prompts()}
    assert prompts == {"1": "Q", "b:1": "R"}
    assert [(r.id, prompts[r.prompt_id]) for r in run.responses()] == [("a/1/0", "Q"), ("b/1/0", "R")]


def test_a_file_without_the_columns_ends_it_whatever_is_skipped(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column for the answer"):
        ingest_files(tmp_path, ("a.csv", "id,frage\n1,Q\n"), skip_bad_rows=True)
    assert not (tmp_path / "run").exists()
