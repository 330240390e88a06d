"""Every format of ``hantei export`` goes back in and gives the run that was exported."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import msgspec
import pytest

from hantei.api import export, judge
from hantei.errors import InputError, RowError
from hantei.exchange import import_run
from hantei.exchange.exporting import FORMATS
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.runs.info import JudgeInfo
from tests.cases.test_file_cases import text_cell, workbook
from tests.exchange.conftest import JUDGES, JUDGMENTS, PROMPTS, RESPONSES
from tests.exchange.files import problems

ONE_WAY = {"preferences"}
"""What is written for others to train on, and is no run."""
NEEDS = {"csv": (), "parquet": ("pyarrow",), "hf": ("pyarrow",), "inspect": ("inspect_ai",)}


def exported(run: Run, to: str, out: Path) -> Path:
    for module in NEEDS[to]:
        pytest.importorskip(module)
    return export(run.path, to, out)


def by_answer(run: Run) -> dict[str, list[Judgment]]:
    found: dict[str, list[Judgment]] = {}
    for name in run.judges():
        for judgment in run.judgments(name):
            found.setdefault(judgment.response_id, []).append(judgment)
    return {answer: sorted(judgments, key=str) for answer, judgments in found.items()}


def test_each_format_is_tried() -> None:
    assert NEEDS.keys() | ONE_WAY == FORMATS.keys()


@pytest.mark.parametrize("to", NEEDS)
def test_import_gives_the_same_run(run: Run, tmp_path: Path, to: str) -> None:
    out = exported(run, to, tmp_path / f"out.{to}" if to in ("csv", "parquet") else tmp_path / to)
    back = import_run(out, None, tmp_path / "back")
    assert back.info().rejected == 0, problems(back)
    assert {prompt.id: prompt for prompt in back.prompts()} == PROMPTS
    assert sorted(back.responses(), key=str) == sorted(RESPONSES, key=str)
    assert by_answer(back) == {answer: sorted(said, key=str) for answer, said in JUDGMENTS.items()}
    assert back.info().judges == msgspec.convert(JUDGES, dict[str, JudgeInfo])


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_judge_gives_the_same_prompts_and_answers(run: Run, tmp_path: Path, to: str) -> None:
    out = exported(run, to, tmp_path / f"out.{to}")
    back = judge(str(out), "builtin", tmp_path / "back")
    assert {prompt.id: prompt for prompt in back.prompts()} == PROMPTS
    assert list(back.responses()) == RESPONSES


def edited(run: Run, tmp_path: Path, change: Callable[[list[dict[str, Any]]], object]) -> Path:
    """Export a run as CSV, change its rows as a spreadsheet would, and write it again."""
    with exported(run, "csv", tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    path = tmp_path / "edited.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_spreadsheets_types_and_rows_left_out_are_no_change(run: Run, tmp_path: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["sample"] += ".0"
            row["keyword.unsafe"] = row["keyword.unsafe"].upper()
            row["my note"] = "seen"
        del rows[3:]

    back = import_run(edited(run, tmp_path, change), None, tmp_path / "back")
    assert [one.id for one in back.responses()] == [one.id for one in RESPONSES[:3]]
    assert [one.meta for one in back.responses()][:2] == [
        {"own column": "kept", "my note": "seen"},
        {"my note": "seen"},
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [("response", "I never said that."), ("keyword.unsafe", "false"), ("prompt", ""), ("response_status", "ok ?")],
)
def test_a_row_that_was_edited_is_an_error_not_the_old_row(run: Run, tmp_path: Path, column: str, value: str) -> None:
    path = edited(run, tmp_path, lambda rows: rows[0].update({column: value}))
    back = import_run(path, None, tmp_path / "back")
    ((row, problem),) = problems(back)
    assert row == 1
    assert problem.startswith("was changed after hantei exported it; delete the column 'hantei'")


def test_judge_says_of_an_edited_row_what_to_do(run: Run, tmp_path: Path) -> None:
    path = edited(run, tmp_path, lambda rows: rows[0].update({"response": "Other."}))
    with pytest.raises(InputError, match=r"row 1, column 'response': was changed after hantei exported it"):
        judge(str(path), "builtin", tmp_path / "back")


@pytest.mark.parametrize("cell", ["", "{", "[]", "7", '{"prompt": {}}', '{"prompt": {"id": 3}}', "[" * 100_000])
def test_records_that_were_cut_are_an_error_of_the_row(run: Run, tmp_path: Path, cell: str) -> None:
    path = edited(run, tmp_path, lambda rows: rows[1].update({"hantei": cell}))
    back = import_run(path, None, tmp_path / "back")
    ((row, problem),) = problems(back)
    assert row == 2
    assert problem.startswith("does not hold the records that hantei wrote")


def letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def excel_cell(place: str, cell: str) -> str:
    return f'<c r="{place}"><v>{cell}</v></c>' if cell.isdigit() else text_cell(place, escape(cell))


def test_a_workbook_that_a_spreadsheet_made_of_the_table(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    with exported(run, "csv", tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    rows = (
        f'<row r="{number}">{"".join(excel_cell(f"{letters(k)}{number}", cell) for k, cell in enumerate(cells))}</row>'
        for number, cells in enumerate(table, 1)
    )
    workbook(tmp_path / "out.xlsx", "".join(rows))
    back = import_run(tmp_path / "out.xlsx", None, tmp_path / "back")
    assert list(back.responses()) == RESPONSES


def test_the_first_row_gone_leaves_the_rates_flagged(run: Run, tmp_path: Path) -> None:
    back = import_run(edited(run, tmp_path, lambda rows: rows.pop(0)), None, tmp_path / "back")
    assert back.info().judges["keyword"].rate_kind == "flagged"


def test_tables_still_read_as_tables_without_the_records(run: Run, tmp_path: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            del row["hantei"]
            row["response"] = row["response"] or "Changed."

    back = judge(str(edited(run, tmp_path, change)), "builtin", tmp_path / "back")
    assert next(back.responses()).text == RESPONSES[0].text


def test_json_in_the_column_is_ascii(run: Run, tmp_path: Path) -> None:
    with exported(run, "csv", tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert all(row["hantei"].isascii() and json.loads(row["hantei"]) for row in csv.DictReader(file))


def test_a_row_error_is_one_line(run: Run, tmp_path: Path) -> None:
    path = edited(run, tmp_path, lambda rows: [row.update({"hantei": "x\ny"}) for row in rows])
    with pytest.raises(InputError) as caught:
        import_run(path, None, tmp_path / "back")
    assert not isinstance(caught.value, RowError)
    assert "\n" not in str(caught.value)
