from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError
from tests.exchange.files import imported, judgments, lines, problems

QUESTIONS = [
    {"question_id": 81, "category": "writing", "turns": ["一つ目？", "二つ目？"], "reference": ["", "答え"]},
    {"question_id": 82, "category": "math", "turns": ["Only?"]},
]


def answer(question: int, *choices: list[Any], model: str = "m") -> dict[str, Any]:
    made = [{"index": k, "turns": turns} for k, turns in enumerate(choices)]
    return {"question_id": question, "answer_id": "x", "model_id": model, "choices": made, "tstamp": 1.0}


def grade(question: int, score: Any, turn: int, model: str = "m") -> dict[str, Any]:
    judge = ["gpt-4", "single-v1"]
    return {"question_id": question, "model": model, "judge": judge, "judgment": "[[8]]", "score": score, "turn": turn}


def test_turns_are_asked_one_after_another(tmp_path: Path) -> None:
    rows = [answer(81, ["A", "B"], ["C", "D"]), answer(82, ["E"]), answer(81, ["F", "$ERROR$"], model="n")]
    grades = [grade(81, 8, 1), grade(81, -1, 2), grade(82, 9.5, 1), grade(81, 3, 2, "n"), grade(81, 3, 2, "other")]
    run = imported(
        lines(tmp_path / "question.jsonl", QUESTIONS),
        lines(tmp_path / "model_answer" / "m.jsonl", rows),
        lines(tmp_path / "model_judgment" / "gpt-4_single.jsonl", grades),
    )
    first, second = run.prompts()
    assert [turn.content for turn in first.messages] == ["一つ目？", "二つ目？"]
    assert (first.id, first.reference, first.language, second.id) == ("81", "答え", "ja", "82")
    assert [(one.id, one.earlier, one.text, one.status) for one in run.responses()] == [
        ("m/81/0", ("A",), "B", "ok"),
        ("m/81/1", ("C",), "D", "ok"),
        ("m/82/0", (), "E", "ok"),
        ("n/81/0", ("F",), "", "error"),
    ]
    said = [(one.response_id, one.turn, one.score, one.status) for one in run.judgments("mt-bench:gpt-4")]
    assert said == [
        ("m/81/0", 0, 8.0, "ok"),
        ("m/81/0", None, None, "unparsed"),
        ("m/82/0", None, 9.5, "ok"),
        ("n/81/0", None, 3.0, "ok"),
    ]
    assert judgments(run, "mt-bench:gpt-4")["m/82/0"].scale == "1-10"


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    asked, answers = lines(tmp_path / "q.jsonl", QUESTIONS), lines(tmp_path / "a.jsonl", [answer(81, ["A"])])
    with pytest.raises(InputError, match=r"q.jsonl: holds MT-Bench's questions, the answers are missing: give both"):
        imported(asked)
    with pytest.raises(InputError, match=r"a.jsonl: holds MT-Bench's answers, the questions are missing: give both"):
        imported(answers)


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    rows = [
        answer(81, ["A", "B"]),
        answer(99, ["A"]),
        answer(82),
        answer(82, [{"content": "A"}]),
        answer(81, [7, None]),
    ]
    run = imported(lines(tmp_path / "q.jsonl", QUESTIONS), lines(tmp_path / "a.jsonl", rows))
    assert [(one.id, one.text) for one in run.responses()] == [("m/81/0", "B"), ("m/82/0", "A")]
    assert [row for row, _ in problems(run)] == [2, 3, 5]
