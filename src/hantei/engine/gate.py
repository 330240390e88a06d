"""A gate for each server, which learns how many calls at a time the server takes."""

from __future__ import annotations

import asyncio
from collections import deque
from heapq import heappop, heappush
from itertools import count

_PROBES = 4
"""Calls in flight before a server has given its first answer: a wrong key costs so many calls, not a full house."""

_LONGEST_PAUSE_S = 300.0
"""A server that asks for a longer pause than this is asked again after this."""


class Gate:
    """Lets calls to one server through: additive increase, multiplicative decrease (Chiu and Jain, 1989).

    Every answer raises the limit by a fraction that makes one more call a round; an overload halves it, once for all
    calls that were under way, and a pause that the server asks for stops all calls to it. Judges go before models, so
    that what was answered is judged before more is asked, and of their calls those about the answer that was begun
    first: a verdict that takes several calls is completed before another is begun.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self.limit = float(min(_PROBES, maximum))
        self.busy = 0
        self._proved = False
        self._judges: list[tuple[int, int, asyncio.Future[None]]] = []  # a heap
        self._models: deque[asyncio.Future[None]] = deque()
        self._came = count()
        self._cut_at = 0.0
        self._open_at = 0.0
        self._closed: BaseException | None = None

    async def enter(self, answer: int | None = None) -> None:
        """Wait for a free place.

        Args:
            answer: which answer is judged, numbered as they were begun: the lowest goes first; None where a model is
                asked for one, which goes last.

        Raises:
            BaseException: the one that the gate was closed with.
            asyncio.CancelledError: the caller was cancelled while it waited.
        """
        if self._closed is not None:
            raise self._closed
        if self._free() and not self._judges and (answer is not None or not self._models):
            self.busy += 1
            return
        place = asyncio.get_running_loop().create_future()
        if answer is None:
            self._models.append(place)
        else:
            heappush(self._judges, (answer, next(self._came), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._leave()  # the place was given and is not taken
            raise

    def leave(self) -> None:
        """Give the place back at the end of this turn of the event loop.

        Whose turn it is then starts one turn later: by then what was answered, or the verdict in it, has gone from
        task to task and is with the recorder, which the caller has write before each call. A verdict in several replies
        that were asked for at once is there two turns later.
        """
        asyncio.get_running_loop().call_soon(self._leave)

    def answered(self) -> None:
        """Learn that the server answered."""
        if not self._proved:
            self._proved = True
            self.limit = float(self._maximum)
        elif self.limit < self._maximum:
            self.limit = min(self._maximum, self.limit + 1 / self.limit)

    def overloaded(self, started: float, retry_after_s: float | None) -> None:
        """Learn that a call which started then, by the loop's clock, was one too many."""
        loop = asyncio.get_running_loop()
        if started >= self._cut_at:
            self._cut_at = loop.time()
            self.limit = max(1.0, self.limit / 2)
        if retry_after_s is not None and retry_after_s > 0:
            until = loop.time() + min(retry_after_s, _LONGEST_PAUSE_S)
            if until > self._open_at:
                self._open_at = until
                loop.call_at(until, self._admit)

    def close(self, reason: BaseException) -> None:
        """Let nobody in any more; who waits gets ``reason``."""
        self._closed = reason
        while self._judges or self._models:
            place = self._next()
            if not place.done():
                place.set_exception(reason)

    def _free(self) -> bool:
        return self.busy < int(self.limit) and asyncio.get_running_loop().time() >= self._open_at

    def _leave(self) -> None:
        self.busy -= 1
        self._admit()

    def _admit(self) -> None:
        while (self._judges or self._models) and self._free():
            place = self._next()
            if not place.done():
                self.busy += 1
                place.set_result(None)

    def _next(self) -> asyncio.Future[None]:
        return heappop(self._judges)[-1] if self._judges else self._models.popleft()
