"""The first replies of a judge: where none of them can be read it pauses before all the others are paid for."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from hantei.judges.base import Ask, Judge, Pair, Stopped
from hantei.judges.calibrated import CalibratedJudge
from hantei.judges.rereading import REREADS
from hantei.models.http_errors import clean
from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from hantei.models.base import Model, Request

ENOUGH = 20
"""So many replies of which none could be read mean that the judge's model does not fit its card."""

_EACH = REREADS + 1
"""Replies that one answer may take."""

_READ, _UNREAD = ("ok", "abstained"), ("unparsed", "truncated")
_SHOWN = 200
"""Characters of a reply that the message shows."""

_HINTS = {
    "judge refused": "Ask a model that judges such texts, as guard models do (hantei judges list)",
    "only reasoning": "Turn the model's reasoning off, or let it come to an end with a higher ?max_tokens= in its name",
    "judge cut off": "Give the model a higher ?max_tokens= in its name, or turn its reasoning off",
    "empty reply": "See whether the server answers this model with the right chat template",
    "unparsed": "See whether the judge's card is made for this model (hantei judges list)",
}


def on_trial(judge: Judge, paused: Callable[[str], None]) -> Judge:
    """Return a judge that begins with few answers; of a cascade each judge that asks a model does.

    Args:
        judge: the judge.
        paused: is told once why it pauses: none of its first replies could be read.
    """
    if isinstance(judge, CalibratedJudge):
        return dataclasses.replace(judge, inner=on_trial(judge.inner, paused))
    if judge.outline().get("cascade"):
        from hantei.judges.cascade.judge import Cascade  # loads NumPy

        if not isinstance(judge, Cascade):  # a judge of the user's own that says so
            return judge
        cheap, expensive = on_trial(judge.cheap, paused), on_trial(judge.expensive, paused)
        return dataclasses.replace(judge, cheap=cheap, expensive=expensive)
    return JudgeOnTrial(judge, Trial(judge.name, paused)) if judge.models else judge


@dataclasses.dataclass(frozen=True, slots=True)
class JudgeOnTrial:
    """A judge that is given few answers until one of its replies was read; once it has paused, none."""

    inner: Judge
    trial: Trial

    @property
    def name(self) -> str:
        """The judge's name."""
        return self.inner.name

    @property
    def card_hash(self) -> str:
        """The judge's hash."""
        return self.inner.card_hash

    @property
    def models(self) -> Sequence[Model]:
        """The models that the judge asks."""
        return self.inner.models

    def outline(self) -> dict[str, Any]:
        """Return what the judge says of itself."""
        return self.inner.outline()

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        """Return what the judge asks about a pair."""
        return self.inner.requests(prompt, response)

    async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judge's judgments, a few answers at a time while it is on trial.

        Raises:
            Stopped: it pauses, or the run stops.
        """
        rest = list(pairs)
        while rest:
            count = await self.trial.enter(len(rest))
            portion, rest = rest[:count], rest[count:]
            try:
                async for judgment in self.inner.judge(portion, ask):
                    self.trial.judged(judgment)
                    yield judgment
            finally:
                self.trial.leave(count)


class Trial:
    """Lets a judge begin with as few answers as can show whether its replies are read, and with all once one was."""

    def __init__(self, judge: str, paused: Callable[[str], None]) -> None:
        self._judge, self._paused = judge, paused
        self._over = self._failed = False
        self._out = 0
        self._replies = 0
        self._reasons: Counter[str] = Counter()
        self._last = ""
        self._moved = asyncio.Event()

    async def enter(self, wanted: int) -> int:
        """Wait until more answers may be judged, and return how many of those wanted.

        Raises:
            Stopped: the first replies say that no more should be.
        """
        while not self._over and (room := ENOUGH - self._replies - self._out * _EACH) <= 0:
            if self._replies >= ENOUGH:
                self._fail()
            self._moved.clear()
            await self._moved.wait()
        count = wanted if self._over else min(wanted, -(-room // _EACH))
        self._out += count
        return count

    def leave(self, answers: int) -> None:
        """Learn that so many answers that entered are judged, or will not be."""
        self._out -= answers
        self._moved.set()

    def judged(self, judgment: Judgment) -> None:
        """Learn what came of an answer: one reply that was read ends the trial."""
        if self._over or not judgment.attempts:
            return
        if judgment.status in _READ:
            self._over = True
            self._moved.set()
        elif judgment.status in _UNREAD:
            self._replies += len(judgment.attempts)
            self._reasons[judgment.reason or judgment.status] += 1
            self._last = next((text for text in reversed(judgment.attempts) if text.strip()), "")

    def _fail(self) -> None:
        if not self._failed:
            self._failed = True
            self._paused(self._message())
        raise Stopped

    def _message(self) -> str:
        why = ", ".join(f"{count} {reason}" for reason, count in self._reasons.most_common())
        one = f'; one of them: "{clean(self._last)[:_SHOWN]}"' if self._last else ""
        hint = _HINTS.get(self._reasons.most_common(1)[0][0], _HINTS["unparsed"])
        return (
            f"paused: of the first {self._replies} replies of judge {self._judge} none could be read ({why}){one}. "
            f"{hint}. What was answered is kept: give the same command with another --judge, or with --keep-going to "
            "judge on with this one"
        )
