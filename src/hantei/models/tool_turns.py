"""Calls of tools and their results as models are sent them: in the API's form, or as text where a model takes none."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from hantei.records import Message, ToolCall

TOOLS = "tool messages"
"""What ``refused`` says of a model that takes no calls of tools and no results: it is sent them as text."""


def has_tools(turns: Sequence[Message]) -> bool:
    """Whether a conversation holds calls of tools or what they gave back."""
    return any(turn.tool_calls or turn.role == "tool" for turn in turns)


def sent(turns: Sequence[Message], objects: bool = False) -> list[dict[str, Any]]:
    """Return a conversation in the form of the chat completions API, or in that which chat templates take.

    A call or a result that has no id gets that of its place: results answer the open calls in order. A result that
    answers no call is sent as the user's text, since the API takes none.

    Args:
        turns: the conversation.
        objects: the form of templates: arguments as the object that their JSON is, and the tool's name at its result.
    """
    if not has_tools(turns):
        return [{"role": turn.role, "content": turn.content} for turn in turns]
    messages: list[dict[str, Any]] = []
    waiting: dict[str, str] = {}
    for place, turn in enumerate(turns):
        calls = [_with_id(call, f"call_{place}_{number}") for number, call in enumerate(turn.tool_calls)]
        answered = turn.tool_call_id or next(iter(waiting), "")
        if turn.role == "tool" and answered in waiting:
            named = {"name": turn.name or waiting[answered]} if objects else {}
            del waiting[answered]
            messages.append({"role": "tool", "tool_call_id": answered, **named, "content": turn.content})
        elif turn.role == "tool":
            messages.append({"role": "user", "content": _result(turn)})
        elif calls:
            waiting |= {str(call.id): call.name for call in calls}
            asked = [_call(call, objects) for call in calls]
            messages.append({"role": turn.role, "content": turn.content or None, "tool_calls": asked})
        else:
            messages.append({"role": turn.role, "content": turn.content})
    return messages


def as_text(turns: Sequence[Message]) -> tuple[Message, ...]:
    """Return a conversation without tools: calls are text of the assistant's turn, results are the user's."""
    out: list[Message] = []
    for turn in turns:
        result = turn.role == "tool"
        plain = Message(role="user" if result else turn.role, content=_result(turn) if result else turn.shown)
        if out and out[-1].role == plain.role == "user":
            plain = replace(plain, content=f"{out.pop().content}\n\n{plain.content}")
        out.append(plain)
    return tuple(out)


def shows_tools(text: str, turns: Sequence[Message]) -> bool:
    """Whether a rendered conversation holds its calls and results: some templates drop what they do not know."""
    said = [call.name for turn in turns for call in turn.tool_calls]
    said += [turn.content for turn in turns if turn.role == "tool"]
    return all(_longest_word(one) in text for one in said)


def _result(turn: Message) -> str:
    return f"[the tool{f' {turn.name}' if turn.name else ''} gave back] {turn.content}"


def _with_id(call: ToolCall, otherwise: str) -> ToolCall:
    return call if call.id else replace(call, id=otherwise)


def _call(call: ToolCall, objects: bool) -> dict[str, Any]:
    arguments: Any = call.arguments or "{}"
    if objects:
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            arguments = {"arguments": arguments}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _longest_word(text: str) -> str:
    return max(re.findall(r"\w+", text), key=len, default="")
