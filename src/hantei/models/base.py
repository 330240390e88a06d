"""What a model is: one call in, one reply or one typed failure out. Retries, limits and caching are the engine's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from hantei.finish import finish_status
from hantei.records import Message

Failure = Literal["rate-limit", "server", "timeout", "connection", "bad-reply", "auth", "not-found", "bad-request"]
"""Why a call failed. The first five may succeed when asked again; the last three will not."""

RETRIED: frozenset[str] = frozenset({"rate-limit", "server", "timeout", "connection", "bad-reply"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How an answer is drawn; None leaves a setting to the server. ``max_tokens`` counts tokens of the answer."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. ``messages`` may begin with a system message.

    ``schema`` asks for a reply as JSON of this JSON schema where the server offers it. ``top_logprobs`` asks for the
    log-probabilities of so many alternatives a token, 0 for none.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Mapping[str, Any] | None = None
    top_logprobs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered.

    ``status`` is ``ok``, ``truncated`` (cut off by the token limit, or inside a reasoning block) or ``filtered`` (a
    provider's content filter kept it back). ``reasoning`` is kept apart from ``text``. ``usage`` counts ``input`` and
    ``output`` tokens. ``logprobs`` holds, for each token of the text, its alternatives with their natural
    log-probabilities. ``latency_s`` is in seconds.
    """

    text: str
    status: Literal["ok", "truncated", "filtered"] = "ok"
    reasoning: str | None = None
    finish_reason: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    served_model: str | None = None
    logprobs: tuple[Mapping[str, float], ...] = ()
    latency_s: float | None = None


class CallError(Exception):
    """A call failed. It is data for the engine, not an error of the program; ``text`` holds no credential.

    ``retry_after_s`` is what the server asked to wait, None where it said nothing.
    """

    def __init__(self, failure: Failure, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{failure}: {text}")
        self.failure, self.text, self.retry_after_s = failure, text, retry_after_s


def reply_status(finish: str | None, closed: bool) -> Literal["ok", "truncated", "filtered"]:
    """Return the status of a reply that ended for ``finish``; ``closed`` says whether its reasoning was.

    Raises:
        CallError: it ended because the server gave up.
    """
    status = finish_status(finish) or "ok"
    if status == "error":
        raise CallError("server", f"the server gave up in the middle of its answer ({finish})")
    return "truncated" if status == "ok" and not closed else status


class Model(Protocol):
    """Something that answers. ``name`` is the full name as given, without credentials; ``server`` names the place that
    a limit on connections counts for."""

    name: str
    server: str

    async def ask(self, request: Request) -> Reply:
        """Return the reply to one request.

        Raises:
            CallError: the call failed.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and memory."""
        ...


@runtime_checkable
class Prepared(Protocol):
    """A model that knows before its first call whether one can be made, as a forecast makes none."""

    def check_ready(self) -> None:
        """Raise what keeps calls from being made.

        Raises:
            UsageError: its key is not set, or a library that it needs is not installed.
        """
        ...
