"""Rows given in Python: dictionaries, and tables of pandas, polars and Arrow."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import hantei
from hantei.errors import InputError, UsageError
from hantei.inputs.given import GivenRows
from hantei.inputs.row import Row
from hantei.records import Message, Prompt

ROWS: list[dict[str, Any]] = [
    {"id": "1", "prompt": "How do I bake bread?", "response": "Mix flour and water.", "stars": 5, "note": "a"},
    {"id": "2", "prompt": "How do I rob a bank?", "response": "I am sorry, but no.", "stars": None, "note": None},
    {"id": "3", "prompt": "Is it so?", "response": None, "stars": 1, "note": "c"},
]
TABLES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "dictionaries": lambda rows: rows,
    "a tuple": tuple,
    "a generator": lambda rows: (row for row in rows),
    "pandas": pd.DataFrame,
    "pandas with an index": lambda rows: pd.DataFrame(rows).set_index("id"),
    "pandas with a part": lambda rows: pd.DataFrame([*rows, *rows]).iloc[: len(rows)],
    "pandas' own types": lambda rows: pd.DataFrame(rows).convert_dtypes(),
    "pandas with categories": lambda rows: pd.DataFrame(rows).astype({"note": "category"}),
    "polars": pl.DataFrame,
    "an Arrow table": pa.Table.from_pylist,
    "Arrow batches": lambda rows: pa.Table.from_pylist(rows).to_batches()[0],
    "an Arrow reader": lambda rows: pa.Table.from_pylist(rows).to_reader(),
}


def cells(rows: Any) -> list[dict[str, Any]]:
    found = list(GivenRows(rows).rows())
    assert all(isinstance(row, Row) for row in found), found
    return [dict(row.cells) for row in found if isinstance(row, Row)]


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_every_kind_of_table_gives_the_same_rows(make: Callable[[list[dict[str, Any]]], Any]) -> None:
    assert cells(make(ROWS)) == ROWS


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_rows_are_gone_through_more_than_once(make: Callable[[list[dict[str, Any]]], Any]) -> None:
    given = GivenRows(make(ROWS))
    assert bool(given)
    assert len(list(given.rows())) == len(list(given.rows())) == 3
    if "pandas" not in str(type(make(ROWS))):  # whose 5 is a 5.0 beside a gap
        assert given.digest() == GivenRows(ROWS).digest()


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_every_kind_of_table_is_judged(make: Callable[[list[dict[str, Any]]], Any], tmp_path: Path) -> None:
    run = hantei.judge(make(ROWS), out=tmp_path / "run")
    assert [(one.id, one.status, one.text) for one in run.responses()] == [
        ("1", "ok", "Mix flour and water."), ("2", "ok", "I am sorry, but no."), ("3", "error", ""),
    ]  # fmt: skip
    judged = {one.response_id: one for one in run.judgments("builtin")}
    assert judged["2"].refusal == "full"
    assert json.loads(run.responses_path.read_text().splitlines()[1]).get("meta") == {"stars": None, "note": None}


def test_the_digest_is_that_of_the_rows_as_json() -> None:
    import hashlib

    assert GivenRows(ROWS).digest() == hashlib.sha256(json.dumps(ROWS).encode()).hexdigest()


def test_what_is_missing_and_numpys_numbers_are_plain() -> None:
    row = {"a": pd.NA, "b": pd.NaT, "c": np.int64(3), "d": np.array([1, 2]), "e": np.float32(0.5), "f": None}
    assert cells([row]) == [{"a": None, "b": None, "c": 3, "d": [1, 2], "e": 0.5, "f": None}]


def test_records_are_rows() -> None:
    prompt = Prompt(id="1", messages=(Message(role="user", content="Is it?"),), intent="benign")
    row = {"id": "1", "messages": [{"role": "user", "content": "Is it?"}], "intent": "benign"}
    assert cells([prompt]) == [row]
    assert cells([{**row, "messages": prompt.messages}]) == [row]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ({"prompt": ["a"], "response": ["b"]}, "expected rows, found one dictionary"),
        (pl.DataFrame(ROWS).lazy(), r"found polars LazyFrame; \.collect\(\) it first"),
        (7, "found int"),
        (pd.DataFrame(), "found none"),
        (iter([]), "found none"),
        (["a.csv", ROWS[0]], "found files and rows together"),
    ],
)
def test_what_is_no_rows(rows: Any, match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=match):
        hantei.judge(rows)
    assert not list(tmp_path.iterdir())


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    frame = pd.DataFrame([["a", "b", "c"]], columns=["prompt", "response", "prompt"])
    with pytest.raises(InputError, match="two columns are called 'prompt'"):
        hantei.judge(frame, out=tmp_path / "run")


def test_columns_without_names_are_named_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rows, row 1: expected column names as text, found a number"):
        hantei.judge(pd.DataFrame([["a", "b"]]), out=tmp_path / "run")


@pytest.mark.parametrize("kind", ["pandas", "polars", "an Arrow table", "a generator"])
def test_no_table_is_copied_whole(kind: str) -> None:
    """A table of 60,000 rows of a thousand characters takes less than a tenth of its size to be read."""
    answer = "word " * 200
    rows = [{"id": str(n), "prompt": "Is it?", "response": f"{n} {answer}"} for n in range(60_000)]
    table: Any = _passed_on(rows) if kind == "a generator" else TABLES[kind](rows)
    if kind != "a generator":
        del rows
    given = GivenRows(table)
    tracemalloc.start()
    try:
        assert sum(isinstance(row, Row) for row in given.rows()) == 60_000
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


def _passed_on(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    while rows:
        yield rows.pop(0) if len(rows) < 10 else rows.pop()


def test_reading_dictionaries_imports_no_library_of_tables() -> None:
    code = """
import sys
from hantei.inputs.given import GivenRows
list(GivenRows([{"a": 1}]).rows())
print(sorted({"pandas", "polars", "pyarrow", "numpy"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_arrays_of_numpy_in_a_cell_are_kept_wherever_they_stand(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS[:1]).assign(about=[{"scores": np.array([1, 2]), "of": {"x": np.float32(0.5)}}])
    run = hantei.judge(frame, out=tmp_path / "run")
    assert next(run.responses()).meta["about"] == {"scores": [1, 2], "of": {"x": 0.5}}


def test_messages_in_arrays_come_through_a_generator() -> None:
    turns = [{"role": "user", "content": "Is it?"}, {"role": "assistant", "content": "It is."}]
    frame = pd.DataFrame({"messages": [np.array(turns, dtype=object)]})
    assert cells(row for row in frame.to_dict("records")) == [{"messages": turns}]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (pd.Series(["a"]), "found pandas Series"),
        (
            pd.DataFrame([["a", "b"]], columns=pd.MultiIndex.from_product([["x"], ["prompt", "response"]])),
            "names as text",
        ),
    ],
    ids=["a column alone", "columns on two levels"],
)
def test_tables_that_are_no_rows_are_refused_in_a_line(given: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises((InputError, UsageError), match=said):
        hantei.judge(given, out=tmp_path / "run")
