"""A model of the user's own: an object that is one, or a function that answers; looked at before anything is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from hantei.errors import UsageError
from hantei.models.base import CallError, Failure, Model, Reply, Request

AnswerFunction = Callable[[list[dict[str, str]]], "str | Reply | Awaitable[str | Reply]"]
"""Takes messages, each with ``role`` and ``content``, and returns the answer; may be ``async``."""

_EXPECTED = "the name of a model, a function that takes messages and returns the answer, or an object with name and ask"


def own_model(model: Any, name: str = "") -> Model:
    """Return an object that is a model, or one made of a function, which is called ``name`` where that is given.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(model, type):
        raise UsageError(f"model {model.__name__}: expected a model, got its class: write {model.__name__}()")
    if not hasattr(model, "ask"):
        return FunctionModel(model, name)
    who = f"model {type(model).__name__}"
    for name, why in (("name", "what reports call it"), ("server", "what --max-connections counts for")):
        if not isinstance(getattr(model, name, None), str) or not getattr(model, name):
            raise UsageError(f"{who}: expected {name} ({why}) as a text")
    for name in ("ask", "close"):
        if not iscoroutinefunction(getattr(model, name, None)):
            raise UsageError(f"{who}: expected an async def {name}")
    return model  # type: ignore[no-any-return]  # what it must have was just looked at


class FunctionModel:
    """A function that answers, as a model; a plain one is called in a thread, several at a time.

    What it raises is a failed call: a ``CallError`` as it says, an ``OSError`` like a connection that broke, which is
    tried again, anything else as an error that trying again does not mend. Its answers are not cached: nothing tells
    whether another day it is the same function.
    """

    may_be_cached = False

    def __init__(self, function: AnswerFunction, name: str = "") -> None:
        """Take the function, and what it is called where that is not its own name.

        Raises:
            UsageError: it is none, or has no name.
        """
        if not callable(function):
            raise UsageError(f"model: expected {_EXPECTED}; got {type(function).__name__}")
        self.name = self.server = name or getattr(function, "__name__", "")
        if not name and not self.name.isidentifier():
            raise UsageError("model: expected a function with a name, which reports show: write it with def")
        self._function = function

    async def ask(self, request: Request) -> Reply:
        """Return what the function answers.

        Raises:
            CallError: it raised something, or returned no answer.
        """
        messages = [{"role": one.role, "content": one.content} for one in request.messages]
        started = time.monotonic()
        try:
            answer = await self._call(messages)
        except CallError:
            raise
        except Exception as error:  # a fault of the user's own function is told as one
            failure: Failure = "connection" if isinstance(error, OSError) else "bad-request"
            raise CallError(failure, f"{self.name} raised {type(error).__name__}: {error}") from error
        if isinstance(answer, Reply):
            return answer
        if not isinstance(answer, str):
            raise CallError("bad-request", f"{self.name} returned {type(answer).__name__}: expected the answer as text")
        return Reply(text=answer, latency_s=time.monotonic() - started)

    async def _call(self, messages: list[dict[str, str]]) -> Any:
        if iscoroutinefunction(self._function):
            return await self._function(messages)
        answer = await asyncio.to_thread(self._function, messages)
        return await answer if isawaitable(answer) else answer

    async def close(self) -> None:
        """Hold nothing that is to be let go of."""
