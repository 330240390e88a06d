"""A chat completion's JSON as a reply; what is not of that shape is ``bad-reply``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hantei.finish import finish_status
from hantei.models.base import CallError, Reply, reply_status
from hantei.reasoning import joined, split_reasoning, tokens_before_answer

_INSTEAD = ("refusal", "reasoning_content", "reasoning", "tool_calls", "function_call")
"""What a message may hold in the place of a content."""
_USAGE = (("input", "prompt_tokens"), ("output", "completion_tokens"))


def read_reply(body: Mapping[str, Any], latency_s: float) -> Reply:
    """Return the reply of the first choice.

    A refusal that comes in a field or a part of its own is an answer like any other, and its ``finish_reason`` is
    ``refusal``. A reply that a content filter kept back needs neither a choice nor a content.

    Raises:
        CallError: a field that an answer needs is absent or of the wrong type.
    """
    if _blocked(body):
        return Reply(text="", status="filtered", finish_reason="content_filter", latency_s=latency_s)
    choice = _choice(body)
    finish = _optional(choice.get("finish_reason"), str, "finish_reason")
    kept_back = finish_status(finish) == "filtered"
    message = _of(choice.get("message") or ({} if kept_back else None), dict, "choices[0].message")
    content = _content(message, kept_back)
    refusal = _optional(message.get("refusal"), str, "message.refusal") or _of_type(message, "refusal")
    split = split_reasoning(content)
    served = body.get("model")
    return Reply(
        text=split.text or refusal or "",
        status=reply_status(finish, split.closed),
        reasoning=joined(_reasoning(message), split.reasoning),
        finish_reason="refusal" if refusal and not split.text else finish,
        usage=_usage(body.get("usage")),
        served_model=served if isinstance(served, str) else None,
        logprobs=_logprobs(choice.get("logprobs")),
        latency_s=latency_s,
    )


def _choice(body: Any) -> Mapping[str, Any]:
    choices = _of(_of(body, dict, "the reply").get("choices"), list, "choices")
    if not choices:
        raise CallError("bad-reply", "expected at least one choice, found none")
    choice: Mapping[str, Any] = _of(choices[0], dict, "choices[0]")
    return choice


def _blocked(body: Any) -> bool:
    """Whether a provider kept the prompt back, as Gemini says it in a reply without a choice."""
    if not isinstance(body, dict) or body.get("choices"):
        return False
    feedback = body.get("promptFeedback") or body.get("prompt_feedback")
    return isinstance(feedback, dict) and bool(feedback.get("blockReason") or feedback.get("block_reason"))


def _content(message: Mapping[str, Any], kept_back: bool) -> str:
    content = message.get("content")
    if content is None:
        if "content" not in message and not kept_back and not any(message.get(name) for name in _INSTEAD):
            raise CallError("bad-reply", "expected message.content, found none")
        return ""
    if isinstance(content, list):  # parts, as some servers send them
        return _of_type(message, "text")
    text: str = _of(content, str, "message.content")
    return text


def _reasoning(message: Mapping[str, Any]) -> str | None:
    name = "reasoning_content" if message.get("reasoning_content") else "reasoning"
    value = message.get(name)
    field = value if isinstance(value, str) and value else None
    return joined(field, *(_of_type(message, kind) for kind in ("thinking", "reasoning")))


def _of_type(message: Mapping[str, Any], kind: str) -> str:
    """Return the texts of the content's parts of one type, joined; empty where the content has no parts."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return "".join(_part_text(part, kind) for part in parts if _of(part, dict, "a part of message.content"))


def _part_text(part: Mapping[str, Any], kind: str) -> str:
    """Return the text of a part of this type. Mistral's thinking is a list of parts itself."""
    if part.get("type", "text") not in (kind, f"output_{kind}"):
        return ""
    value = part.get(kind, part.get("text"))
    if isinstance(value, list):
        return "".join(_part_text(_of(one, dict, f"a part of {kind}"), "text") for one in value)
    text: str = _of(value, str, kind)
    return text


def _usage(usage: Any) -> dict[str, int]:
    """Return the counts of tokens; an answer is not lost for want of them."""
    counts = usage if isinstance(usage, dict) else {}
    return {ours: counts[theirs] for ours, theirs in _USAGE if type(counts.get(theirs)) is int}


def _logprobs(logprobs: Any) -> tuple[dict[str, float], ...]:
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(entries, list):
        return ()
    try:
        tokens = [str(entry["token"]) for entry in entries]
        return tuple(_alternatives(entry) for entry in entries[tokens_before_answer(tokens) :])
    except (TypeError, KeyError, ValueError):
        raise CallError("bad-reply", "expected log-probabilities as token, logprob and top_logprobs") from None


def _alternatives(entry: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in [entry, *(entry.get("top_logprobs") or [])]:
        token, value = str(one["token"]), float(one["logprob"])
        found[token] = max(value, found.get(token, value))  # two tokens may be the same text
    return found


def _of(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise CallError("bad-reply", f"expected {what} as {_NAMES[kind]}, found {type(value).__name__}")
    return value


def _optional(value: Any, kind: type, what: str) -> Any:
    return None if value is None else _of(value, kind, what)


_NAMES: dict[type, str] = {dict: "an object", list: "a list", str: "text"}
