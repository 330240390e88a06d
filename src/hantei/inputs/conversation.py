"""Conversations as programs store them, turned into messages: one place for every layout of roles, parts and tools.

OpenAI's messages and response items, Anthropic's blocks, Gemini's parts, ShareGPT's ``from`` and ``value``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hantei.inputs.values import kind_of, parsed_list
from hantei.reasoning import joined, split_reasoning
from hantei.records import Message, Role, ToolCall

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "ai", "gpt", "bot", "model", "chatbot", "chatgpt"), "assistant"),
    **dict.fromkeys(("tool", "function", "ipython", "observation", "environment", "tool_response"), "tool"),
}
_CALLS = ("function_call", "tool_call")
"""Roles of ShareGPT's turns that hold a call of a tool as JSON."""
_RESULTS = ("functionresponse", "function_response", "codeexecutionresult", "code_execution_result")
_REASONING = ("reasoning", "thinking", "analysis")
_TEXT_TYPES = ("text", "input_text", "output_text", "answer")
"""``answer`` is Arena-Hard's, with the thinking beside it."""
_MEDIA = ("image", "audio", "video", "file", "document", "inlinedata", "filedata", "inline_data", "file_data")


class UnknownPartError(ValueError):
    """A message whose role, type or shape is not known; the text says which and what to do."""


class Conversation(NamedTuple):
    """Messages in order, what was thought before the last of them (None where nothing was), and whether to the end."""

    messages: tuple[Message, ...]
    reasoning: str | None
    closed: bool = True


@dataclass(slots=True)
class _Parts:
    """What one stored message holds, by kind."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    results: list[Message] = field(default_factory=list)


def read_conversation(items: list[Any]) -> Conversation:
    """Return stored messages as ours.

    Raises:
        UnknownPartError: a message has a role or a part of a type that is not known; the text names it.
    """
    messages: list[Message] = []
    thought: str | None = None
    for number, item in enumerate(items, 1):
        try:
            found, thinking = _message(item)
        except UnknownPartError as error:
            raise UnknownPartError(f"message {number}: {error}") from None
        messages += found
        thought = joined(thought, thinking) if not found or found[-1].role == "assistant" else None
    closed = not messages or messages[-1].role != "assistant" or _closed(items[-1])
    return Conversation(tuple(messages), thought, closed)


def _closed(item: Any) -> bool:
    """Whether the reasoning that stands in a message's own text came to its end."""
    parts = _Parts()
    _read(_content(item), parts)
    return split_reasoning("".join(parts.texts)).closed


def content_text(content: Any) -> tuple[str, str | None]:
    """Return the text and the reasoning of an answer's content: text, or a list of parts.

    Raises:
        UnknownPartError: a part is of a type that is not known.
    """
    parts = _Parts()
    _read(content, parts)
    split = split_reasoning("".join(parts.texts))
    turn = Message(role="assistant", content=split.text, tool_calls=tuple(parts.calls))
    return turn.shown, joined(*parts.thoughts, split.reasoning)


def _message(item: Any) -> tuple[list[Message], str | None]:
    if not isinstance(item, Mapping):
        raise UnknownPartError(f"expected an object with role and content, found {kind_of(item)}")
    kind = str(item.get("type") or "").lower()
    if kind in ("function_call", "function_call_output"):
        return [_response_item(item, kind)], None
    inner = item.get("data")
    if kind in _ROLES and isinstance(inner, Mapping):  # LangChain's messages, as it serialises them
        item = {**inner, "type": kind}
    stated = _role_name(item) or (kind if kind in (*_REASONING, *_ROLES) else "")
    if stated.lower() in _CALLS:
        return [Message(role="assistant", content="", tool_calls=(_stored_call(_content(item)),))], None
    parts = _Parts()
    _read(_content(item), parts)
    if isinstance(item.get("refusal"), str) and not any(parts.texts):
        parts.texts.append(item["refusal"])
    if stated.lower() in _REASONING:
        return [], joined(*parts.thoughts, "".join(parts.texts))
    role = _ROLES.get(stated.strip().lower())
    if role is None:
        raise UnknownPartError(
            f"role '{stated[:40]}' is not known (expected system, developer, user, human, assistant, ai, gpt, bot, "
            "model or tool); rename it in the file"
        )
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(item.get(name), str):
            parts.thoughts.append(item[name])
            break
    _read_calls(item, parts)
    return _turns(role, item, parts)


def _turns(role: Role, item: Mapping[str, Any], parts: _Parts) -> tuple[list[Message], str | None]:
    text = "".join(parts.texts)
    name = item.get("name") if isinstance(item.get("name"), str) else None
    if role == "tool":
        call = item.get("tool_call_id")
        own = Message(role="tool", content=text, name=name, tool_call_id=call if isinstance(call, str) else None)
        return (parts.results or [own]), None
    if role == "assistant":
        split = split_reasoning(text)
        turn = Message(role=role, content=split.text, name=name, tool_calls=tuple(parts.calls))
        return [*parts.results, turn], joined(*parts.thoughts, split.reasoning)
    if parts.results and not text:
        return parts.results, None
    if role == "user" and not text:
        raise UnknownPartError("expected the user's text, found none")
    return [*parts.results, Message(role=role, content=text, name=name)], None


