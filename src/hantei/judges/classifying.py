"""A classifier as a judge: its batches are judged off the event loop, however singly the pairs come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from inspect import signature
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from hantei.errors import RunError
from hantei.event_loop import in_own_loop
from hantei.judges.base import Ask, Classifier, Judge, Pair
from hantei.judges.workers import Workers
from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from hantei.judges.profile import Profile
    from hantei.models.base import Model, Request

BATCH = 512
"""Pairs that a classifier gets at once, at most."""
SHARE = 128
"""Pairs that one of several processes gets at once, at most: none waits long for the last one's end."""
_GATHER_S = 0.05
"""So long they wait in a run, where nobody waits for one of them."""


_WaitingPairs = tuple[Sequence[Pair], asyncio.Future[list[Judgment]]]


def cores() -> Collection[int]:
    """Return the numbers of the cores that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def as_judge(judge: Judge | Classifier, workers: int = 1) -> Judge:
    """Return a judge for anything that judges: a classifier, whose ``judge`` takes pairs alone, is wrapped.

    ``workers`` is how many processes may judge for a classifier that is loaded by its name.
    """
    if len(signature(judge.judge).parameters) > 1:
        return cast(Judge, judge)
    return ClassifierJudge(cast(Classifier, judge), workers)


def judge_all(judge: Judge, pairs: Sequence[Pair]) -> list[Judgment]:
    """Return the judgments of a judge that asks no model, in the order of the pairs; in a loop of its own.

    Responses of several files may have the same id: a judge gets them one after the other.

    Raises:
        ValueError: it asks a model.
    """
    if judge.models:
        raise ValueError(f"{judge.name} asks a model: judge with hantei.judge")
    found: dict[int, Judgment] = {}
    left = list(range(len(pairs)))
    while left:
        places: dict[str, int] = {}
        for place in left:
            places.setdefault(pairs[place][1].id, place)
        some = [pairs[place] for place in places.values()]
        said = in_own_loop(_collected(judge, some))
        found |= {places[one.response_id]: one for one in said}
        left = sorted(set(left) - set(places.values()))
    return [found[place] for place in range(len(pairs))]


async def _collected(judge: Judge, pairs: Sequence[Pair]) -> list[Judgment]:
    return [one async for one in judge.judge(pairs, _nobody)]


async def _nobody(model: Model, request: Request, *, sample: int = 0, card_hash: str | None = None) -> Any:
    raise ValueError(f"{model.name} was asked and is not among the judge's models: {request=} {sample=} {card_hash=}")


class ClassifierJudge:
    """A classifier behind the protocol of judges.

    Calls of ``judge`` that come at about the same time are judged together, in batches of up to ``BATCH``, one batch
    after the other in a thread: a pair alone costs a classifier nearly as much as a batch. ``gather_s`` is how long
    pairs that make no full batch wait for more. With several ``workers`` full batches, of ``SHARE`` pairs, go to so
    many processes (``workers.py``), each a batch at a time; only what makes none is judged here.
    """

    models: tuple[Model, ...] = ()

    def __init__(self, classifier: Classifier, workers: int = 1) -> None:
        self.classifier = classifier
        self.name, self.card_hash = classifier.name, classifier.card_hash
        self.gather_s = _GATHER_S
        self._processes, self._most = (Workers(self.name) if workers > 1 else None), workers
        self._batch = SHARE if self._processes else BATCH
        self._waiting: list[_WaitingPairs] = []
        self._count = 0
        self._here: asyncio.Task[None] | None = None
        self._gathering: asyncio.Future[None] | None = None
        self._last = False
        self._elsewhere: set[asyncio.Task[None]] = set()

    @property
    def profile(self) -> Profile | None:
        """What the classifier's training answers look like, None where it does not know."""
        return getattr(self.classifier, "profile", None)

    def outline(self) -> dict[str, Any]:
        """Return what the classifier says of itself."""
        return self.classifier.outline()

    def requests(self, _prompt: Prompt, _response: Response) -> Sequence[tuple[Model, Request]]:
        """Return nothing: nobody is asked."""
        return ()

    async def judge(self, pairs: Sequence[Pair], _ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judgments of ``pairs`` when their batch is judged."""
        parts = [pairs[start : start + self._batch] for start in range(0, len(pairs), self._batch)]
        batches = [self._judged(part) for part in parts]
        try:
            for batch in batches:
                for judgment in await batch:
                    yield judgment
        finally:
            for batch in batches:
                if not batch.cancel() and not batch.cancelled():
                    batch.exception()  # nobody waits for it any more, nor for what became of it

    def hurry(self) -> None:
        """Judge what waits without waiting for more: nobody brings any."""
        self._last = self._count > 0
        if self._gathering is not None and not self._gathering.done():
            self._gathering.set_result(None)

    def _judged(self, pairs: Sequence[Pair]) -> asyncio.Future[list[Judgment]]:
        judged: asyncio.Future[list[Judgment]] = asyncio.get_running_loop().create_future()
        self._waiting.append((pairs, judged))
        self._count += len(pairs)
        self._go_on()
        return judged

    def _go_on(self) -> None:
        """Start on what waits, where somebody is free."""
        while self._processes and self._count >= self._batch and len(self._elsewhere) < self._most:
            work = asyncio.create_task(self._judge_batch(self._next_batch(), self._processes.judge))
            self._elsewhere.add(work)
            work.add_done_callback(self._came_back)
        if self._count and (self._here is None or self._here.done()):
            self._here = asyncio.create_task(self._judge_here())

    async def _judge_here(self) -> None:
        while self._count:
            if self._count < self._batch and not self._last:
                await self._gather()
            elif self._count >= self._batch and self._processes:
                return  # the next one that is free takes it
            await self._judge_batch(self._next_batch(), self.classifier.judge)
        self._last = False

    async def _gather(self) -> None:
        """Wait for more pairs, unless nobody brings any."""
        self._gathering = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gathering, self.gather_s)

    def _came_back(self, work: asyncio.Task[None]) -> None:
        self._elsewhere.discard(work)
        if not work.cancelled():
            self._go_on()

    def _next_batch(self) -> list[_WaitingPairs]:
        self._waiting = [one for one in self._waiting if not one[1].done()]  # some may wait no more: the run stops
        batch: list[_WaitingPairs] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0][0]) <= self._batch):
            batch.append(self._waiting.pop(0))
            size += len(batch[-1][0])
        self._count = sum(len(pairs) for pairs, _ in self._waiting)
        return batch

    def check(self, judgments: Any, expected: int) -> None:
        """Look at what the classifier returned.

        Raises:
            RunError: it is no list of a judgment for each answer.
        """
        if not isinstance(judgments, list | tuple):
            what = f"returned {type(judgments).__name__}"
            raise RunError(f"judge {self.name}: judge(pairs) {what}: expected a list with a Judgment for each pair")
        if len(judgments) != expected:
            raise RunError(f"judge {self.name}: gave {len(judgments)} judgments of {expected} answers")

    async def _judge_batch(
        self, batch: Sequence[_WaitingPairs], judge: Callable[[Sequence[Pair]], list[Judgment]]
    ) -> None:
        together = [pair for pairs, _ in batch for pair in pairs]
        if not together:
            return
        try:
            judgments = await asyncio.to_thread(judge, together)
            self.check(judgments, len(together))
        except Exception as error:
            for _, judged in batch:
                if not judged.done():
                    judged.set_exception(error)
            return
        said = iter(judgments)
        for pairs, judged in batch:
            own = list(islice(said, len(pairs)))
            if not judged.done():
                judged.set_result(own)
