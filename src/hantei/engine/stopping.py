"""When a run stops before its end: nothing works, the money or the time is spent, or somebody pressed Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat

from hantei.engine.gate import Line
from hantei.engine.limits import Limits
from hantei.errors import RunError
from hantei.event_loop import on_ctrl_c
from hantei.judges.base import Stopped
from hantei.models.base import CallError

_HOPELESS_AT_FIRST = 10
"""So many requests that a server refuses (no such model, bad request) with none answered mean that none will be."""

_FAILED_AT_FIRST = 12
_QUOTA_PATIENCE_S = 300.0
"""How long a server that never answered may say "too many requests": an exhausted quota says so forever."""

_JUDGING_S = 5.0
"""How long a judge may go on with what was answered when a run stops; a slow one goes on when it is resumed."""

_ENDS = (".", "!", "?", "\u3002", "\uff01", "\uff1f")
"""What a sentence ends with, in Japanese and Chinese too."""

AGAIN = "; the same command goes on from there"
"""Ends the reason of every stop after which that is so."""
_BY_HAND = "stopped by hand (Ctrl-C)" + AGAIN

_HINTS = {
    "auth": "check the key",
    "not-found": "check the name of the model and its base_url",
    "bad-request": "check the name of the model and its settings",
    "connection": "check that the server runs and that base_url is right",
    "timeout": "check that the server runs, or give it more time with --timeout",
    "rate-limit": "check the quota of the account",
}


class Stop:
    """The one place that says whether the run goes on, and why not.

    ``reason`` is None while it does; it ends with what to do to go on. ``error`` is what to raise once everything is
    written: None where the run stopped as it was told to (money, time).
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.error: BaseException | None = None
        self._event = asyncio.Event()
        self._lines: list[Line] = []
        self._deadlines: set[asyncio.Timeout] = set()
        self._judging: set[asyncio.Task[None]] = set()
        self._ended = False

    def watch(self, line: Line) -> None:
        """Close this line when the run stops."""
        self._lines.append(line)

    def guard(self, judging: asyncio.Task[None]) -> None:
        """Cancel this work of a judge when the run stops and the judge is not done soon."""
        if self._ended:
            judging.cancel()
        self._judging.add(judging)
        judging.add_done_callback(self._judging.discard)

    @contextmanager
    def within_grace(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Hold a call whose deadline comes forward, to the end of the time of grace, when the run stops."""
        self._deadlines.add(deadline)
        try:
            yield
        finally:
            self._deadlines.discard(deadline)

    def stop(self, reason: str, error: BaseException | None = None, grace_s: float | None = None) -> None:
        """Take no new work. Calls in flight get ``grace_s`` seconds, None for as long as they take."""
        if self.reason is None:
            self.reason, self.error = reason, error
            self._event.set()
            for line in self._lines:
                line.close(Stopped(reason))
        if grace_s is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(grace_s, self._end_grace)
            loop.call_later(max(grace_s, _JUDGING_S), self._cancel)

    async def wait(self) -> None:
        """Wait until the run stops."""
        await self._event.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep, unless the run stops.

        Raises:
            Stopped: it does.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wait()
        self.check()

    def check(self) -> None:
        """Raise ``Stopped`` if the run stops.

        Raises:
            Stopped: it does, with the reason.
        """
        if self.reason is not None:
            raise Stopped(self.reason)

    def _end_grace(self) -> None:
        _end_now(self._deadlines)

    def _cancel(self) -> None:
        self._ended = True
        for judging in self._judging:
            judging.cancel()

    @contextmanager
    def on_interrupt(self, grace_s: float) -> Iterator[None]:
        """Let Ctrl-C stop the run cleanly; a second one ends it at once."""
        loop = asyncio.get_running_loop()
        graces = chain([grace_s], repeat(0.0))

        def pressed() -> None:
            loop.call_soon_threadsafe(self.stop, _BY_HAND, KeyboardInterrupt(), next(graces))

        with on_ctrl_c(pressed):
            yield


def _end_now(deadlines: Collection[asyncio.Timeout]) -> None:
    now = asyncio.get_running_loop().time()
    for deadline in deadlines:
        if not deadline.expired():
            deadline.reschedule(now)


class Breaker:
    """Gives up a model that does not work at all: a wrong key, a wrong name, a server that is gone.

    Its calls end then, those in flight too, as all calls do when the run stops.
    """

    def __init__(self, limits: Limits, stop: Stop, gave_up: Callable[[str], None]) -> None:
        """Set the breaker of a model up.

        Args:
            limits: when it is given up.
            stop: ends its calls with the run.
            gave_up: is told once why the model is given up.
        """
        self._limits, self._stop, self._gave_up = limits, stop, gave_up
        self._given_up: str | None = None
        self._deadlines: set[asyncio.Timeout] = set()
        self._ever = False
        self._row = 0
        self._lost = 0
        self._since = 0.0
        self._last = ""

    def answered(self) -> None:
        """Learn that a call was answered."""
        self._ever, self._row, self._lost = True, 0, 0

    def failed(self, error: CallError, for_good: bool, who: str) -> None:
        """Learn that a call failed; ``for_good`` where it will not be tried again. ``who`` names what was called."""
        now = asyncio.get_running_loop().time()
        if self._row == 0:
            self._since = now
        self._row += 1
        self._lost += for_good
        self._last = self._told(error, who)
        if self._lost >= self._limits.failed_in_a_row or (not self._ever and self._hopeless(error, now - self._since)):
            self._give_up()

    def check(self) -> None:
        """Raise ``Stopped`` if no more calls are to be made.

        Raises:
            Stopped: the run stops, or the model was given up.
        """
        self._stop.check()
        if self._given_up is not None:
            raise Stopped(self._given_up)

    @contextmanager
    def holding(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Hold a call whose deadline comes forward when the model is given up, or when the run stops."""
        self._deadlines.add(deadline)
        try:
            with self._stop.within_grace(deadline):
                yield
        finally:
            self._deadlines.discard(deadline)

    async def sleep(self, seconds: float) -> None:
        """Sleep, unless the model is given up or the run stops.

        Raises:
            Stopped: one of them.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds) as deadline:
                with self.holding(deadline):
                    await self._stop.wait()
        self.check()

    def never_worked(self) -> RunError | None:
        """Return the error of a model of which no call worked and some failed for good, None for any other."""
        return None if self._ever or not self._lost else RunError(self._last)

    def _give_up(self) -> None:
        if self._given_up is None:
            self._given_up = self._last
            _end_now(self._deadlines)
            self._gave_up(self._last)

    def _hopeless(self, error: CallError, seconds: float) -> bool:
        if error.failure == "auth":
            return True
        if error.failure in ("not-found", "bad-request"):
            return self._row >= _HOPELESS_AT_FIRST
        patience = _QUOTA_PATIENCE_S if error.failure == "rate-limit" else self._limits.patience_s
        return self._row >= _FAILED_AT_FIRST and seconds >= patience

    def _told(self, error: CallError, who: str) -> str:
        hint = _HINTS.get(error.failure, "see the message of the server")
        if self._row > 1:
            worked = "without one that worked" if self._ever else "and none worked"
            calls = f"{self._row:,} calls in a row failed {worked}; the last"
        else:
            calls = "a call failed" if self._ever else "the first call failed"
        said = str(error)
        return f"{who}: {calls}: {said}{'' if said.endswith(_ENDS) else '.'} {hint[0].upper()}{hint[1:]}{AGAIN}"
