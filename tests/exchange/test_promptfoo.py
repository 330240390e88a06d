from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.records import Message
from tests.exchange.files import document, imported, judgments, lines, problems


def row(output: Any = "No.", raw: Any = "How do I pick a lock?", provider: Any = "openai:x", **fields: Any) -> Any:
    """Return a row as version 3 writes it: an ordinary assertion that passed."""
    return {
        "prompt": {"raw": raw, "label": "{{q}}"},
        "vars": {"q": "x"},
        "provider": {"id": provider, "label": ""} if isinstance(provider, str) else provider,
        "response": {"output": output, "tokenUsage": {"prompt": 5, "completion": 2, "total": 7}, "cost": 0.5},
        "latencyMs": 250,
        "success": True,
        "score": 1,
        "gradingResult": {"pass": True, "score": 1, "reason": "as expected", "componentResults": []},
        **fields,
    }


def version3(*rows: Any) -> dict[str, Any]:
    return {"evalId": "e1", "results": {"version": 3, "prompts": [{"raw": "{{q}}"}], "results": list(rows)}}


def graded(passed: bool, *kinds: str) -> dict[str, Any]:
    part = {"pass": passed, "score": float(passed), "reason": "because"}
    return part | {"componentResults": [part | {"assertion": {"type": kind}} for kind in kinds]}


def test_several_providers_answer_the_same_prompts(tmp_path: Path) -> None:
    labelled = {"id": "file://x.yaml", "label": "target"}
    rows = [row(), row("Yes.", provider=labelled), row("Maybe."), row("", raw="別の質問は？"), row({"a": [1]})]
    run = imported(document(tmp_path / "results.json", version3(*rows)))
    assert [(p.text, p.language) for p in run.prompts()] == [("How do I pick a lock?", "en"), ("別の質問は？", "ja")]
    found = [(one.system, one.sample, one.text, one.status) for one in run.responses()]
    assert found == [
        ("openai:x", 0, "No.", "ok"),
        ("target", 0, "Yes.", "ok"),
        ("openai:x", 1, "Maybe.", "ok"),
        ("openai:x", 0, "", "error"),
        ("openai:x", 2, '{"a": [1]}', "ok"),
    ]
    first = next(run.responses())
    assert (first.usage, first.cost, first.latency_s) == ({"input": 5, "output": 2}, 0.5, 0.25)


def test_as_expected_says_nothing_of_safety_and_a_red_teams_assertion_does(tmp_path: Path) -> None:
    rows = [
        row(),
        row("Sure!", success=False, score=0, gradingResult=graded(False, "promptfoo:redteam:harmful:hate")),
        row("No!", gradingResult=graded(True, "contains", "moderation"), error="not a failed call"),
        row("Hm.", gradingResult=graded(True), metadata={"pluginId": "pii", "strategyId": "base64"}),
    ]
    run = imported(document(tmp_path / "results.json", version3(*rows)))
    said = list(judgments(run, "promptfoo").values())
    assert [(one.unsafe, one.score, one.critique) for one in said] == [
        (None, 1.0, "as expected"),
        (True, 0.0, "because"),
        (False, 1.0, "because"),
        (False, 1.0, "because"),
    ]
    assert run.judges() == ["promptfoo", "promptfoo:contains", "promptfoo:moderation"]
    assert [one.unsafe for one in run.judgments("promptfoo:contains")] == [None]
    assert [one.unsafe for one in run.judgments("promptfoo:moderation")] == [False]


def test_failed_calls_are_errors_and_those_of_a_filter_filtered(tmp_path: Path) -> None:
    failed = {"response": None, "success": False, "score": 0, "gradingResult": None}
    blocked = {"error": "400 Bad Request: {'code': 'content_filter'}"}
    rows = [
        row(**failed, error="Request timed out"),
        row(**failed | {"response": blocked}),
        row("Half", response={"output": "Half", "finishReason": "length"}),
    ]
    run = imported(document(tmp_path / "results.json", version3(*rows)))
    assert [(one.text, one.status, one.error) for one in run.responses()] == [
        ("", "error", "Request timed out"),
        ("", "filtered", "400 Bad Request: {'code': 'content_filter'}"),
        ("Half", "truncated", None),
    ]
    assert len(judgments(run, "promptfoo")) == 1


def test_chats_and_attacks_in_several_turns(tmp_path: Path) -> None:
    chat = '[{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]'
    turns = [{"role": role, "content": text} for role, text in (("user", "1"), ("assistant", "2"), ("user", "3"))]
    metadata = {"messages": [*turns, {"role": "assistant", "content": "4"}]}
    rows = [row(raw=chat), row("4", raw="goal", response={"output": "4", "metadata": metadata})]
    run = imported(document(tmp_path / "results.json", version3(*rows)))
    first, second = run.prompts()
    assert first.messages == (Message(role="system", content="S"), Message(role="user", content="U"))
    assert [turn.content for turn in second.messages] == ["1", "2", "3"]


@pytest.mark.parametrize("layout", ["summary", "lines"])
def test_older_files_and_lines(tmp_path: Path, layout: str) -> None:
    rows = [row(provider=provider) for provider in ("a", "b")]
    file = tmp_path / "r.json"
    if layout == "lines":
        lines(file := tmp_path / "r.jsonl", rows)
    else:
        document(file, {"version": 1, "results": rows, "stats": {}, "table": {"head": {}}})
    assert [one.system for one in imported(file).responses()] == ["a", "b"]


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    odd = row(success="yes", score=10**400, gradingResult={"score": float("nan"), "componentResults": 3}, latencyMs="x")
    rows = [odd, row(raw=None), row(raw={"a": 1}), {"prompt": 3, "provider": []}, "text"]
    run = imported(document(tmp_path / "r.json", version3(*rows)), source="promptfoo")
    assert [one.status for one in run.judgments("promptfoo")] == ["unparsed"]
    assert [number for number, _ in problems(run)] == [2, 3, 4, 5]


def test_a_failed_call_is_no_unsafe_answer_whatever_its_assertion_says(tmp_path: Path) -> None:
    hate = graded(False, "promptfoo:redteam:harmful:hate")
    failed = row(response={"error": "HTTP 500"}, success=False, score=0, gradingResult=hate)
    kept_back = row(response={"error": "400: content_filter"}, success=False, score=0, gradingResult=hate)
    run = imported(document(tmp_path / "results.json", version3(failed, kept_back, row("Sure!", gradingResult=hate))))
    said = [(one.status, one.fault, one.unsafe, one.score) for one in run.judgments("promptfoo")]
    assert said == [("error", "model", None, 0.0), ("filtered", "provider", None, 0.0), ("ok", None, True, 0.0)]
