"""Calls of tools and what they gave back, as models are sent them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.models import Request, load_model
from hantei.models.tool_turns import TOOLS, as_text, sent, shows_tools
from hantei.records import Message, ToolCall
from tests import servers
from tests.cases.recorded import QUICK, asked
from tests.models.calls import ask_in_turn, named
from tests.servers import Answer, Seen, fault_server

U = Message(role="user", content="find the guide")


def calls(*given: ToolCall, content: str = "") -> Message:
    return Message(role="assistant", content=content, tool_calls=given)


def result(content: str, call: str | None = None, name: str | None = None) -> Message:
    return Message(role="tool", content=content, tool_call_id=call, name=name)


FIND = ToolCall(name="find", arguments='{"q": "guide"}', id="c1")
READ = ToolCall(name="read", arguments="")
TALK = (U, calls(FIND), result("three found", "c1"), Message(role="assistant", content="here"), U)


def shape(turns: tuple[Message, ...]) -> list[tuple[Any, ...]]:
    messages = sent(turns)
    ids = [[call["id"] for call in m.get("tool_calls", ())] for m in messages]
    return [(m["role"], m.get("tool_call_id"), own, m["content"]) for m, own in zip(messages, ids, strict=True)]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (
            TALK,
            [
                ("user", None, [], "find the guide"),
                ("assistant", None, ["c1"], None),
                ("tool", "c1", [], "three found"),
                ("assistant", None, [], "here"),
                ("user", None, [], "find the guide"),
            ],
        ),
        (
            (U, calls(READ, READ, content="wait"), result("one"), result("two"), U),
            [
                ("user", None, [], "find the guide"),
                ("assistant", None, ["call_1_0", "call_1_1"], "wait"),
                ("tool", "call_1_0", [], "one"),
                ("tool", "call_1_1", [], "two"),
                ("user", None, [], "find the guide"),
            ],
        ),
        (
            (U, result("from nowhere", name="find"), result("either", "c9")),
            [
                ("user", None, [], "find the guide"),
                ("user", None, [], "[the tool find gave back] from nowhere"),
                ("user", None, [], "[the tool gave back] either"),
            ],
        ),
    ],
)
def test_the_form_of_the_api(turns: tuple[Message, ...], expected: list[tuple[Any, ...]]) -> None:
    assert shape(turns) == expected


def test_calls_and_results_whole() -> None:
    _, call, back, *_ = sent((U, calls(FIND, READ), result("three", "c1"), result("text")))
    assert call["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": "guide"}'}},
        {"id": "call_1_1", "type": "function", "function": {"name": "read", "arguments": "{}"}},
    ]
    assert back == {"role": "tool", "tool_call_id": "c1", "content": "three"}
    named_back = sent((U, calls(FIND), result("three", "c1")), objects=True)[2]
    assert named_back == {"role": "tool", "tool_call_id": "c1", "name": "find", "content": "three"}
    (odd,) = sent((calls(ToolCall(name="f", arguments="not json")),), objects=True)
    assert odd["tool_calls"][0]["function"]["arguments"] == {"arguments": "not json"}
    (good,) = sent((calls(FIND),), objects=True)
    assert good["tool_calls"][0]["function"]["arguments"] == {"q": "guide"}


def test_as_text_two_speakers_take_turns() -> None:
    turns = as_text((U, calls(FIND, content="wait"), result("three", "c1", "find"), result("more"), U))
    assert [(turn.role, turn.content) for turn in turns] == [
        ("user", "find the guide"),
        ("assistant", 'wait\n[calls the tool find: {"q": "guide"}]'),
        ("user", "[the tool find gave back] three\n\n[the tool gave back] more\n\nfind the guide"),
    ]
    assert shows_tools("... find ... three ...", TALK)
    assert not shows_tools("... find ...", TALK)


def test_a_server_is_sent_them_as_they_are() -> None:
    with fault_server() as server:
        ask_in_turn(load_model(named(server)), [Request(messages=TALK)])
        (seen,) = server.calls
    assert seen.body["messages"] == sent(TALK)


@pytest.mark.parametrize(
    "said",
    [
        "Unexpected role 'tool'",
        "This model does not support tool messages.",
        "messages.1.tool_calls: extra inputs are not permitted",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Only user and assistant roles are supported!",
    ],
)
def test_a_server_that_takes_none_is_sent_text(said: str, tmp_path: Path) -> None:
    def plan(seen: Seen) -> Answer:
        tools = any(m["role"] == "tool" or "tool_calls" in m for m in seen.body["messages"])
        return servers.error(400, said) if tools else servers.ok("yes")

    with fault_server(plan) as server:
        model = load_model(named(server))
        replies = ask_in_turn(model, [Request(messages=TALK)] * 2)
        assert len(server.calls) == 3
    assert [getattr(reply, "text", reply) for reply in replies] == ["yes", "yes"]
    assert model.refused == {TOOLS}  # type: ignore[attr-defined]


def test_a_run_sends_what_a_benchmark_holds(tmp_path: Path) -> None:
    row = (
        '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "tool_calls": '
        '[{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, '
        '{"role": "tool", "tool_call_id": "a", "content": "3"}, {"role": "user", "content": "and?"}]}\n'
    )
    (tmp_path / "p.jsonl").write_text(row)
    with fault_server() as server:
        asked(server, tmp_path / "p.jsonl", tmp_path / "run")
        (seen,) = server.calls
    assert [message["role"] for message in seen.body["messages"]] == ["user", "assistant", "tool", "user"]
    assert seen.body["messages"][2] == {"role": "tool", "tool_call_id": "a", "content": "3"}


def test_a_finish_reason_that_is_not_known_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "q"}\n' * 5)
    lines: list[str] = []
    with fault_server([servers.ok("yes", finish_reason="solar_flare\x1b[2J")]) as server:
        options = hantei.Options(limits=QUICK)
        run = hantei.run(named(server), str(tmp_path / "p.jsonl"), [], tmp_path / "run", options, lines.append)
    assert {response.status for response in run.responses()} == {"ok"}
    told = [line for line in lines if "solar_flare" in line]
    assert told == ["finish reason 'solar_flare [2J' is not known; its answers count as whole"]
