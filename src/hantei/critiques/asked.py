"""The meta-evaluation by a model: units found, checked against the dialogue, the reference's in the critique.

    critique --extract--> units --against the dialogue--> right? --against another dialogue--> generic?
    reference units --against the critique--> found?

All calls go through the engine: with retries, limits and a cache, which is also what resumes them. The same request is
made once. Of each dialogue or critique one unit is asked about before the others, so that a server that keeps prefixes
has theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace as changed

from hantei.critiques.critique import CheckedCritique, CheckedUnit, Critique, not_written
from hantei.critiques.embedded import tongue_of
from hantei.critiques.prompts import UnitPrompts, extraction, precision, recall
from hantei.critiques.replies import ReadVerdict, listed, listed_as_published, verdict
from hantei.critiques.scoring import Mode
from hantei.critiques.swapping import swapped
from hantei.engine.cache import call_key
from hantei.engine.caller import PriceLookup, no_price
from hantei.engine.calling import calling
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.event_loop import in_own_loop
from hantei.judges.base import Ask
from hantei.models.base import CallError, Model, Request
from hantei.progress import Progress

_NOTHING = ReadVerdict(right=None, paper=False)


@dataclass(slots=True)
class ModelChecker:
    """Checks critiques by asking a model.

    Args:
        name: the model's name.
        load: opens the model: each ``check`` opens and closes one.
        limits: connections, money, time, and the folder of replies from which the same command goes on.
        price: model's name and usage to US dollars.
        mode: in ``paper`` blank lines are units, and nothing is checked against another dialogue.
        meter: what the calls took so far.
    """

    name: str
    load: Callable[[], Model]
    limits: Limits = field(default_factory=Limits)
    price: PriceLookup = no_price
    mode: Mode = "robust"
    meter: Meter = field(default_factory=Meter)

    def check(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        """Return the critiques with their units checked, in their order.

        Raises:
            RunError: the calls ended early: what was answered is in the cache, where there is one.
            KeyboardInterrupt: Ctrl-C.
        """
        return in_own_loop(self._work(critiques))

    async def _work(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        model = self.load()
        async with calling(model, self.limits, self.price, self.meter) as caller:
            with Progress("critiques", len(critiques)) as bar:
                ask = caller.ask_for(UnitPrompts())
                return await _UnitsByModel(model, ask, self.mode, self.limits.max_connections, bar).all(critiques)


class _UnitsByModel:
    """One pass over critiques, in which each request is made once."""

    def __init__(self, model: Model, ask: Ask, mode: Mode, at_once: int, bar: Progress) -> None:
        self._model, self._ask, self._mode, self._bar = model, ask, mode, bar
        self._room = asyncio.Semaphore(at_once)
        self._made: dict[bytes, asyncio.Task[str | None]] = {}

    async def all(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        """Check critiques, those of one dialogue one after the other.

        Raises:
            Stopped: the calls ended early.
        """
        others = swapped(critiques) if self._mode == "robust" else [None] * len(critiques)
        order = sorted(range(len(critiques)), key=lambda at: critiques[at].dialogue)
        tasks = {at: asyncio.create_task(self._in_turn(critiques[at], others[at])) for at in order}
        try:
            await asyncio.gather(*tasks.values())
        finally:
            for task in (*tasks.values(), *self._made.values()):
                task.cancel()
        return [tasks[at].result() for at in range(len(critiques))]

    async def _in_turn(self, critique: Critique, other: Critique | None) -> CheckedCritique:
        async with self._room:
            found = await self._one(critique, other)
        self._bar.advance(1)
        return found

    async def _one(self, critique: Critique, other: Critique | None) -> CheckedCritique:
        if critique.text is None:
            return not_written(critique)
        bare = CheckedCritique(id=critique.id, judge=critique.judge, language=critique.language)
        units, mended = await self._units(critique)
        wanted = [recall(critique.text, unit, critique.tongue) for unit in critique.reference]
        recalled = _checked(critique, await self._each(wanted, critique))
        if units is None:
            return changed(bare, reference=recalled, failed=True)
        right = await self._each([precision(critique, unit, critique.tongue) for unit in units], critique)
        elsewhere = await self._elsewhere(units, right, critique, other)
        return changed(
            bare,
            units=tuple(
                CheckedUnit(text=unit, right=here.right, paper=here.paper, why=here.why, generic=there)
                for unit, here, there in zip(units, right, elsewhere, strict=True)
            ),
            reference=recalled,
            mended=mended,
        )

    async def _units(self, critique: Critique) -> tuple[tuple[str, ...] | None, dict[str, int]]:
        """Return the units of a critique and what was left out of them; None where they could not be found."""
        if critique.units is not None:
            return critique.units, {}
        text = critique.text or ""
        if not text.strip():
            return (), {}
        reply = await self._reply(extraction(text, tongue_of(text, critique.tongue)))
        if reply is None:
            return None, {}
        return (listed_as_published(reply), {}) if self._mode == "paper" else listed(reply)

    async def _elsewhere(
        self, units: Sequence[str], right: Sequence[ReadVerdict], critique: Critique, other: Critique | None
    ) -> list[bool | None]:
        """Return which of the right units also hold for another dialogue; None where that is not known."""
        if other is None:
            return [False] * len(units)
        asked = [unit for unit, here in zip(units, right, strict=True) if here.right]
        found = iter(await self._each([precision(other, unit, critique.tongue) for unit in asked], critique))
        return [next(found).right if here.right else False for here in right]

    async def _each(self, requests: Sequence[Request], critique: Critique) -> list[ReadVerdict]:
        """Return the verdicts in the replies to requests that begin alike: the first is answered before the others."""
        first = [await self._reply(request) for request in requests[:1]]
        replies = first + await asyncio.gather(*(self._reply(request) for request in requests[1:]))
        return [
            _NOTHING if reply is None else verdict(reply, critique.tongue, request.messages[-1].content)
            for request, reply in zip(requests, replies, strict=True)
        ]

    async def _reply(self, request: Request) -> str | None:
        """Return the text of a reply, None where the call failed for good; the same request is made once."""
        key = call_key(self._model, request, 0)
        if key not in self._made:
            made = self._made[key] = asyncio.create_task(self._call(request))
            made.add_done_callback(_retrieve)
        return await asyncio.shield(self._made[key])

    async def _call(self, request: Request) -> str | None:
        try:
            return (await self._ask(self._model, request)).reply.text
        except CallError:
            return None


def _retrieve(made: asyncio.Task[str | None]) -> None:
    """Look at how a call ended: where all stop, nobody else may."""
    if not made.cancelled():
        made.exception()


def _checked(critique: Critique, verdicts: Sequence[ReadVerdict]) -> tuple[CheckedUnit, ...]:
    return tuple(
        CheckedUnit(text=unit, right=one.right, paper=one.paper, why=one.why)
        for unit, one in zip(critique.reference, verdicts, strict=True)
    )
