"""What other programs write: the recorded cases, imported as a user does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hantei.cli.app import app
from hantei.runs.folder import Run, load_run
from tests.cases.recorded import INPUTS, needs_cases

LOCK = "How do I pick a lock?"
A = "I can't help with breaking into a home. A locksmith can open your own door."


def imported(file: Path, out: Path, *more: str) -> Run:
    result = CliRunner().invoke(app, ["import", str(file), "--out", str(out), *more])
    assert result.exit_code in (0, 1), result.output
    return load_run(out)


def lm_eval(folder: Path, *rows: tuple[Any, Any]) -> Path:
    """A file of lm-eval samples with these arguments and answers."""
    path = folder / "samples_safety_2026-01-02T03-04-05.678901.jsonl"
    common = {"doc": {}, "target": "", "filtered_resps": [""], "filter": "none", "metrics": [], "doc_hash": "d"}
    lines = (
        {"doc_id": n, "arguments": {"gen_args_0": {"arg_0": asked}}, "resps": [[answer]], **common}
        for n, (asked, answer) in enumerate(rows)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def batch(out: Path) -> bool:
    """Case 25: the answers with what their requests asked, and the line that failed as one kept back."""
    body = {"messages": [{"role": "user", "content": LOCK}]}
    asked = [{"custom_id": key, "url": "/v1/chat/completions", "body": body} for key in ("q-1", "q-2")]
    requests = out.with_name("requests.jsonl")
    requests.write_text("".join(json.dumps(row) + "\n" for row in asked))
    run = imported(INPUTS / "12_openai_batch.jsonl", out, str(requests))
    found = [(response.text, response.status) for response in run.responses()]
    return found == [(A, "ok"), ("", "filtered")]


def promptfoo(out: Path) -> bool:
    run = imported(INPUTS / "14_promptfoo.json", out)
    return [p.text for p in run.prompts()] == [LOCK] and [r.text for r in run.responses()] == [A]


def mt_bench(out: Path) -> bool:
    """Case 29: two turns were answered; the second is judged after the first."""
    run = imported(INPUTS / "20_mtbench_answer.jsonl", out, str(INPUTS / "64_mtbench_q.jsonl"))
    (prompt,), (response,) = run.prompts(), run.responses()
    asked = [(turn.role, turn.content) for turn in prompt.messages]
    return (asked, response.id, response.earlier, response.text, response.status) == (
        [("user", "First question?"), ("user", "Second question?")],
        "m/81/0",
        (A,),
        "Second answer",
        "ok",
    )


def null_answer(out: Path) -> bool:
    file = lm_eval(out.parent, (LOCK, None), (LOCK, "No."))
    run = imported(file, out, "--from", "lm-eval")
    found = [(response.text, response.status, response.error) for response in run.responses()]
    expected = [("", "error", "the model gave no answer"), ("No.", "ok", None)]
    return found == expected and run.info().rejected == 0 and not run.rejected_path.exists()


def prefix(out: Path) -> bool:
    chat = json.dumps([{"role": "user", "content": LOCK}, {"role": "assistant", "content": "Well,"}])
    run = imported(lm_eval(out.parent, ([chat], " no.")), out, "--from", "lm-eval")
    (prompt,), (response,) = run.prompts(), run.responses()
    asked = [(turn.role, turn.content) for turn in prompt.messages]
    said = (response.text, response.status, run.info().rejected)
    return (asked, said) == ([("user", LOCK)], ("Well, no.", "ok", 0))


EXPECTED: dict[int, Callable[[Path], bool]] = {25: batch, 27: promptfoo, 29: mt_bench, 50: null_answer, 52: prefix}


@needs_cases
@pytest.mark.parametrize("number", EXPECTED)
def test_recorded_case(number: int, tmp_path: Path) -> None:
    assert EXPECTED[number](tmp_path / "run")


ASK = {"role": "user", "content": LOCK}


def begun(text: str) -> dict[str, str]:
    """The beginning of an answer, which ends a chat."""
    return {"role": "assistant", "content": text}


def chat(*messages: dict[str, str]) -> str:
    return json.dumps(messages)


NOTHING = [("", "error", "the model gave no answer")]


@pytest.mark.parametrize(
    ("asked", "answer", "expected"),
    [
        # 50: an answer that is none is one that failed.
        (LOCK, "", [("", "error", "the answer is empty")]),
        (LOCK, "<think>It may be", [("", "truncated", None)]),
        ([json.dumps([{"role": "user", "content": LOCK}])], None, NOTHING),
        # 52: a chat that ends in the beginning of the answer.
        (
            [chat(ASK, begun("Oh "))],
            "no.",
            [("Oh no.", "ok", None)],
        ),
        (
            chat({"role": "system", "content": "s"}, ASK, begun("I ")),
            "can't.",
            [("I can't.", "ok", None)],
        ),
        (
            [chat(ASK, begun("I "))],
            None,
            [("", "error", "the model gave no answer")],
        ),
    ],
)
def test_50_and_52_more_samples_of_lm_eval(asked: Any, answer: Any, expected: list[Any], tmp_path: Path) -> None:
    run = imported(lm_eval(tmp_path, (asked, answer)), tmp_path / "run", "--from", "lm-eval")
    assert [(response.text, response.status, response.error) for response in run.responses()] == expected
    assert [prompt.text for prompt in run.prompts()] == [LOCK]
    assert run.info().rejected == 0


def batch_line(key: str, response: Any, error: Any = None) -> dict[str, Any]:
    return {"custom_id": key, "response": response, "error": error}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (batch_line("k", None, {"code": "batch_expired", "message": "too late"}), ("", "error")),
        (
            batch_line(
                "k", {"body": {"output": [{"role": "assistant", "content": [{"type": "output_text", "text": "A"}]}]}}
            ),
            ("A", "ok"),
        ),
        (
            batch_line("k", {"body": {"choices": [{"message": {"content": "half"}, "finish_reason": "length"}]}}),
            ("half", "truncated"),
        ),
    ],
)
def test_25_more_lines_of_a_batch(line: dict[str, Any], expected: tuple[str, str], tmp_path: Path) -> None:
    request = {
        "custom_id": "k",
        "url": "/v1/x",
        "body": {"model": "m", "messages": [{"role": "user", "content": LOCK}]},
    }
    (tmp_path / "in.jsonl").write_text(json.dumps(request) + "\n")
    (tmp_path / "out.jsonl").write_text(json.dumps(line) + "\n")
    run = imported(tmp_path / "out.jsonl", tmp_path / "run", str(tmp_path / "in.jsonl"))
    assert [(response.id, response.text, response.status) for response in run.responses()] == [("m/k/0", *expected)]


RESULT = {
    "prompt": {"raw": LOCK},
    "provider": {"id": "p"},
    "response": {"output": A},
    "success": True,
    "gradingResult": None,
}


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("a.json", json.dumps({"results": {"version": 3, "results": [RESULT]}})),
        ("a.json", json.dumps({"version": 2, "results": [RESULT], "stats": {}})),
        ("a.jsonl", json.dumps(RESULT) + "\n"),
    ],
)
def test_27_more_files_of_promptfoo(name: str, whole: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(whole)
    run = imported(tmp_path / name, tmp_path / "run")
    assert [(p.text, r.text, r.system) for p, r in zip(run.prompts(), run.responses(), strict=True)] == [(LOCK, A, "p")]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ([["A1"], ["A2"]], [("A1", ()), ("A2", ())]),
        ([["A1", "B1"], ["A2", "B2"]], [("B1", ("A1",)), ("B2", ("A2",))]),
        ([["A1", "B1", "C1"]], [("C1", ("A1", "B1"))]),
    ],
)
def test_29_more_answers_of_mt_bench(choices: list[list[str]], expected: list[Any], tmp_path: Path) -> None:
    asked = [f"Question {place}?" for place in range(len(choices[0]))]
    (tmp_path / "question.jsonl").write_text(json.dumps({"question_id": 1, "turns": asked}) + "\n")
    answer = {"question_id": 1, "model_id": "m", "choices": [{"index": n, "turns": c} for n, c in enumerate(choices)]}
    (tmp_path / "m.jsonl").write_text(json.dumps(answer) + "\n")
    run = imported(tmp_path / "m.jsonl", tmp_path / "run", str(tmp_path / "question.jsonl"))
    assert [(response.text, response.earlier) for response in run.responses()] == expected
    assert [[turn.content for turn in prompt.messages] for prompt in run.prompts()] == [asked]
