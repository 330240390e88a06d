"""One judge at work: takes answers as they come, and gives out each judgment as soon as it is finished."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from msgspec.structs import asdict

from hantei.engine.stopping import Stop
from hantei.errors import HanteiError, RecordError, RunError
from hantei.judges.base import Ask, Judge, Pair, Stopped, with_own_refusal
from hantei.record_lines import from_dict, from_line, to_line, wrong_number
from hantei.records import Judgment

_BATCH = 512
"""Answers that a judge is given at once, at most."""
_ROOM = 1024
"""Answers that a judge is at work on at once, at most, and for each process that judges so many more: that bounds the
memory, and who hands more has to wait."""
_EACH = 256


class JudgeWorker:
    """Hands all answers that one turn of the event loop brought to a judge as one batch; many batches go at a time."""

    def __init__(
        self,
        judge: Judge,
        ask: Ask,
        tasks: asyncio.TaskGroup,
        stop: Stop,
        done: Callable[[int, Judgment, bool], None],
        workers: int = 1,
    ) -> None:
        """Set the worker up.

        Args:
            judge: who judges.
            ask: makes the judge's calls.
            tasks: where the work runs.
            stop: ends it with the run.
            done: takes the number of an answer, a judgment of it, and whether it is the first one.
            workers: how many processes judge.
        """
        self._judge, self._ask, self._tasks, self._stop, self._done = judge, ask, tasks, stop, done
        self._sound = getattr(getattr(judge, "classifier", None), "sound", False)
        self._room = asyncio.Semaphore(_ROOM + (workers - 1) * _EACH)
        self._new: list[tuple[int, Pair]] = []
        self._due = False

    async def hand(self, number: int, pair: Pair) -> None:
        """Hand in an answer by its number; wait for room where the judge has enough to do."""
        await self._room.acquire()
        self._new.append((number, pair))
        if len(self._new) >= _BATCH:
            self.start()
        elif not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self.start)

    def start(self) -> None:
        """Start on what was handed in."""
        new, self._new, self._due = self._new, [], False
        if new:
            left = {pair[1].id for _, pair in new}
            work = self._tasks.create_task(self._work(new, left))
            # Not at the end of the work itself: one that is cancelled before it begins has no end.
            work.add_done_callback(lambda _work: self._make_room(len(left)))
            self._stop.guard(work)

    def finish(self) -> None:
        """Start on what was handed in; nobody hands in more, which a judge that waits for more is told."""
        self.start()
        if hurry := getattr(self._judge, "hurry", None):
            asyncio.get_running_loop().call_soon(hurry)  # it gets what was handed in first

    async def _work(self, batch: list[tuple[int, Pair]], left: set[str]) -> None:
        given = {pair[1].id: (number, pair[1]) for number, pair in batch}
        judgments: Any = self._judge.judge([pair for _, pair in batch], self._ask)
        if not isinstance(judgments, AsyncGenerator):
            what = f"judge(pairs, ask) gave {type(judgments).__name__}"
            raise RunError(f"judge {self._judge.name}: {what}: expected an async def that yields each Judgment")
        # What a judge that paused left out is judged when the run is resumed.
        with suppress(Stopped), told(self._judge.name):
            async with aclosing(judgments):
                async for judgment in judgments:
                    if not self._sound:
                        judgment = checked(self._judge.name, judgment)
                    identity = judgment.response_id
                    if identity not in given:
                        raise RunError(f"judge {self._judge.name} judged '{identity}', which it was not given")
                    number, response = given[identity]
                    self._done(number, with_own_refusal(judgment, response), identity in left)
                    if identity in left:
                        left.remove(identity)
                        self._make_room(1)

    def _make_room(self, answers: int) -> None:
        for _ in range(answers):
            self._room.release()


@contextmanager
def told(judge: str) -> Iterator[None]:
    """Tell what a judge raises as its fault, in a line that names it.

    Raises:
        HanteiError: the judge did.
        OSError: the judge did.
        Stopped: the judge did.
        RunError: it raised anything else.
    """
    try:
        yield
    except (HanteiError, OSError, Stopped):
        raise
    except Exception as error:
        raise RunError(f"judge {judge} raised {type(error).__name__}: {error}") from error


def checked(judge: str, judgment: Any) -> Judgment:
    """Return a judgment as it will be read again, NumPy's numbers as Python's.

    Raises:
        RunError: it is none, is another judge's, holds a value that its field cannot have, or a verdict beside a status
            that says there is none. A judge of the user's own is mended before anything is written.
    """
    if not isinstance(judgment, Judgment):
        raise RunError(f"judge {judge}: expected a Judgment, got {type(judgment).__name__}")
    where = f"judge {judge}, answer '{judgment.response_id}'"
    if judgment.judge != judge:
        raise RunError(f"{where}: the judgment carries the name of '{judgment.judge}'")
    if judgment.status != "ok" and judgment.unsafe is not None:
        raise RunError(f"{where}: expected no verdict with the status '{judgment.status}'")
    try:
        return from_dict(Judgment, asdict(judgment))
    except RecordError:
        pass  # perhaps only NumPy's numbers, which its line makes Python's
    if problem := wrong_number(judgment):  # before a line makes null of what is no number
        raise RunError(f"{where}: {problem}")
    try:
        return from_line(Judgment, to_line(judgment))
    except RecordError as error:
        raise RunError(f"{where}: {error}") from None
