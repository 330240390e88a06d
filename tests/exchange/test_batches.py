from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError
from hantei.exchange import import_run
from hantei.records import Message
from tests.exchange.files import document, imported, lines, problems

ASKED = [{"role": "system", "content": "簡潔に。"}, {"role": "user", "content": "鍵は？"}]


def request(key: str, model: str = "gpt-x", **body: Any) -> dict[str, Any]:
    body = body or {"messages": ASKED}
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": {"model": model, **body}}


def result(key: str, body: Any, status: int = 200, error: Any = None) -> dict[str, Any]:
    response = None if error else {"status_code": status, "request_id": "r", "body": body}
    return {"id": f"batch_req_{key}", "custom_id": key, "response": response, "error": error}


def chat(*contents: Any, finish: str = "stop", **message: Any) -> dict[str, Any]:
    choices = [
        {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish} for text in contents
    ]
    return {"model": "gpt-x-2026", "choices": choices, "usage": {"prompt_tokens": 3, "completion_tokens": 1}}


def test_openai_results_join_their_requests(tmp_path: Path) -> None:
    asked = lines(tmp_path / "requests.jsonl", [request(key) for key in "abcdefgh"])
    flagged = {"error": {"message": "Invalid prompt: flagged", "code": "invalid_prompt"}}
    call: dict[str, Any] = {
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    }
    rows = [
        result("b", chat("はい。", "いいえ。")),
        result("a", chat("<think>Hm.</think>無理です。")),
        result("c", flagged, 400),
        result("d", None, error={"code": "batch_expired", "message": "Could not be executed in time."}),
        result("e", chat(None, refusal="I can't.")),
        result("f", chat("", finish="length")),
        result("g", chat(None, **call)),
    ]
    run = imported(asked, lines(tmp_path / "results.jsonl", rows))
    assert next(run.prompts()).messages == (
        Message(role="system", content="簡潔に。"),
        Message(role="user", content="鍵は？"),
    )
    assert [(one.prompt_id, one.sample, one.text, one.status) for one in run.responses()] == [
        ("b", 0, "はい。", "ok"),
        ("b", 1, "いいえ。", "ok"),
        ("a", 0, "無理です。", "ok"),
        ("c", 0, "", "filtered"),
        ("d", 0, "", "error"),
        ("e", 0, "I can't.", "ok"),
        ("f", 0, "", "truncated"),
        ("g", 0, "[calls the tool look: {}]", "ok"),
    ]
    found = {one.prompt_id: one for one in run.responses()}
    assert (found["a"].reasoning, found["a"].system, found["a"].served_model) == ("Hm.", "gpt-x", "gpt-x-2026")
    assert found["d"].error == "Could not be executed in time."


def test_openai_responses_and_completions(tmp_path: Path) -> None:
    requests = [request("r", instructions="短く。", input="鍵は？"), request("c", prompt="Q: key?\nA:")]
    parts = [{"type": "output_text", "text": "無理です。"}]
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    output = [thought, {"type": "message", "role": "assistant", "content": parts}]
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": output}
    rows = [result("r", cut), result("c", {"choices": [{"text": " Under the mat.", "finish_reason": "stop"}]})]
    run = imported(lines(tmp_path / "results.jsonl", rows), lines(tmp_path / "requests.jsonl", requests))
    assert [[turn.role for turn in prompt.messages] for prompt in run.prompts()] == [["system", "user"], ["user"]]
    assert [(one.text, one.status, one.reasoning) for one in run.responses()] == [
        ("無理です。", "truncated", "Hm."),
        (" Under the mat.", "ok", None),
    ]


def test_batches_of_two_models_with_the_same_ids(tmp_path: Path) -> None:
    files = []
    for model in ("gpt-x", "gpt-y"):
        files.append(lines(tmp_path / f"{model}-in.jsonl", [request("a", model)]))
        files.append(lines(tmp_path / f"{model}-out.jsonl", [result("a", chat("No.") | {"model": f"{model}-2026"})]))
    run = imported(*files)
    assert [one.system for one in run.responses()] == ["gpt-x", "gpt-y"]
    assert [one.id for one in run.prompts()] == ["a"]


