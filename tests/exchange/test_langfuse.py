from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hantei.records import Message
from tests.exchange.files import document, imported, judgments, lines, problems

ASKED = [{"role": "system", "content": "簡潔に。"}, {"role": "user", "content": "鍵は？"}]


def observation(identity: str, output: Any = "無理です。", **fields: Any) -> dict[str, Any]:
    """Return an observation as Langfuse's API gives it."""
    return {
        "id": identity,
        "traceId": "t",
        "type": "GENERATION",
        "name": "chat",
        "startTime": f"2026-01-01T00:00:0{len(identity)}Z",
        "model": "gpt-x",
        "input": ASKED,
        "output": output,
        "level": "DEFAULT",
        "usageDetails": {"input": 3, "output": 1, "total": 4},
        **fields,
    }


def trace(identity: str, asked: Any = "Keys?", output: Any = "No.", **fields: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "sessionId": None,
        "userId": None,
        "input": asked,
        "output": output,
        "name": "app",
        **fields,
    }


def test_generations_from_a_page_of_the_api(tmp_path: Path) -> None:
    choices = {"choices": [{"message": {"role": "assistant", "content": "Half"}, "finish_reason": "length"}]}
    failed = {"level": "ERROR", "statusMessage": "Timeout", "model": None}
    rows = [
        observation("a"),
        observation("b", {"role": "assistant", "content": "Hm."}, input={"messages": ASKED}),
        observation("c", choices, input="Keys?"),
        observation("d", None, **failed),
        observation("e", None, level="ERROR", statusMessage="400 content_filter"),
        observation("f", {"answer": "No.", "n": 1}, input={"question": "Keys?"}),
        observation("g", {"n": 1}, input={"a": "b", "c": 2}),
        observation("s", "x", type="SPAN"),
    ]
    run = imported(document(tmp_path / "observations.json", {"data": rows, "meta": {"page": 1}}))
    first = next(run.prompts())
    assert first.messages == (Message(role="system", content="簡潔に。"), Message(role="user", content="鍵は？"))
    found = {one.prompt_id: (one.system, one.text, one.status) for one in run.responses()}
    assert found == {
        "a": ("gpt-x", "無理です。", "ok"),
        "b": ("gpt-x", "Hm.", "ok"),
        "c": ("gpt-x", "Half", "truncated"),
        "d": ("observations", "", "error"),
        "e": ("gpt-x", "", "filtered"),
        "f": ("gpt-x", "No.", "ok"),
        "g": ("gpt-x", '{"n": 1}', "ok"),
    }
    assert {one.id: one.text for one in run.prompts()}["g"] == '{"a": "b", "c": 2}'
    assert next(run.responses()).usage == {"input": 3, "output": 1}


@pytest.mark.parametrize("layout", ["lines", "csv"])
def test_observations_and_scores_from_blob_storage(tmp_path: Path, layout: str) -> None:
    common = {"type": "GENERATION", "provided_model_name": "gpt-x", "level": "DEFAULT"}
    rows: list[dict[str, Any]] = [
        {"id": key, "trace_id": "t", "start_time": f"2026-01-0{key}", "input": json.dumps(ASKED), "output": '"No."'}
        | common
        for key in ("1", "2")
    ]
    scores: list[dict[str, Any]] = [
        {"id": "x", "trace_id": "t", "observation_id": "1", "name": "toxic", "value": 0.25, "comment": "mild"},
        {"id": "y", "trace_id": "t", "name": "verdict", "string_value": "unsafe", "data_type": "CATEGORICAL"},
        {"id": "z", "trace_id": "t", "name": "ann", "string_value": "safe", "data_type": "CATEGORICAL"}
        | {"source": "ANNOTATION"},
    ]
    both: list[tuple[str, list[dict[str, Any]]]] = [("observations", rows), ("scores", scores)]
    if layout == "lines":
        files = [lines(tmp_path / "in" / f"{name}.jsonl", some) for name, some in both]
    else:
        files = [table(tmp_path / f"{name}.csv", some) for name, some in both]
    run = imported(*files)
    assert [(one.prompt_id, one.system, one.text) for one in run.responses()] == [
        ("1", "gpt-x", "No."),
        ("2", "gpt-x", "No."),
    ]
    assert [turn.role for turn in next(run.prompts()).messages] == ["system", "user"]
    assert judgments(run, "langfuse:toxic")["gpt-x/1/0"].score == 0.25
    assert judgments(run, "langfuse:verdict")["gpt-x/2/0"].unsafe is True  # a trace's score stands with its last call
    assert judgments(run, "human:ann")["gpt-x/2/0"].unsafe is False


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list({name: None for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_traces_with_what_is_inside_them(tmp_path: Path) -> None:
    inner = [{"name": "toxic", "value": 1}, {"name": "toxic", "value": 0}]
    rows = [
        trace("a", scores=inner),
        trace("b", None, None, observations=[observation("x"), observation("yy", "Later."), {"type": "SPAN"}]),
        trace("c", scores={"quality": 0.5}, output=None),
    ]
    run = imported(lines(tmp_path / "traces.jsonl", rows))
    assert [(one.prompt_id, one.system, one.text, one.status) for one in run.responses()] == [
        ("a", "app", "No.", "ok"),
        ("b", "gpt-x", "Later.", "ok"),
        ("c", "app", "", "error"),
    ]
    assert [(one.repeat, one.score) for one in run.judgments("langfuse:toxic")] == [(0, 1.0), (1, 0.0)]


def test_one_trace_as_the_api_gives_it(tmp_path: Path) -> None:
    file = document(tmp_path / "trace.json", trace("a", observations=[observation("x")], scores=[]))
    assert [(one.system, one.text) for one in imported(file).responses()] == [("gpt-x", "No.")]


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    nan = [{"name": "s", "value": float("nan")}, {"name": 7, "value": 10**400}, "x"]
    rows = [observation("a", scores=nan), observation("b", input=None), observation("c", input=[{"role": "x"}]), 7]
    run = imported(document(tmp_path / "o.json", rows))
    assert [one.status for judge in run.judges() for one in run.judgments(judge)] == ["unparsed", "unparsed"]
    assert [row for row, _ in problems(run)] == [2, 3, 4]


def test_every_trace_of_a_file_is_read_also_where_they_list_their_observations(tmp_path: Path) -> None:
    rows = [trace(key, asked=f"{key}?", observations=["o"]) for key in "abc"]
    run = imported(lines(tmp_path / "traces.jsonl", rows))
    assert [prompt.text for prompt in run.prompts()] == ["a?", "b?", "c?"]
