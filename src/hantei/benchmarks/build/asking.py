"""Asking a model, through the engine: retries, limits, cost, and replies kept, from which the same command goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from hantei.engine.caller import Caller, PriceLookup
from hantei.engine.calling import calling
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.errors import UsageError
from hantei.event_loop import in_own_loop
from hantei.models.base import CallError, Model, Prepared, Reply, Request, Sampling
from hantei.models.load import load_model
from hantei.models.prices import no_price_for, pricing
from hantei.progress import Progress
from hantei.records import Message

Piece = TypeVar("Piece")
Drawn = TypeVar("Drawn")


@dataclass(slots=True, kw_only=True)
class DraftingModel:
    """A model that drafts, or says what is risky.

    Args:
        name: its name.
        limits: connections, money, time, and the folder of replies.
        prices: a file of prices in place of hantei's own.
        temperature: of its replies.
        seed: of its replies, where the server keeps to one.
        meter: what the calls took so far.
        failed: calls that failed for good.
    """

    name: str
    limits: Limits
    prices: Path | None = None
    temperature: float | None = None
    seed: int | None = None
    meter: Meter = field(default_factory=Meter)
    failed: int = 0

    def check(self) -> None:
        """Look whether the model can be asked.

        Raises:
            UsageError: no such model, its key is not set, or ``max_cost`` without a price.
        """
        model = load_model(self.name)
        if isinstance(model, Prepared):
            model.check_ready()
        if self.limits.max_cost is not None and self._price()(self.name, {"input": 1, "output": 1}) is None:
            raise UsageError(f"--max-cost needs a price for {self.name}: {no_price_for(self.name, self.prices)}")

    def _price(self) -> PriceLookup:
        return pricing(self.prices)

    def each(self, work: Sequence[Piece], one: Callable[[Talk, Piece], Awaitable[Drawn]], what: str) -> list[Drawn]:
        """Return what comes of each piece of work, many at a time, in order.

        Raises:
            RunError: the calls ended early; what was answered is in the cache.
            KeyboardInterrupt: Ctrl-C.
        """
        return in_own_loop(self._each(work, one, what)) if work else []

    async def _each(
        self, work: Sequence[Piece], one: Callable[[Talk, Piece], Awaitable[Drawn]], what: str
    ) -> list[Drawn]:
        model, room = load_model(self.name), asyncio.Semaphore(self.limits.max_connections)
        async with calling(model, self.limits, self._price(), self.meter) as caller:
            with Progress(what, len(work)) as bar:

                async def done(piece: Piece) -> Drawn:
                    async with room:
                        found = await one(Talk(self, model, caller), piece)
                    bar.advance(1)
                    return found

                tasks = [asyncio.create_task(done(piece)) for piece in work]
                try:
                    return await asyncio.gather(*tasks)
                finally:
                    for task in tasks:
                        task.cancel()


class Talk:
    """One conversation with the model, turn by turn."""

    def __init__(self, asked: DraftingModel, model: Model, caller: Caller) -> None:
        self._asked, self._model, self._caller = asked, model, caller
        self._said: tuple[Message, ...] = ()
        self.name = asked.name

    async def say(self, turn: Sequence[Message], max_tokens: int = 2048) -> str | None:
        """Return what is replied to one more turn, None where the call failed for good.

        Raises:
            Stopped: all calls end.
        """
        reply = await self.reply(turn, max_tokens)
        return None if reply is None else reply.text

    async def reply(self, turn: Sequence[Message], max_tokens: int = 2048) -> Reply | None:
        """Return the reply to one more turn, None where the call failed for good.

        Raises:
            Stopped: all calls end.
        """
        asked = self._asked
        self._said = (*self._said, *turn)
        sampling = Sampling(temperature=asked.temperature, max_tokens=max_tokens, seed=asked.seed)
        try:
            answer = await self._caller.call(self._model, Request(messages=self._said, sampling=sampling))
        except CallError:
            asked.failed += 1
            return None
        self._said = (*self._said, Message(role="assistant", content=answer.reply.text))
        return answer.reply


def limits_in(limits: Limits, cache: Path) -> Limits:
    """Return limits whose replies are kept in some folder."""
    return limits if limits.cache is not None else replace(limits, cache=cache)
