"""What servers send to a model's calls: the recorded cases, asked for as a run does, and more of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import hantei
from hantei.cli.app import app
from tests import servers
from tests.cases.recorded import INPUTS, QUICK, answer_of, asked, needs_cases, what_is_sent
from tests.servers import Answer, Plan, Seen, fault_server

FIVE = INPUTS / "p5.jsonl"
CUT = {"status": "truncated"}
KEPT_BACK = {"status": "filtered", "text": ""}


def once(name: str) -> Callable[[], Plan]:
    """A server that always sends what a case's file holds."""
    return lambda: [answer_of(what_is_sent(name))]


def streaming_only(seen: Seen) -> Answer:
    if not seen.body.get("stream"):
        return answer_of(what_is_sent("85_error_stream_only.json"))
    chunks = [{"delta": {"content": part}, "finish_reason": None} for part in ("Call a ", "locksmith.")]
    lines = "".join(f"data: {json.dumps({'choices': [chunk]})}\n\n" for chunk in chunks)
    return Answer(body=f"{lines}data: [DONE]\n\n".encode(), headers={"Content-Type": "text/event-stream"})


def cut_by(seen: Seen) -> Answer:
    reasons = what_is_sent("91_finish_max_tokens.json")["finish_reason"]
    return servers.ok("The first half", finish_reason=reasons[seen.number % len(reasons)])


EXPECTED: dict[int, tuple[Callable[[], Plan], Mapping[str, Any]]] = {
    58: (once("80_reply_reasoning_null.json"), {**CUT, "text": "", "reasoning": "thought thought thought "}),
    60: (once("82_reply_filter_no_content.json"), KEPT_BACK),
    61: (once("83_error_invalid_prompt.json"), KEPT_BACK),
    63: (lambda: streaming_only, {"status": "ok", "text": "Call a locksmith."}),
    65: (
        once("87_reply_thinking_tag.json"),
        {"text": "I cannot help with that.", "reasoning": "secret harmful plan step"},
    ),
    67: (once("89_reply_refusal_part.json"), {"status": "ok", "text": "I will not do that."}),
    68: (once("90_reply_thinking_part.json"), {"status": "ok", "text": "No.", "reasoning": "plan"}),
    69: (lambda: cut_by, CUT),
    71: (once("93_reply_tool_no_content.json"), {"status": "ok", "finish_reason": "tool_calls"}),
}
"""A case's server, and what stands in the record of each of the five answers."""

EXTRA_CALLS = {63: 2}
"""Calls more than one an answer, at most: what a server refuses is asked for once more, by those in flight then."""


@needs_cases
@pytest.mark.parametrize("number", EXPECTED)
def test_recorded_case(number: int, tmp_path: Path) -> None:
    plan, expected = EXPECTED[number]
    with fault_server(plan()) as server:
        found = asked(server, FIVE, tmp_path / "run")
        assert len(server.calls) <= len(found) + EXTRA_CALLS.get(number, 0) * len(found)
    assert len(found) == len(FIVE.read_text().splitlines())
    for response in found:
        assert {name: getattr(response, name) for name in expected} == expected


@needs_cases
@pytest.mark.parametrize("ending", ["/v1/chat/completions", "", "/v1"])
def test_recorded_case_77_addresses(tmp_path: Path, ending: str) -> None:
    def plan(seen: Seen) -> Answer:
        return servers.ok("yes") if seen.path == "/v1/chat/completions" else servers.error(404, "Not Found")

    with fault_server(plan) as server:
        name = f"openai/ok?base_url={server.url.removesuffix('/v1')}{ending}"
        run = hantei.run(name, str(FIVE), [], tmp_path / "run", hantei.Options(limits=QUICK))
    assert {response.text for response in run.responses()} == {"yes"}


def think(text: str) -> Plan:
    return [servers.ok(text)]


SAID_NO = {"status": "ok", "text": "No."}
APART = {**SAID_NO, "reasoning": "plan"}
REFUSED = {**SAID_NO, "finish_reason": "refusal"}
CALLED = {"status": "ok", "finish_reason": "tool_calls"}
CALL = {"type": "function", "id": "1", "function": {"name": "find", "arguments": "{}"}}


def parts(*content: dict[str, Any], **more: Any) -> Plan:
    return [servers.ok(message={"content": list(content)}, **more)]


