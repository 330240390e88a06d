"""What a run has done so far: counts, tokens, money and failures, and a line on the terminal that shows them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hantei.finish import finish_status
from hantei.models.base import CallError
from hantei.models.http_errors import clean
from hantei.runs.info import Did, Step, now
from hantei.version import __version__

_REASON = 160
"""Characters of a failure's text that a line shows."""

_FINISH, _MOST_UNKNOWN = 40, 10
"""Characters of a finish reason that is not known, and how many of them are told of."""

_PATIENCE_S = 2.0
_REFRESH_S = 0.25


def dollars(amount: float | None) -> str:
    """Return money as people read it; a small amount is not rounded to nothing, an unknown one is not nought."""
    if amount is None:
        return "cost unknown"
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.2g}"


def peak_memory_mb() -> float | None:
    """Return the most memory that this process has had, in MiB; None where the operating system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


@dataclass(slots=True)
class Meter:
    """Counts of one run.

    ``spent`` is in US dollars; ``unpriced`` counts calls whose price is not known; ``spent_before`` is what the
    ``paid_before`` records of a resumed run had cost. ``reasons`` holds the text of the last failure of each kind,
    ``unknown_finishes`` what servers gave as the end of an answer and ``hantei.finish`` does not know.
    """

    to_answer: int = 0
    to_judge: int = 0
    answered: int = 0
    judged: int = 0
    calls: int = 0
    cached: int = 0
    unpriced: int = 0
    spent: float = 0.0
    paid_before: int = 0
    spent_before: float = 0.0
    tokens: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    unknown_finishes: dict[str, None] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def called(self, usage: Mapping[str, int], cost: float | None) -> None:
        """Count a call that was answered."""
        self.calls += 1
        self.tokens.update(usage)
        if cost is None:
            self.unpriced += 1
        else:
            self.spent += cost

    def finished(self, reason: str | None) -> None:
        """Keep why an answer ended where that is not known, a few at most: its answer counts as whole."""
        if finish_status(reason) is None and len(self.unknown_finishes) < _MOST_UNKNOWN:
            self.unknown_finishes[clean(reason or "")[:_FINISH]] = None

    def failed(self, error: CallError) -> None:
        """Count a call that failed, whether or not it is tried again."""
        self.failures[error.failure] += 1
        self.reasons[error.failure] = error.text

    @property
    def total(self) -> float:
        """What the run cost so far, in US dollars, before it was resumed included."""
        return self.spent_before + self.spent

    @property
    def mean_cost(self) -> float:
        """What a call cost so far, in US dollars; 0 before the first."""
        return self.total / max(1, self.paid_before + self.calls)

    @property
    def cost(self) -> float | None:
        """What this run's calls cost, in US dollars; None where the price of any is not known."""
        return None if self.unpriced else self.spent

    def step(self, did: Did, judges: tuple[str, ...], refused_settings: tuple[str, ...], stopped: str | None) -> Step:
        """Return what ``run.json`` keeps of the work.

        Args:
            did: what was done.
            judges: those that judged.
            refused_settings: what the server did not take.
            stopped: why it ended early, None where it did not.
        """
        return Step(
            did=did,
            created=now(),
            hantei=__version__,
            judges=judges,
            answered=self.answered,
            judged=self.judged,
            calls=self.calls,
            cached=self.cached,
            tokens=dict(self.tokens),
            cost=self.cost,
            failures=dict(self.failures),
            seconds=round(time.monotonic() - self.started, 1),
            peak_memory_mb=peak_memory_mb(),
            refused_settings=refused_settings,
            stopped=stopped,
        )

    def line(self) -> str:
        """Return tokens, cost and failures as people read them, with what the last failure of each kind said."""
        return self._line(self.reasons)

    def short_line(self) -> str:
        """Return the line without what the failures said."""
        return self._line({})

    def _line(self, reasons: Mapping[str, str]) -> str:
        tokens = f"{self.tokens['input']:,} + {self.tokens['output']:,} tokens"
        failures = ", ".join(
            f"{count:,} {kind}" + (f" (the last: {_cut(reasons[kind])})" if kind in reasons else "")
            for kind, count in self.failures.most_common()
        )
        return f"{self.calls:,} calls, {tokens}, {dollars(self.cost)}" + (
            f"; failed calls: {failures}" if failures else ""
        )


def _cut(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _REASON else text[: _REASON - 3].rstrip() + "..."


class Display:
    """Shows a meter on a terminal after two seconds; nothing where nobody watches."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._live: Any = None
        self._next = time.monotonic() + _PATIENCE_S
        self._watched = sys.stderr.isatty()

    def refresh(self) -> None:
        """Show the present state, at most a few times a second."""
        if not self._watched or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _REFRESH_S
        if self._live is None:
            self._live = self._start()
        for task, (done, total) in zip(self._live.task_ids, self._counts().values(), strict=True):
            rate = done / (time.monotonic() - self._meter.started)
            self._live.update(task, completed=done, total=total, rate=f"{rate:,.1f}/s")
        if self._meter.calls or self._meter.failures:
            self._live.update(self._live.task_ids[-1], what=self._meter.short_line())

    def close(self) -> None:
        """Leave the last state on the terminal."""
        if self._live is not None:
            self._next = 0.0
            self.refresh()
            self._live.stop()

    def _counts(self) -> dict[str, tuple[int, int]]:
        meter = self._meter
        counts = {"answers": (meter.answered, meter.to_answer), "verdicts": (meter.judged, meter.to_judge)}
        return {name: count for name, count in counts.items() if count[1]}

    def _start(self) -> Any:
        from rich import progress
        from rich.console import Console

        live = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=24),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TextColumn("left"),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[what]}", markup=False),
            console=Console(stderr=True),
            speed_estimate_period=120,
        )
        for name, (_, total) in self._counts().items():
            live.add_task(name, total=total, rate="", what="")
        live.start()
        return live
