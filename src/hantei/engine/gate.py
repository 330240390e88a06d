"""A gate for each server, which learns how many calls at a time the server takes, and the line before the gates."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count

_PROBES = 4
"""Calls in flight before a server has given its first answer: a wrong key costs so many calls, not a full house."""

_LONGEST_PAUSE_S = 300.0
"""A server that asks for a longer pause than this is asked again after this."""

_FIRST_REST_S, _LONGEST_REST_S = 1.0, 60.0
"""How long a server that does not work is left out at first, where others work; doubled each time."""

_MOST_FAILURES = 4
"""Failed calls in a row after which a server that answers does not work either."""

_CAME = count()
_WaitingCall = asyncio.Future["Gate"]


class Gate:
    """Lets calls to one server through: additive increase, multiplicative decrease (Chiu and Jain, 1989).

    Every answer raises the limit by a fraction that makes one more call a round; an overload halves it, once for all
    calls that were under way, and a pause that the server asks for stops all calls to it. Who waits for a place stands
    in a ``Line``: the gate's own, or several where several models are on its server.
    """

    def __init__(self, maximum: int, server: str = "") -> None:
        self._maximum, self.server = maximum, server
        self.limit = float(min(_PROBES, maximum))
        self.busy = 0
        self.lines: list[Line] = []
        self._proved = False
        self._failures = self._rests = 0
        self._cut_at = 0.0
        self._open_at = 0.0

    def is_free(self) -> bool:
        """Whether a call may go now."""
        return self.busy < int(self.limit) and not self.is_closed()

    def is_closed(self) -> bool:
        """Whether no call goes now, however few are under way: the server asked for a pause, or rests."""
        return asyncio.get_running_loop().time() < self._open_at

    def leave(self) -> None:
        """Give the place of a judge's call back at the end of this turn of the event loop.

        Whose turn it is then starts one turn later: by then the verdict in the reply has gone from task to task and is
        with the recorder, which the caller has write before each call. A verdict in several replies that were asked for
        at once is there two turns later.
        """
        asyncio.get_running_loop().call_soon(self.leave_now)

    def leave_now(self) -> None:
        """Give the place back, to whoever is next: one turn of the event loop later it calls."""
        self.busy -= 1
        self.admit()

    def admit(self) -> None:
        """Give the free places to who waits, the lines' first in the order in which they came there."""
        while self.is_free():
            lines = [line for line in self.lines if line.waiting()]
            if not lines:
                return
            min(lines, key=Line.turn).admit(self)

    def answered(self) -> None:
        """Learn that the server answered."""
        self._failures = self._rests = 0
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
            self._close_for(min(retry_after_s, _LONGEST_PAUSE_S))

    def failed(self, dead: bool) -> None:
        """Learn that a call failed where others work; a server that is ``dead``, or fails again and again, rests.

        After its rest it is tried with one call.
        """
        self._failures += 1
        if self.is_closed() or not (dead or self._failures >= _MOST_FAILURES):
            return
        self._proved, self.limit = False, 1.0
        self._close_for(min(_LONGEST_REST_S, _FIRST_REST_S * 2.0 ** min(self._rests, 30)))
        self._rests += 1

    def _close_for(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until > self._open_at:
            self._open_at = until
            loop.call_at(until, self.admit)


class Line:
    """The calls that wait for any of the gates of some servers; a free place goes to the first, at the least busy gate.

    Judges go before models, so that what was answered is judged before more is asked, and of their calls those about
    the answer that was begun first: a verdict that takes several calls is completed before another is begun.
    """

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._judges: list[tuple[int, int, _WaitingCall]] = []  # a heap
        self._models: deque[tuple[int, _WaitingCall]] = deque()
        self._closed: BaseException | None = None
        self._gates: Sequence[Gate] = ()
        self.at(gates)

    def at(self, gates: Sequence[Gate]) -> None:
        """Wait at these gates from now on; calls under way elsewhere end as they do."""
        for gate in self._gates:
            gate.lines.remove(self)
        self._gates = gates
        for gate in gates:
            gate.lines.append(self)
            if self.waiting():
                gate.admit()

    async def enter(self, answer: int | None = None) -> Gate:
        """Wait for a free place and return the gate at which it is.

        Args:
            answer: which answer is judged, numbered as they were begun: the lowest goes first; None where a model is
                asked for one, which goes last.

        Raises:
            BaseException: the one that the line was closed with.
            asyncio.CancelledError: the caller was cancelled while it waited.
        """
        if self._closed is not None:
            raise self._closed
        if not self._judges and (answer is not None or not self._models) and (gate := self._least_busy()):
            gate.busy += 1
            return gate
        place: _WaitingCall = asyncio.get_running_loop().create_future()
        if answer is None:
            self._models.append((next(_CAME), place))
        else:
            heappush(self._judges, (answer, next(_CAME), place))
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                place.result().leave_now()  # the place was given and is not taken
            raise

    def waiting(self) -> bool:
        """Whether somebody waits."""
        return bool(self._judges or self._models)

    def turn(self) -> tuple[bool, int, int]:
        """Return what orders lines by who of them is next: judges by their answer, then models as they came."""
        return (False, *self._judges[0][:2]) if self._judges else (True, self._models[0][0], 0)

    def admit(self, gate: Gate) -> None:
        """Give the next one who still waits a place at a gate that has one."""
        while self.waiting():
            place = self._next()
            if not place.done():
                gate.busy += 1
                place.set_result(gate)
                return

    def others_open(self, gate: Gate) -> bool:
        """Whether a call that failed at this gate may go to another one now."""
        return any(not other.is_closed() for other in self._gates if other is not gate)

    def close(self, reason: BaseException) -> None:
        """Let nobody in any more; who waits gets ``reason``."""
        self._closed = reason
        while self.waiting():
            place = self._next()
            if not place.done():
                place.set_exception(reason)

    def _least_busy(self) -> Gate | None:
        if len(self._gates) == 1:
            return self._gates[0] if self._gates[0].is_free() else None
        free = [gate for gate in self._gates if gate.is_free()]
        return min(free, key=lambda gate: gate.busy / gate.limit) if free else None

    def _next(self) -> _WaitingCall:
        return heappop(self._judges)[-1] if self._judges else self._models.popleft()[-1]
