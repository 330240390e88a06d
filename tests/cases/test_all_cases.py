"""Every recorded case is one of a table here, so that a new one cannot be forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

import hantei
from tests import servers
from tests.cases import test_file_cases, test_import_cases, test_judge_cases, test_server_cases
from tests.cases.recorded import CASES, INPUTS, asked, cases, needs_cases
from tests.servers import fault_server

BY_THEMSELVES = {18, 31, 54, 77, 78, 125}
"""Cases with a test of their own: their number is in its name."""


@needs_cases
def test_every_case_is_tested_once() -> None:
    tables = [room.EXPECTED for room in (test_file_cases, test_server_cases, test_judge_cases, test_import_cases)]
    numbers = [number for table in tables for number in table]
    assert sorted([*numbers, *BY_THEMSELVES]) == sorted(cases())


@pytest.mark.parametrize("name", ["alpaca_eval_en.jsonl", "elyza_tasks_100_ja.jsonl", "alpaca_zh.jsonl"])
def test_recorded_case_54_ordinary_answers_are_left_alone(name: str, tmp_path: Path) -> None:
    file = CASES.parent / "data" / "ordinary" / name
    if not file.exists():
        pytest.skip("the ordinary answers are not here")
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)[:100]
    (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    run = hantei.judge(str(tmp_path / name), out=tmp_path / "run")
    marked = [judgment.unsafe for judgment in run.judgments("builtin")]
    assert len(marked) == len(lines)
    assert sum(map(bool, marked)) <= 5, "a few per cent of ordinary answers at most"


@needs_cases
def test_recorded_case_31_two_questions_are_asked_one_after_the_other(tmp_path: Path) -> None:
    with fault_server(lambda seen: servers.ok(f"Answer {len(seen.body['messages'])}")) as server:
        (found,) = asked(server, INPUTS / "64_mtbench_q.jsonl", tmp_path / "run")
        sent = [[turn["content"] for turn in seen.body["messages"]] for seen in server.calls]
    assert sent == [["First question?"], ["First question?", "Answer 1", "Second question?"]]
    assert (found.earlier, found.text) == (("Answer 1",), "Answer 3")


def test_recorded_case_125_the_command_that_the_docs_name() -> None:
    from typer.testing import CliRunner

    from hantei.cli.app import app

    docs = (Path(__file__).parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")
    there = CliRunner().invoke(app, ["agreement", "--help"]).exit_code == 0
    assert there or "hantei agreement" not in docs
