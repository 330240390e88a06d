"""What is judged of an exchange, and the parts of replies that may leave: whatever is not known here is left out.

A field that is not named here could carry text that nobody judged, so it never leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hantei.inputs.conversation import UnknownPartError, read_conversation
from hantei.language import detect
from hantei.records import Prompt
from hantei.serving.errors import BadRequestError, UpstreamError

_BODY = ("id", "object", "created", "model", "usage", "system_fingerprint", "service_tier")
_CHOICE = ("index", "finish_reason", "logprobs", "stop_reason")
_MESSAGE = ("role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call")
_TEXTS = ("reasoning_content", "reasoning", "content", "refusal")
MAX_CHOICES = 16


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request: its body as it came, what it asks as a prompt, and the language of that where it is known."""

    body: Mapping[str, Any]
    prompt: Prompt

    @property
    def streams(self) -> bool:
        """Whether the answer is asked for as a stream."""
        return self.body.get("stream") is True

    @property
    def language(self) -> str | None:
        """The language of the question."""
        return self.prompt.language


def read_request(body: Any) -> ChatRequest:
    """Return a chat request.

    Raises:
        BadRequestError: it is none, or holds parts that cannot be judged.
    """
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        raise BadRequestError("expected an object with a list of messages")
    number = body.get("n")
    if number is not None and (type(number) is not int or not 1 <= number <= MAX_CHOICES):
        raise BadRequestError(f"n: expected a number from 1 to {MAX_CHOICES}")
    if type(body.get("stream", False)) not in (bool, type(None)):
        raise BadRequestError("stream: expected true or false")
    if isinstance(body.get("modalities"), list) and set(body["modalities"]) - {"text"}:
        raise BadRequestError("modalities: only text can be judged")
    try:
        messages = read_conversation(body["messages"]).messages
    except UnknownPartError as error:
        raise BadRequestError(str(error)) from None
    if not messages:
        raise BadRequestError("expected at least one message with text")
    prompt = Prompt(id="live", messages=messages)
    return ChatRequest(body, Prompt(id="live", messages=messages, language=detect(prompt.text)))


def texts_of(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of an answer, or of a part of one, by field: its reasoning, too."""
    return {name: message[name] for name in _TEXTS if message.get(name)}


def text_of(message: Mapping[str, Any]) -> str:
    """Return all text of an answer: all that leaves is judged."""
    return "\n\n".join(texts_of(message).values())


def known_body(body: Any) -> dict[str, Any]:
    """Return a reply with the fields that may leave.

    Raises:
        UpstreamError: it is no chat completion.
    """
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        raise UpstreamError("the model's server sent no chat completion")
    choices = [_choice(one, "message") for one in body["choices"]]
    if not choices:
        raise UpstreamError("the model's server sent no choice")
    return {**{name: body[name] for name in _BODY if name in body}, "choices": choices}


def known_chunk(chunk: Any) -> dict[str, Any]:
    """Return a part of a stream with the fields that may leave.

    Raises:
        UpstreamError: it is none.
    """
    if not isinstance(chunk, dict) or not isinstance(chunk.get("choices"), list):
        raise UpstreamError("the model's server sent a part of a stream that is none")
    kept = {name: chunk[name] for name in _BODY if name in chunk}
    return {**kept, "choices": [_choice(one, "delta") for one in chunk["choices"]]}


def _choice(choice: Any, part: str) -> dict[str, Any]:
    if not isinstance(choice, dict) or not isinstance(choice.get(part), dict):
        raise UpstreamError(f"the model's server sent a choice without a {part}")
    message = {name: choice[part][name] for name in _MESSAGE if name in choice[part]}
    if not isinstance(message.get("tool_calls") or [], list):
        raise UpstreamError("the model's server sent tool_calls that are no list")
    message |= {name: _text(name, message[name]) for name in _TEXTS if name in message}
    return {**{name: choice[name] for name in _CHOICE if name in choice}, part: message}


def _text(name: str, value: Any) -> str | None:
    """Return a field as its text; of a list of parts what is no text is left out, like every field that is not known.

    Raises:
        UpstreamError: it holds none.
    """
    if isinstance(value, list):
        return "".join(str(part.get("text") or "") for part in value if isinstance(part, dict))
    if value is not None and not isinstance(value, str):
        raise UpstreamError(f"the model's server sent a {name} that is no text")
    return value


def blocked(choice: Mapping[str, Any], refusal: str) -> dict[str, Any]:
    """Return a choice whose answer is kept back."""
    message = {"role": "assistant", "content": refusal, "refusal": None}
    return {"index": choice.get("index", 0), "finish_reason": "content_filter", "logprobs": None, "message": message}


def rewritten(choice: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return a choice whose answer was corrected."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"index": choice.get("index", 0), "finish_reason": "stop", "logprobs": None, "message": message}
