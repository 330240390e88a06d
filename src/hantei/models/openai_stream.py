"""A streamed chat completion joined to the body that a server would have sent whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hantei.models.base import CallError

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def is_stream(raw: bytes) -> bool:
    """Whether a reply is a stream of events: it begins with a field of one, or with a comment."""
    return raw.lstrip().startswith((b"data:", b"event:", b"id:", b":"))


def join_stream(raw: bytes) -> dict[str, Any]:
    """Return the body of a whole reply: the parts of the first choice joined, the usage kept.

    An error that a server sends in the middle of a stream is returned as the body.

    Raises:
        CallError: a part is not what a part should be, or the stream ended before the answer did.
    """
    body: dict[str, Any] = {}
    choice: dict[str, Any] = {"message": {}, "finish_reason": None}
    done = begun = False
    for data in _events(raw):
        done = done or data == "[DONE]"
        part = None if data == "[DONE]" else _part(data)
        if part is None:
            continue
        if part.get("error"):
            return part
        body |= {name: value for name, value in part.items() if name != "choices" and value is not None}
        for one in part.get("choices") or ():
            if isinstance(one, dict) and not one.get("index"):
                begun = True
                _add(choice, one)
    if not done and choice["finish_reason"] is None:
        raise CallError("connection", "the stream ended before the answer did")
    return {**body, "choices": [choice] if begun else []}


def _events(raw: bytes) -> Iterator[str]:
    for line in raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if line.startswith("data:") and (data := line.removeprefix("data:").strip()):
            yield data


def _part(data: str) -> dict[str, Any]:
    try:
        part = json.loads(data)
    except (ValueError, RecursionError):
        part = None
    if not isinstance(part, dict):
        raise CallError("bad-reply", "expected each part of the stream as a JSON object")
    return part


def _add(choice: dict[str, Any], part: Mapping[str, Any]) -> None:
    delta = part.get("delta") or part.get("message") or {}
    if not isinstance(delta, dict):
        raise CallError("bad-reply", "expected the delta of the stream as an object")
    message = choice["message"]
    for name in (*_TEXTS, "tool_calls"):
        if delta.get(name) is not None:
            message[name] = _joined(message.get(name), delta[name])
    choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
    logprobs = part.get("logprobs")
    if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
        choice.setdefault("logprobs", {"content": []})["content"] += logprobs["content"]


def _joined(before: Any, new: Any) -> Any:
    """Return two pieces of a field, texts or lists of parts, as one; a text among parts is a part."""
    if before is None or (isinstance(before, str) and isinstance(new, str)):
        return new if before is None else before + new
    return _parts(before) + _parts(new)


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [{"type": "text", "text": value}]
