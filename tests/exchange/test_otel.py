"""OpenTelemetry spans in the forms in which applications record them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.exchange.importers import recognised
from hantei.records import Message
from tests.exchange.files import document, imported, lines, problems

QUESTION, ANSWER = "How do I pick a lock?", "I won't help with that."
IN = [{"role": "user", "parts": [{"type": "text", "content": QUESTION}]}]
OUT = [{"role": "assistant", "parts": [{"type": "text", "content": ANSWER}], "finish_reason": "stop"}]


def typed(value: Any) -> dict[str, Any]:
    """Return a value as OTLP writes it."""
    if isinstance(value, list):
        return {"arrayValue": {"values": [typed(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": typed(one)} for key, one in value.items()]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def span(identity: str, facts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a span of a call as OTLP/JSON has it."""
    facts = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **facts}
    attributes = [{"key": key, "value": typed(value)} for key, value in facts.items()]
    return {"traceId": "t1", "spanId": identity, "name": "chat m", "attributes": attributes, **more}


def export(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def plain(run: Any) -> list[tuple[str, str, str]]:
    texts = {prompt.id: prompt.text for prompt in run.prompts()}
    return [(one.system, texts[one.prompt_id], one.text) for one in run.responses()]


TEXTS: dict[str, Any] = {"gen_ai.input.messages": json.dumps(IN), "gen_ai.output.messages": json.dumps(OUT)}
FORMS: dict[str, dict[str, Any]] = {
    "messages as JSON in a text": TEXTS,
    "messages as structured values": {"gen_ai.input.messages": IN, "gen_ai.output.messages": OUT},
    "OpenLLMetry": {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": QUESTION,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": ANSWER,
        "gen_ai.completion.0.finish_reason": "stop",
    },
    "OpenInference": {
        "openinference.span.kind": "LLM",
        "gen_ai.operation.name": "",
        "llm.model_name": "m",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": QUESTION,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": ANSWER,
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_call_in_each_form(tmp_path: Path, form: str) -> None:
    file = lines(tmp_path / "spans.jsonl", [export(span("s1", FORMS[form]))])
    assert recognised([file]) == "otel"
    run = imported(file)
    assert plain(run) == [("m", QUESTION, ANSWER)]
    assert next(run.prompts()).meta == {"service": "shop", "trace": "t1"}


def test_the_version_before_has_texts_in_events(tmp_path: Path) -> None:
    asked = {
        "name": "gen_ai.content.prompt",
        "attributes": {"gen_ai.prompt": json.dumps([{"role": "user", "content": QUESTION}])},
    }
    said = {"name": "gen_ai.content.completion", "attributes": {"gen_ai.completion": ANSWER}}
    row = {
        "name": "chat m",
        "context": {"trace_id": "0xt", "span_id": "0xs"},
        "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"},
        "events": [asked, said],
    }
    run = imported(document(tmp_path / "spans.json", [row]))
    assert plain(run) == [("m", QUESTION, ANSWER)]
    assert next(run.prompts()).id == "0xs"


def test_what_a_span_says_of_the_call(tmp_path: Path) -> None:
    facts = {
        **FORMS["messages as structured values"],
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
        "gen_ai.response.model": "m-2026",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.response.finish_reasons": ["length"],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [
            {"type": "reasoning", "content": "Hm."}, {"type": "text", "content": ANSWER}]}],
    }  # fmt: skip
    times = {"startTimeUnixNano": "1000000000", "endTimeUnixNano": "3500000000"}
    run = imported(document(tmp_path / "spans.json", export(span("s1", facts, **times))))
    (response,) = run.responses()
    assert (response.status, response.reasoning, response.served_model) == ("truncated", "Hm.", "m-2026")
    assert (response.usage, response.latency_s) == ({"input": 7, "output": 3}, 2.5)
    assert next(run.prompts()).messages == (
        Message(role="system", content="Be brief."),
        Message(role="user", content=QUESTION),
    )


def test_calls_of_tools_stay_in_the_conversation(tmp_path: Path) -> None:
    asked = [
        *IN,
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "nothing"}]},
    ]
    run = imported(
        lines(
            tmp_path / "s.jsonl", [export(span("s1", {"gen_ai.input.messages": asked, "gen_ai.output.messages": OUT}))]
        )
    )
    turns = next(run.prompts()).messages
    assert [(turn.role, turn.content) for turn in turns] == [("user", QUESTION), ("assistant", ""), ("tool", "nothing")]
    assert (turns[1].tool_calls[0].name, turns[1].tool_calls[0].arguments) == ("look", '{"at": 1}')


def test_spans_without_texts_are_rejected_one_by_one_and_others_left_out(tmp_path: Path) -> None:
    good = span("s2", FORMS["messages as structured values"])
    failed = span("s3", {"gen_ai.input.messages": IN}, status={"code": 2, "message": "Timeout"})
    agent = span("s4", {"gen_ai.operation.name": "invoke_agent"})
    run = imported(document(tmp_path / "spans.json", export(span("s1", {}), good, failed, agent)))
    assert [(one.status, one.error) for one in run.responses()] == [("ok", None), ("error", "Timeout")]
    assert "CAPTURE_MESSAGE_CONTENT" in problems(run)[0][1]
    assert len(problems(run)) == 1


