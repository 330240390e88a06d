"""The first replies of a judge: where none of them can be read, the run pauses before all the others are paid for."""

from __future__ import annotations

import asyncio
from collections import Counter

from hantei.engine.stopping import Stop
from hantei.errors import RunError
from hantei.judges.rereading import REREADS
from hantei.models.http_errors import clean
from hantei.records import Judgment

ENOUGH = 20
"""So many replies of which none could be read mean that the judge's model does not fit its card."""

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


class Trial:
    """Lets a judge begin with as few answers as can show whether its replies are read, and with all once one was."""

    def __init__(self, judge: str, stop: Stop) -> None:
        self._judge, self._stop = judge, stop
        self._over = False
        self._out = 0
        self._replies = 0
        self._reasons: Counter[str] = Counter()
        self._last = ""
        self._moved = asyncio.Event()

    async def enter(self) -> None:
        """Wait until one more answer may be judged; pause the run where the first replies say that none should be."""
        while not self._over and self._replies + self._out * (REREADS + 1) >= ENOUGH:
            if self._replies >= ENOUGH:
                self.end()
                message = self._message()
                self._stop.stop(message, RunError(message))
                return
            self._moved.clear()
            await self._moved.wait()
        self._out += 1

    def leave(self, answers: int = 1) -> None:
        """Learn that so many answers that entered are judged, or will not be."""
        self._out -= answers
        self._moved.set()

    def judged(self, judgment: Judgment) -> None:
        """Learn what came of an answer: one reply that was read ends the trial."""
        if self._over or not judgment.attempts:
            return
        if judgment.status in _READ:
            self.end()
        elif judgment.status in _UNREAD:
            self._replies += len(judgment.attempts)
            self._reasons[judgment.reason or judgment.status] += 1
            self._last = next((text for text in reversed(judgment.attempts) if text.strip()), "")

    def end(self) -> None:
        """Hold nothing back from now on."""
        self._over = True
        self._moved.set()

    def _message(self) -> str:
        why = ", ".join(f"{count} {reason}" for reason, count in self._reasons.most_common())
        one = f'; one of them: "{clean(self._last)[:_SHOWN]}"' if self._last else ""
        hint = _HINTS.get(self._reasons.most_common(1)[0][0], _HINTS["unparsed"])
        return (
            f"paused: of the first {self._replies} replies of judge {self._judge} none could be read ({why}){one}. "
            f"{hint}. What was answered is kept: give the same command with another --judge, or with --keep-going to "
            "judge on with this one"
        )