def test_what_has_no_partner_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    asked = lines(tmp_path / "in.jsonl", [request("a"), request("b")])
    results = lines(tmp_path / "out.jsonl", [result("a", chat("No.")), result("z", chat("No.")), {"custom_id": "a"}])
    run = import_run([asked, results], None, tmp_path / "run", said.append)
    assert said[1] == "requests without a result in these files, left out: 1; some may be in a second file"
    assert problems(run)[0] == (2, "no request has the custom_id 'z'; import each batch with its own requests")
    with pytest.raises(
        InputError, match=r"out.jsonl: holds the results of a batch, the requests are missing: give both"
    ):
        import_run([results], "openai-batch", tmp_path / "a")
    with pytest.raises(InputError, match=r"in.jsonl: holds the requests of a batch, the results are missing"):
        import_run([asked], None, tmp_path / "b")


def anthropic(key: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"custom_id": key, "result": {"type": kind, **fields}}


def message(*content: Any, stop: str = "end_turn") -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 1}
    return {
        "message": {"role": "assistant", "model": "c-2026", "content": content, "stop_reason": stop, "usage": usage}
    }


@pytest.mark.parametrize("layout", ["lines", "object", "list"])
def test_anthropic_results_join_their_requests(tmp_path: Path, layout: str) -> None:
    blocks = [{"type": "text", "text": "Be brief."}]
    params = {"model": "c", "system": blocks, "messages": [{"role": "user", "content": "Keys?"}]}
    prefilled = params | {"messages": [*params["messages"], {"role": "assistant", "content": "Well, "}]}
    requests = [{"custom_id": key, "params": prefilled if key == "b" else params} for key in "abcdef"]
    if layout == "lines":
        asked = lines(tmp_path / "in.jsonl", requests)
    else:
        asked = document(tmp_path / "in.json", {"requests": requests} if layout == "object" else requests)
    text = {"type": "text", "text": "no."}
    rows = [
        anthropic("a", "succeeded", **message({"type": "thinking", "thinking": "Hm."}, text)),
        anthropic("b", "succeeded", **message(text, stop="max_tokens")),
        anthropic("c", "succeeded", **message(stop="refusal")),
        anthropic("d", "errored", error={"type": "error", "error": {"type": "invalid_request", "message": "Bad."}}),
        anthropic("e", "expired"),
        anthropic("f", "succeeded", **message({"type": "tool_use", "id": "t", "name": "look", "input": {"a": 1}})),
    ]
    run = imported(asked, lines(tmp_path / "out.jsonl", rows))
    assert [turn.content for turn in next(run.prompts()).messages] == ["Be brief.", "Keys?"]
    assert [(one.text, one.status, one.error) for one in run.responses()] == [
        ("no.", "ok", None),
        ("Well, no.", "truncated", None),
        ("", "filtered", None),
        ("", "error", "Bad."),
        ("", "error", "the request was expired"),
        ('[calls the tool look: {"a": 1}]', "ok", None),
    ]
    first = next(run.responses())
    assert (first.reasoning, first.usage) == ("Hm.", {"input": 3, "output": 1})


def test_a_models_own_refusal_among_openais_responses_is_an_answer(tmp_path: Path) -> None:
    def output(*parts: dict[str, str]) -> dict[str, Any]:
        return {"object": "response", "status": "completed", "output": [{"role": "assistant", "content": list(parts)}]}

    asked = lines(tmp_path / "requests.jsonl", [request(key) for key in "ab"])
    refused = result("a", output({"type": "refusal", "refusal": "無理です。"}))
    results = lines(
        tmp_path / "results.jsonl", [refused, result("b", output({"type": "output_text", "text": "はい。"}))]
    )
    run = imported(asked, results)
    assert [(one.text, one.status, one.finish_reason) for one in run.responses()] == [
        ("無理です。", "ok", "refusal"),
        ("はい。", "ok", "completed"),
    ]


def test_requests_and_results_without_an_id_do_not_belong_together(tmp_path: Path) -> None:
    asked, answered = request("a"), result("a", chat("A"))
    nobody = [{name: cell for name, cell in row.items() if name != "custom_id"} for row in (asked, answered)]
    files = [
        lines(tmp_path / "requests.jsonl", [asked, nobody[0]]),
        lines(tmp_path / "results.jsonl", [answered, nobody[1]]),
    ]
    run = imported(*files, source="openai-batch")
    assert [one.text for one in run.responses()] == ["A"]
    assert [(row, "belong together" in problem) for row, problem in problems(run)] == [(2, True), (2, True)]
