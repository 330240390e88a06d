"""What providers and servers really send: refusals of their own, streams alone, no system role, addresses as copied."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hantei.models import CallError, Reply, Request, load_model
from hantei.models.sampling import without_system
from hantei.records import Message
from tests import servers
from tests.models.calls import ask_in_turn, failure_of, named, reply_to, request
from tests.servers import Answer, Seen, fault_server

TALK = Request(messages=(Message(role="system", content="Be brief."), Message(role="user", content="hello?")))
NOT_FOUND = servers.error(404, "Not Found")


@pytest.mark.parametrize(
    "answer",
    [
        servers.reply({"choices": [{"finish_reason": "content_filter", "message": {"role": "assistant"}}]}),
        servers.reply({"choices": [{"finish_reason": "content_filter"}]}),
        servers.reply({"choices": [{"finish_reason": "SAFETY", "message": {"role": "assistant"}}]}),
        servers.reply({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        servers.reply({"choices": [], "prompt_feedback": {"block_reason": "SAFETY"}}),
        servers.error(400, "Invalid prompt: your prompt was flagged", code="invalid_prompt"),
        servers.error(400, "Your request was rejected as a result of our safety system.", code="moderation_blocked"),
        servers.error(400, "no", code="content_policy_violation"),
        servers.error(400, "The response was filtered", innererror={"code": "responsibleAIPolicyViolation"}),
        servers.error(400, "The prompt was flagged as potentially violating our usage policy."),
        servers.error(400, "no", code="SensitiveContentDetected"),
        servers.error(400, "Output blocked by content filtering policy", type="invalid_request_error"),
        servers.error(403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_CSAM"),
        servers.reply({"choices": None, "error": {"message": "blocked", "code": "content_filter"}}),
        Answer(body=b'data: {"error": {"message": "blocked", "code": "content_filter"}}\n\ndata: [DONE]\n\n'),
    ],
)
def test_what_a_provider_keeps_back_is_filtered_at_the_first_call(answer: Answer) -> None:
    with fault_server([answer]) as server:
        (reply,) = ask_in_turn(load_model(named(server)), [request()])
        assert isinstance(reply, Reply), reply
        assert (reply.status, reply.text, len(server.calls)) == ("filtered", "", 1)


@pytest.mark.parametrize(
    "said", ["unknown model 'policy-net'", "Invalid parameter: stop", "content must be a string", "prompt is empty"]
)
def test_a_bad_request_is_no_filter(said: str) -> None:
    assert failure_of(servers.error(400, said)).failure == "bad-request"


def parts(*content: Any, **message: Any) -> Answer:
    return servers.ok(message={"content": list(content), **message})


@pytest.mark.parametrize(
    ("answer", "text", "reasoning", "finish"),
    [
        (parts({"type": "refusal", "refusal": "I will not."}), "I will not.", None, "refusal"),
        (servers.ok(None, message={"refusal": "No, sorry."}), "No, sorry.", None, "refusal"),
        (
            parts(
                {"type": "thinking", "thinking": [{"type": "text", "text": "plan"}]}, {"type": "text", "text": "No."}
            ),
            "No.",
            "plan",
            "stop",
        ),
        (parts({"type": "thinking", "thinking": "plan"}, {"type": "text", "text": "No."}), "No.", "plan", "stop"),
        (parts({"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "Yes"}), "Yes", "hm", "stop"),
        (parts({"type": "image_url", "image_url": {}}, {"type": "text", "text": "Yes"}), "Yes", None, "stop"),
    ],
)
def test_parts_of_a_content(answer: Answer, text: str, reasoning: str | None, finish: str) -> None:
    reply = reply_to([answer])
    assert (reply.text, reply.reasoning, reply.finish_reason, reply.status) == (text, reasoning, finish, "ok")


def test_a_tool_call_needs_no_content() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "tool_calls": [call]}
    reply = reply_to([servers.reply({"choices": [{"finish_reason": "tool_calls", "message": message}]})])
    assert (reply.text, reply.status, reply.finish_reason) == ("", "ok", "tool_calls")


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"model": "served", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def stream(*chunks: Any, end: str = "data: [DONE]\n\n") -> Answer:
    """A stream of chunks as servers send it, with a comment and an event's name."""
    lines = "".join(f"event: chunk\ndata: {json.dumps(one)}\n\n" for one in chunks)
    return Answer(body=f": keep-alive\n\n{lines}{end}".encode(), headers={"Content-Type": "text/event-stream"})


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
STREAMED = stream(
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "hm"}),
    chunk({"content": "He"}),
    chunk({"content": "llo"}),
    chunk({}, "stop"),
    USAGE,
)


@pytest.mark.parametrize(
    "said",
    [
        "This model only supports streaming: parameter stream must be true.",
        "This model only support stream mode, please enable the stream parameter to access the model.",
        "Non-streaming requests are not supported",
        "Stream must be set to true",
        "parameter.enable_thinking must be set to false for non-streaming calls",
    ],
)
def test_a_model_that_only_streams_is_asked_for_a_stream(said: str) -> None:
    def plan(seen: Seen) -> Answer:
        return STREAMED if seen.body.get("stream") else servers.error(400, said, param="stream")

    with fault_server(plan) as server:
        model = load_model(named(server))
        replies = ask_in_turn(model, [request()] * 2)
        assert len(server.calls) == 3
        assert server.calls[1].body["stream_options"] == {"include_usage": True}
    for reply in replies:
        assert isinstance(reply, Reply), reply
        assert (reply.text, reply.reasoning, reply.status, reply.finish_reason) == ("Hello", "hm", "ok", "stop")
        assert (reply.usage, reply.served_model) == ({"input": 7, "output": 3}, "served")
    assert model.refused == {"whole replies"}  # type: ignore[attr-defined]


