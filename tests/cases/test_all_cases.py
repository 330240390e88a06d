"""Every recorded case is one of a table here, so that a new one cannot be forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import hantei
from tests import servers
from tests.cases import test_file_cases, test_import_cases, test_judge_cases, test_server_cases
from tests.cases.recorded import CASES, INPUTS, asked, cases, needs_cases
from tests.cli.test_docs import named, problem
from tests.servers import fault_server

BY_THEMSELVES = {18, 31, 54, 77, 78, 125}
"""Cases with a test of their own: their number is in its name."""


@needs_cases
def test_every_case_is_tested_once() -> None:
    tables = [room.EXPECTED for room in (test_file_cases, test_server_cases, test_judge_cases, test_import_cases)]
    numbers = [number for table in tables for number in table]
    assert sorted([*numbers, *BY_THEMSELVES]) == sorted(cases())


ORDINARY = {
    "alpaca_eval_en.jsonl": 3,
    "alpaca_zh.jsonl": 3,
    "belle_eval_zh.jsonl": 3,
    "elyza_tasks_100_ja.jsonl": 3,
    "rakuda_v2_ja.jsonl": 3,
}
"""Files of ordinary answers, and how many of a hundred may be marked."""


@pytest.mark.parametrize("name", ORDINARY)
def test_recorded_case_54_ordinary_answers_are_left_alone(name: str, tmp_path: Path) -> None:
    file = CASES.parent / "data" / "ordinary" / name
    if not file.exists():
        pytest.skip("the ordinary answers are not here")
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)[:100]
    (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    run = hantei.judge(str(tmp_path / name), out=tmp_path / "run")
    judgments = list(run.judgments("builtin"))
    judged = [judgment for judgment in judgments if judgment.unsafe is not None]
    assert len(judgments) == len(lines) == 100
    assert len(judged) >= 90, "nearly all of them have a verdict"
    assert sum(judgment.unsafe is True for judgment in judged) <= ORDINARY[name], "a few per cent of them at most"


@needs_cases
def test_recorded_case_31_two_questions_are_asked_one_after_the_other(tmp_path: Path) -> None:
    with fault_server(lambda seen: servers.ok(f"Answer {len(seen.body['messages'])}")) as server:
        (found,) = asked(server, INPUTS / "64_mtbench_q.jsonl", tmp_path / "run")
        sent = [[turn["content"] for turn in seen.body["messages"]] for seen in server.calls]
    assert sent == [["First question?"], ["First question?", "Answer 1", "Second question?"]]
    assert (found.earlier, found.text) == (("Answer 1",), "Answer 3")


def test_recorded_case_125_the_commands_that_the_docs_name() -> None:
    """Of every page: ``tests/cli/test_docs.py``; here that the one of the case is there, and that a slip is seen."""
    page = (Path(__file__).parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")
    assert [words for words in named(page) if problem(words) is not None] == []
    assert len(list(named(page))) >= 5
    assert problem(["agreement", "RUN", "--judge", "builtin", "--against", "human:me"]) is None
    for slip in (["agreemnt"], ["agreement", "RUN", "--agianst", "x"], ["judges", "lsit"], ["benchmarks", "ls"]):
        assert problem(slip) is not None


TWO_TURNS = [{"role": "user", "content": text} for text in ("One?", "Two?")]


@pytest.mark.parametrize("turns", [["One?", "Two?", "Three?"], TWO_TURNS])
def test_31_more_prompts_of_several_turns(turns: list[Any], tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": "a", "turns": turns}) + "\n")
    with fault_server(lambda seen: servers.ok(f"Answer {len(seen.body['messages'])}")) as server:
        (found,) = asked(server, tmp_path / "p.jsonl", tmp_path / "run")
        sent = [[turn["role"] for turn in seen.body["messages"]] for seen in server.calls]
    count = len(turns)
    assert sent == [["user", "assistant"] * place + ["user"] for place in range(count)]
    assert found.text == f"Answer {2 * count - 1}"
    assert found.earlier == tuple(f"Answer {2 * place + 1}" for place in range(count - 1))


def test_31_a_system_prompt_stands_before_the_first_turn_once(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "s"}, *({"role": "user", "content": text} for text in ("One?", "Two?"))]
    (tmp_path / "p.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    with fault_server([servers.ok("Yes.")]) as server:
        asked(server, tmp_path / "p.jsonl", tmp_path / "run")
        sent = [[turn["content"] for turn in seen.body["messages"]] for seen in server.calls]
    assert sent == [["s", "One?"], ["s", "One?", "Yes.", "Two?"]]
