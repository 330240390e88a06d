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


MORE: list[tuple[str, Plan, Mapping[str, Any]]] = [
    ("reasoning alone, field reasoning", [servers.ok("", message={"reasoning": "hm"}, finish_reason="length")], CUT),
    ("reasoning alone, in the text", [servers.ok("<think>hm", finish_reason="length")], CUT),
    ("reasoning alone, ended", [servers.ok(None, message={"reasoning": "hm"})], {"status": "ok", "text": ""}),
    ("filter, Gemini", [servers.ok(None, finish_reason="SAFETY")], KEPT_BACK),
    ("filter, no choice", [servers.reply({"promptFeedback": {"blockReason": "OTHER"}})], KEPT_BACK),
    ("filter, Zhipu", [servers.ok("", finish_reason="sensitive")], KEPT_BACK),
    ("policy, OpenAI images", [servers.error(400, "no", code="moderation_blocked")], KEPT_BACK),
    ("policy, Azure", [servers.filtered_prompt()], KEPT_BACK),
    ("policy, DashScope", [servers.error(400, "Input may be inappropriate", code="data_inspection_failed")], KEPT_BACK),
    ("[THINK]", think("[THINK]plan[/THINK]No."), {"text": "No.", "reasoning": "plan"}),
    ("◁think▷", think("◁think▷plan◁/think▷No."), {"text": "No.", "reasoning": "plan"}),
    ("<seed:think>", think("<seed:think>plan</seed:think>No."), {"text": "No.", "reasoning": "plan"}),
    ("bare close", think("plan</think>\n\nNo."), {"text": "No.", "reasoning": "plan"}),
    ("refusal field", [servers.ok(None, message={"refusal": "No."})], {"text": "No.", "finish_reason": "refusal"}),
    (
        "refusal after text",
        [servers.ok(message={"content": [{"type": "text", "text": ""}, {"type": "refusal", "refusal": "No."}]})],
        {"text": "No.", "finish_reason": "refusal"},
    ),
    ("cut, Anthropic", [servers.ok("half", finish_reason="model_context_window_exceeded")], CUT),
    ("cut, enumeration", [servers.ok("half", finish_reason="FinishReason.MAX_TOKENS")], CUT),
    ("cut, Mistral", [servers.ok("half", finish_reason="model_length")], CUT),
    ("function call", [servers.ok(None, finish_reason="function_call", message={"function_call": {}})], {"text": ""}),
]


@pytest.mark.parametrize(("plan", "expected"), [case[1:] for case in MORE], ids=[case[0] for case in MORE])
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