def _role_name(item: Mapping[str, Any]) -> str:
    for key in ("role", "from", "author", "speaker"):
        value = item.get(key)
        if isinstance(value, Mapping):
            value = value.get("role")
        if isinstance(value, str) and value:
            return value
    return ""


def _content(item: Mapping[str, Any]) -> Any:
    keys = ("content", "value", "parts", "text", "summary", "message")
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _read(content: Any, parts: _Parts) -> None:
    """Sort content, which is text, a part, or a list of them, into ``parts``.

    Raises:
        UnknownPartError: a part is neither text nor an object that is known.
    """
    if content is None:
        return
    if isinstance(content, str):
        parts.texts.append(content)
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, list):
                raise UnknownPartError("expected parts as text or objects, found a list in a list")
            _read(part, parts)
    elif isinstance(content, Mapping):
        _read_part(content, parts)
    else:
        raise UnknownPartError(f"expected content as text or a list of parts, found {kind_of(content)}")


def _read_part(part: Mapping[str, Any], parts: _Parts) -> None:
    kind = str(part.get("type") or ("answer" if "answer" in part else next(iter(part), ""))).lower()
    if isinstance(part.get("parts"), list):  # a content object with its own parts
        _read(part["parts"], parts)
    elif kind in ("thinking", "reasoning", "redacted_thinking", "summary_text"):
        parts.thoughts.append(_first_text(part, "thinking", "text", "reasoning", "summary"))
    elif kind in _TEXT_TYPES or (kind == "thought" and "text" in part):
        (parts.thoughts if part.get("thought") is True else parts.texts).append(_first_text(part, "text", "answer"))
        parts.thoughts.append(_first_text(part, "thinking"))
    elif kind == "refusal":
        parts.texts.append(_first_text(part, "refusal", "text"))
    elif kind in ("tool_use", "server_tool_use", "functioncall", "function_call", "tool_call"):
        parts.calls.append(_call(part.get("functionCall") or part.get("function_call") or part))
    elif kind in ("executablecode", "executable_code"):  # Gemini's own tool
        parts.calls.append(ToolCall(name="code", arguments=_shown(part[next(iter(part))])))
    elif kind in _RESULTS or kind.endswith("tool_result"):
        parts.results.append(_result(part))
    elif any(kind.removeprefix("input_").startswith(medium) for medium in _MEDIA):
        parts.texts.append(f"[{kind.removeprefix('input_').removesuffix('_url')}]")
    else:
        raise UnknownPartError(
            f"a part of type '{kind[:40]}' is not known; leave it out or make it a part of type 'text'"
        )


def _first_text(part: Mapping[str, Any], *names: str) -> str:
    return next((part[name] for name in names if isinstance(part.get(name), str)), "")


def _read_calls(item: Mapping[str, Any], parts: _Parts) -> None:
    calls = item.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, Mapping):
            parts.calls.append(_call(call))
    if isinstance(item.get("function_call"), Mapping):
        parts.calls.append(_call(item["function_call"]))


def _call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"] if isinstance(call.get("function"), Mapping) else call
    arguments = next((function[key] for key in ("arguments", "input", "args") if key in function), "")
    number = call.get("id") or call.get("call_id")
    return ToolCall(
        name=str(function.get("name") or "?"),
        arguments=_shown(arguments),
        id=number if isinstance(number, str) else None,
    )


def _stored_call(content: Any) -> ToolCall:
    """Return a call that stands as JSON in a turn's text; what is none is kept as the arguments."""
    call = parsed_list(content) if isinstance(content, str) else content
    return _call(call if isinstance(call, Mapping) else {"arguments": content})


def _result(part: Mapping[str, Any]) -> Message:
    inner = part.get("functionResponse") or part.get("function_response")
    if isinstance(inner, Mapping):
        return Message(role="tool", content=_shown(inner.get("response")), name=str(inner.get("name") or "") or None)
    if "content" not in part:  # Gemini's result of code
        return Message(role="tool", content=_shown(part[next(iter(part))]), name="code")
    parts = _Parts()
    try:
        _read(part["content"], parts)
        text = "".join(parts.texts)
    except UnknownPartError:  # what a search or another tool of the provider's found, in a form of its own
        text = _shown(part["content"])
    number = part.get("tool_use_id")
    return Message(role="tool", content=text, tool_call_id=number if isinstance(number, str) else None)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _response_item(item: Mapping[str, Any], kind: str) -> Message:
    if kind == "function_call":
        return Message(role="assistant", content="", tool_calls=(_call(item),))
    output, number = item.get("output"), item.get("call_id")
    return Message(role="tool", content=_shown(output), tool_call_id=number if isinstance(number, str) else None)
