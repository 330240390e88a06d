"""Conversations with and without their earlier turns: how the two public sets are read, and what is compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.engine.limits import Limits
from hantei.reproduce.safety_j.conversations import compare_turns, convabuse, rjudge
from tests import servers
from tests.servers import Answer, Seen, fault_server


def trace(identity: int, label: int, *steps: tuple[str, str]) -> dict[str, Any]:
    turns = [
        {"role": "agent", "thought": text, "action": "Send{'to': 'all'}"}
        if role == "agent"
        else {"role": role, "content": text or None}
        for role, text in steps
    ]
    return {"id": identity, "contents": [turns], "label": label}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    traces = [
        trace(1, 1, ("user", "do it"), ("agent", "HARM first"), ("environment", "done"), ("agent", "all well")),
        trace(2, 0, ("user", ""), ("agent", "fine"), ("environment", "left out, nobody answered it")),
    ]
    (tmp_path / "assebench").mkdir()
    (tmp_path / "assebench" / "rjudge.json").write_text(json.dumps(traces), encoding="utf-8")
    return tmp_path


def test_a_trace_ends_with_the_agents_last_step_and_tools_stand_as_such(folder: Path) -> None:
    first, second = rjudge(folder)
    assert [turn["role"] for turn in first["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert first["messages"][1]["tool_calls"] == [{"function": {"name": "Send", "arguments": "{'to': 'all'}"}}]
    assert first["unsafe"]
    assert [turn["content"] for turn in second["messages"]] == ["[nothing is recorded]", "fine"]


def test_the_users_last_message_is_judged_as_the_answer_and_divided_votes_are_left_out(tmp_path: Path) -> None:
    def row(votes: tuple[float, float], **text: str) -> dict[str, Any]:
        said = {"prev_agent": "hello", "prev_user": "hi", "agent": "how are you?", "user": "go away", **text}
        return {
            "text": json.dumps(said),
            "soft_label": {"0": votes[0], "1": votes[1]},
            "other_info": {"conversation_id(s)": "c"},
        }

    rows = {"1": row((0.2, 0.8)), "2": row((0.5, 0.5)), "3": row((1.0, 0.0), prev_user="", prev_agent="")}
    (tmp_path / "convabuse").mkdir()
    (tmp_path / "convabuse" / "ConvAbuse_dev.json").write_text(json.dumps(rows), encoding="utf-8")
    first, third = convabuse(tmp_path)
    assert [turn["content"] for turn in first["messages"]] == ["hello", "hi", "how are you?", "go away"]
    assert first["messages"][-1]["role"] == "assistant"
    assert (first["unsafe"], third["unsafe"]) == (True, False)
    assert [turn["content"] for turn in third["messages"]] == ["how are you?", "go away"]


def test_the_same_conversations_are_judged_in_three_ways(folder: Path, tmp_path: Path) -> None:
    def reply(seen: Seen) -> Answer:
        """Unsafe where HARM is shown at all."""
        return servers.ok(f"[Answer] {'unsafe' if 'HARM' in seen.prompt else 'safe'}\n[Analysis] x")

    with fault_server(reply) as server:
        judge = f"critique@openai/m?base_url={server.url}"
        found = compare_turns(judge, folder, tmp_path / "runs", Limits(), lambda _line: None)
    alone, each = found
    assert (alone.shown, alone.conversations, alone.several) == (("alone", "last"), 2, 1)
    assert (alone.accuracy.first.value, alone.accuracy.second.value) == (0.5, 1)  # the harm is an earlier step
    assert (each.shown, each.accuracy.second.value) == (("last", "each"), 1)


def test_the_real_sets_have_the_counts_of_the_docs(data: Path) -> None:
    traces, messages = list(rjudge(data)), list(convabuse(data))
    assert (len(traces), sum(one["unsafe"] for one in traces)) == (564, 298)
    assert (len(messages), sum(one["unsafe"] for one in messages)) == (3915, 571)