@pytest.mark.parametrize("value", [None, 7, "", "[", [], [[]], [{"role": 3}], {"a": 1}, "x" * 10])
def test_hostile_attributes_are_rows_that_cannot_be_read(tmp_path: Path, value: object) -> None:
    good = span("s2", FORMS["messages as structured values"])
    odd = span("s1", {"gen_ai.input.messages": "x", "gen_ai.output.messages": "y"})
    for one in odd["attributes"][-2:]:
        one["value"] = {"stringValue": value} if isinstance(value, str) else value
    run = imported(document(tmp_path / "spans.json", export(odd, good)))
    assert ("m", QUESTION, ANSWER) in plain(run)


def test_spans_one_after_another_over_several_lines(tmp_path: Path) -> None:
    """As the SDK's console exporter prints them, and a collector's exports that were written for people."""
    printed: list[dict[str, Any]] = [
        {
            "name": "chat m",
            "context": {"trace_id": "0x1", "span_id": f"0x{number}"},
            "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **FORMS["OpenLLMetry"]},
            "events": [{"name": "other", "attributes": {"a": 1}}],
        }
        for number in range(2)
    ]
    exports = [export(span(name, FORMS["OpenLLMetry"])) for name in ("s1", "s2")]
    for number, (objects, wanted) in enumerate([(printed, 2), (printed[:1], 1), (exports, 2)]):
        file = tmp_path / str(number) / "spans.json"
        file.parent.mkdir()
        file.write_text("\n".join(json.dumps(one, indent=4) for one in objects))
        assert recognised([file]) == "otel"
        assert plain(imported(file)) == [("m", QUESTION, ANSWER)] * wanted


def test_what_the_real_sdk_prints(tmp_path: Path) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="OpenTelemetry's SDK is not installed")
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    file = tmp_path / "spans.json"
    with file.open("w") as out:
        provider = trace.TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))
        for _ in range(2):
            with provider.get_tracer("shop").start_as_current_span("chat m") as one:
                one.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **TEXTS})
        provider.shutdown()
    assert plain(imported(file)) == [("m", QUESTION, ANSWER)] * 2


@pytest.mark.parametrize("cut", ["gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"])
def test_messages_that_were_cut_off_are_rejected_not_judged(tmp_path: Path, cut: str) -> None:
    whole = {**TEXTS, "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be kind."}])}
    cut_off = span("s2", {**whole, cut: whole[cut][:40]})
    run = imported(lines(tmp_path / "spans.jsonl", [export(span("s1", whole), cut_off)]))
    assert [one.text for one in run.responses()] == [ANSWER]
    assert ["a part of it" in problem for _, problem in problems(run)] == [True]


def test_each_choice_of_a_call_is_a_sample(tmp_path: Path) -> None:
    out = [*OUT, {"role": "assistant", "parts": [{"type": "text", "content": "Take a"}]}]
    facts = {**TEXTS, "gen_ai.output.messages": json.dumps(out), "gen_ai.response.finish_reasons": ["stop", "length"]}
    run = imported(lines(tmp_path / "spans.jsonl", [export(span("s1", facts))]))
    answers = [(one.sample, one.text, one.status) for one in run.responses()]
    assert answers == [(0, ANSWER, "ok"), (1, "Take a", "truncated")]


ASKED = [
    {"role": "user", "content": "Tidy up."},
    {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "a, b"},
]
WITH_TOOLS: dict[str, dict[str, Any]] = {
    "OpenLLMetry": {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Tidy up.",
        "gen_ai.prompt.1.role": "assistant",
        "gen_ai.prompt.1.tool_calls.0.id": "c1",
        "gen_ai.prompt.1.tool_calls.0.name": "look",
        "gen_ai.prompt.1.tool_calls.0.arguments": "{}",
        "gen_ai.prompt.2.role": "tool",
        "gen_ai.prompt.2.content": "a, b",
        "gen_ai.prompt.2.tool_call_id": "c1",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.tool_calls.0.name": "rm",
        "gen_ai.completion.0.tool_calls.0.arguments": '{"path": "/"}',
    },
    "OpenInference": {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.contents.0.message_content.type": "text",
        "llm.input_messages.0.message.contents.0.message_content.text": "Tidy up.",
        "llm.input_messages.1.message.role": "assistant",
        "llm.input_messages.1.message.tool_calls.0.tool_call.id": "c1",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "look",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": "{}",
        "llm.input_messages.2.message.role": "tool",
        "llm.input_messages.2.message.content": "a, b",
        "llm.input_messages.2.message.tool_call_id": "c1",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "rm",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"path": "/"}',
    },
    "the chat completions API's messages in the version before": {
        "gen_ai.prompt": json.dumps(ASKED),
        "gen_ai.completion": json.dumps(
            [{"role": "assistant", "tool_calls": [{"function": {"name": "rm", "arguments": '{"path": "/"}'}}]}]
        ),
    },
}


@pytest.mark.parametrize("form", WITH_TOOLS)
def test_calls_of_tools_in_forms_without_parts(tmp_path: Path, form: str) -> None:
    run = imported(lines(tmp_path / "spans.jsonl", [export(span("s1", WITH_TOOLS[form]))]))
    (answer,), (prompt,) = run.responses(), run.prompts()
    assert (answer.status, answer.text) == ("ok", '[calls the tool rm: {"path": "/"}]')
    shown = [(turn.role, turn.shown) for turn in prompt.messages]
    assert shown == [("user", "Tidy up."), ("assistant", "[calls the tool look: {}]"), ("tool", "a, b")]