def test_a_stream_where_the_name_asks_for_one() -> None:
    with fault_server([STREAMED]) as server:
        (reply,) = ask_in_turn(load_model(named(server, "&stream=true")), [request()])
        assert isinstance(reply, Reply)
        assert (reply.text, len(server.calls), server.calls[0].body["stream"]) == ("Hello", 1, True)


def test_a_server_that_knows_no_stream_options_is_asked_without() -> None:
    def plan(seen: Seen) -> Answer:
        extra = "stream_options" in seen.body
        return servers.error(400, "Unrecognized request argument: stream_options") if extra else STREAMED

    assert reply_to(plan, settings="&stream=true").text == "Hello"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (stream(chunk({"content": "He"}), end=""), "connection", "ended before"),
        (stream({"error": {"code": 502, "message": "provider down"}}), "server", "provider down"),
        (stream(5), "bad-reply", "each part of the stream"),
        (Answer(body=b"data: {\n\n"), "bad-reply", "each part of the stream"),
        (stream(chunk({"content": "x"}, "error")), "server", ""),
        (stream(USAGE), "bad-reply", "at least one choice"),
    ],
)
def test_a_stream_that_fails(answer: Answer, kind: str, text: str) -> None:
    error = failure_of(answer, "&stream=true")
    assert error.failure == kind, error
    assert text in error.text


def test_a_stream_that_is_filtered_or_refused() -> None:
    filtered = reply_to([stream(chunk({"content": "It"}), chunk({}, "content_filter"))])
    assert (filtered.status, filtered.text) == ("filtered", "It")
    refused = reply_to([stream(chunk({"refusal": "I "}), chunk({"refusal": "won't"}), chunk({}, "stop"))])
    assert (refused.text, refused.finish_reason) == ("I won't", "refusal")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "System role not supported"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
        (422, "messages[0].role: Input should be 'user' or 'assistant'"),
        (500, "Jinja Exception: System role not supported"),
        (400, "This model does not support system messages"),
    ],
)
def test_a_model_without_a_system_role_gets_its_text_before_the_question(status: int, said: str) -> None:
    def plan(seen: Seen) -> Answer:
        return servers.error(status, said) if seen.body["messages"][0]["role"] == "system" else servers.ok("Hi")

    with fault_server(plan) as server:
        model = load_model(named(server))
        replies = ask_in_turn(model, [TALK, TALK])
        assert [reply.text for reply in replies if isinstance(reply, Reply)] == ["Hi", "Hi"]
        assert [len(call.body["messages"]) for call in server.calls] == [2, 1, 1]
        assert server.calls[1].body["messages"] == [{"role": "user", "content": "Be brief.\n\nhello?"}]
    assert model.refused == {"system messages"}  # type: ignore[attr-defined]


def test_a_refusal_of_the_system_role_does_not_loop() -> None:
    with fault_server([servers.error(400, "System role not supported")]) as server:
        (error,) = ask_in_turn(load_model(named(server)), [TALK])
        assert isinstance(error, CallError)
        assert len(server.calls) == 2


def test_a_conversation_without_a_user_turn_is_left_alone() -> None:
    alone = (Message(role="system", content="s"), Message(role="assistant", content="a"))
    assert without_system(alone) == alone


def at(path: str) -> Callable[[Seen], Answer]:
    return lambda seen: servers.ok("here") if seen.path == path else NOT_FOUND


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions"),
        ("/v1/completions", "/v1/chat/completions"),
        ("/api/v3/responses", "/api/v3/chat/completions"),
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/chat/completions", "/chat/completions"),
        ("", "/chat/completions"),
    ],
)
def test_an_address_as_people_copy_it(base: str, path: str) -> None:
    with fault_server(at(path)) as server:
        model = load_model(f"openai/m?base_url={server.url.removesuffix('/v1')}{base}")
        first, second = ask_in_turn(model, [request()] * 2)
        assert isinstance(first, Reply), first
        assert isinstance(second, Reply)
        assert len(server.calls) <= 3  # what was not found is tried elsewhere once


def test_a_model_that_is_not_there_is_not_found_with_the_second_message() -> None:
    def plan(seen: Seen) -> Answer:
        return servers.error(404, "model 'm' not found" if seen.path.startswith("/v1") else "404 page not found")

    with fault_server(plan) as server:
        (error,) = ask_in_turn(load_model(f"openai/m?base_url={server.url.removesuffix('/v1')}"), [request()])
    assert isinstance(error, CallError)
    assert (error.failure, "model 'm' not found" in error.text) == ("not-found", True)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "the request exceeds the available context size. try increasing the context size"),
        (500, "Input is too long for requested model."),
        (400, "This model's maximum context length is 4096 tokens."),
        (503, "prompt is too long: 5000 tokens > 4096 maximum"),
    ],
)
def test_a_prompt_that_does_not_fit_is_not_asked_again(status: int, said: str) -> None:
    assert failure_of(servers.error(status, said)).failure == "bad-request"