MORE: dict[int, list[tuple[Plan, Mapping[str, Any]]]] = {
    58: [
        ([servers.ok("", message={"reasoning": "hm"}, finish_reason="length")], {**CUT, "text": "", "reasoning": "hm"}),
        ([servers.ok("<think>hm", finish_reason="length")], {**CUT, "text": "", "reasoning": "hm"}),
        ([servers.ok(None, message={"reasoning": "hm"})], {"status": "ok", "text": "", "reasoning": "hm"}),
        ([servers.ok("<mm:think>hm", finish_reason="length")], {**CUT, "text": "", "reasoning": "hm"}),
    ],
    60: [
        ([servers.ok(None, finish_reason="SAFETY")], KEPT_BACK),  # Gemini
        ([servers.reply({"promptFeedback": {"blockReason": "OTHER"}})], KEPT_BACK),
        ([servers.ok("", finish_reason="sensitive")], KEPT_BACK),  # Zhipu
    ],
    61: [
        ([servers.error(400, "no", code="moderation_blocked")], KEPT_BACK),
        ([servers.filtered_prompt()], KEPT_BACK),  # Azure
        ([servers.error(400, "Input may be inappropriate", code="data_inspection_failed")], KEPT_BACK),  # DashScope
    ],
    65: [
        (think("[THINK]plan[/THINK]No."), APART),
        (think("◁think▷plan◁/think▷No."), APART),
        (think("<seed:think>plan</seed:think>No."), APART),
        (think("plan</think>\n\nNo."), APART),
        (think("<longcat_think>plan</longcat_think>No."), APART),
        (think("<unused94>thought\nplan<unused95>No."), APART),
        (think("<|channel>thought\nplan<channel|>No."), APART),
        (think("<|think|>plan<|end|><|begin|>assistant<|content|>No.<|end|>"), APART),
        (think("<analysis>plan</analysis>No."), APART),
    ],
    67: [
        ([servers.ok(None, message={"refusal": "No."})], REFUSED),
        (parts({"type": "text", "text": ""}, {"type": "refusal", "refusal": "No."}), REFUSED),
        ([servers.ok("", message={"refusal": "No."}, finish_reason="stop")], REFUSED),
    ],
    68: [
        (parts({"type": "reasoning", "text": "plan"}, {"type": "text", "text": "No."}), APART),
        (
            parts(
                {"type": "thinking", "thinking": [{"type": "text", "text": "plan"}]}, {"type": "text", "text": "No."}
            ),
            APART,
        ),
        (parts({"type": "text", "text": "<think>plan</think>"}, {"type": "text", "text": "No."}), APART),
    ],
    69: [
        ([servers.ok("half", finish_reason="model_context_window_exceeded")], {**CUT, "text": "half"}),  # Anthropic
        ([servers.ok("half", finish_reason="FinishReason.MAX_TOKENS")], {**CUT, "text": "half"}),
        ([servers.ok("half", finish_reason="max_output_tokens")], {**CUT, "text": "half"}),
    ],
    71: [
        (
            [servers.ok(None, finish_reason="function_call", message={"function_call": {}})],
            {"status": "ok", "text": ""},
        ),
        ([servers.ok(None, finish_reason="tool_calls", message={"tool_calls": [CALL]})], CALLED),
        ([servers.ok("", finish_reason="tool_calls", message={"tool_calls": [CALL, CALL]})], CALLED),
    ],
}
"""More of each kind by the case's number: what a server sends, and what stands in the record."""

MANY = [(number, *one) for number, all_of_it in MORE.items() for one in all_of_it]


def test_each_case_of_a_server_has_three_more() -> None:
    elsewhere = {63, 77}
    assert MORE.keys() | elsewhere == EXPECTED.keys() | {77}
    assert all(len(more) >= 3 for more in MORE.values())


@pytest.mark.parametrize(("plan", "expected"), [one[1:] for one in MANY], ids=[str(one[0]) for one in MANY])
def test_more_of_each_kind(plan: Plan, expected: Mapping[str, Any], tmp_path: Path) -> None:
    (tmp_path / "two.jsonl").write_text('{"prompt": "How?"}\n{"prompt": "Why?"}\n')
    with fault_server(plan) as server:
        found = asked(server, tmp_path / "two.jsonl", tmp_path / "run")
        assert len(server.calls) == len(found) == 2
    for response in found:
        assert {name: getattr(response, name) for name in expected} == expected


@pytest.mark.parametrize(
    "answer",
    [
        servers.ok(None, message={"reasoning_content": "thought "}, finish_reason="length"),
        servers.ok("<think>thought", finish_reason="length"),
        servers.ok("", finish_reason="max_tokens"),
    ],
)
def test_case_58_the_terminal_says_that_answers_were_cut_off(answer: Answer, tmp_path: Path) -> None:
    (tmp_path / "two.jsonl").write_text('{"prompt": "How?"}\n{"prompt": "Why?"}\n')
    with fault_server([answer]) as server:
        command = ["run", "--model", f"openai/m?base_url={server.url}", "--benchmark", str(tmp_path / "two.jsonl")]
        result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert "2 answers have no verdict of builtin: 2 answer cut off" in result.output
    assert "error" not in result.output.replace("errors", "")


def says_stream(message: str, key: str = "error") -> Callable[[Seen], Answer]:
    """A server that only streams, and says so in these words."""

    def plan(seen: Seen) -> Answer:
        if not seen.body.get("stream"):
            return servers.reply({key: {"message": message}}, 400)
        return streaming_only(seen)

    return plan


@pytest.mark.parametrize(
    "message",
    [
        "This model only support stream mode, please enable the stream parameter to access the model.",  # Qwen
        "Non-streaming is not supported: set stream=true",
        "parameter.enable_thinking only support stream call",
    ],
)
def test_63_more_servers_that_only_stream(message: str, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"prompt": "How?"}\n')
    with fault_server(says_stream(message)) as server:
        (found,) = asked(server, tmp_path / "one.jsonl", tmp_path / "run")
        assert len(server.calls) == 2
    assert (found.text, found.status) == ("Call a locksmith.", "ok")


@pytest.mark.parametrize("ending", ["/v1/", "/v1/chat/completions/", "/", "/v1/completions"])
def test_77_more_addresses(ending: str, tmp_path: Path) -> None:
    def plan(seen: Seen) -> Answer:
        return servers.ok("yes") if seen.path == "/v1/chat/completions" else servers.error(404, "Not Found")

    (tmp_path / "one.jsonl").write_text('{"prompt": "How?"}\n')
    with fault_server(plan) as server:
        name = f"openai/ok?base_url={server.url.removesuffix('/v1')}{ending}"
        run = hantei.run(name, str(tmp_path / "one.jsonl"), [], tmp_path / "run", hantei.Options(limits=QUICK))
    assert [response.text for response in run.responses()] == ["yes"]
