"""How the sampling and the system prompt of one call come about from what several places say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from hantei.models.base import Request, Sampling
from hantei.models.names import ModelName
from hantei.records import Message

T = TypeVar("T")

SYSTEM = "system messages"
"""What ``refused`` says of a model whose chat template has no system role."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a model adds to every request.

    ``named`` is what the model's name says and wins over the request's temperature, top_p and max_tokens; a seed of
    the request wins over the name's, as several samples of one prompt need several seeds. ``general`` fills what
    neither says. ``system`` is the system prompt of a conversation that has none of its own.
    """

    named: Sampling
    general: Sampling
    system: str | None

    def sampling(self, request: Sampling) -> Sampling:
        """Return the sampling that a call is made with."""
        named, general = self.named, self.general
        return Sampling(
            temperature=_first(named.temperature, request.temperature, general.temperature),
            top_p=_first(named.top_p, request.top_p, general.top_p),
            max_tokens=_first(named.max_tokens, request.max_tokens, general.max_tokens),
            seed=_first(request.seed, named.seed, general.seed),
            stop=request.stop or general.stop,
        )

    def messages(self, request: Request) -> tuple[Message, ...]:
        """Return the conversation with the system prompt."""
        if self.system is None or request.messages[0].role == "system":
            return request.messages
        return (Message(role="system", content=self.system), *request.messages)


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a conversation for a chat template without a system role: that text stands before the first user turn."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    rest = [m for m in messages if m.role != "system"]
    at = next((n for n, m in enumerate(rest) if m.role == "user"), None)
    if not system or at is None:
        return tuple(messages)
    return (*rest[:at], replace(rest[at], content=f"{system}\n\n{rest[at].content}"), *rest[at + 1 :])


def defaults(name: ModelName, sampling: Sampling | None) -> Defaults:
    """Return what a model of this name adds to a request."""
    return Defaults(name.sampling(), sampling or Sampling(), name.settings.get("system"))


def _first(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)
