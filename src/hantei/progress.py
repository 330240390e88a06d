"""Progress of long work on the terminal: nothing for two seconds, nothing at all where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

Say = Callable[[str], None]
"""Takes one line for people."""

_PATIENCE_SECONDS = 2.0


class Progress:
    """Counts work done and, after two seconds on a terminal, shows how much, how fast and how long still."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._done = 0
        self._started = time.monotonic()
        self._live: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def advance(self, count: int) -> None:
        """Count ``count`` more units as done."""
        self._done += count
        if self._live is None and time.monotonic() - self._started > _PATIENCE_SECONDS and sys.stderr.isatty():
            self._live = self._start()
        if self._live is not None:
            rate = self._done / (time.monotonic() - self._started)
            self._live.update(self._live.task_ids[0], completed=self._done, rate=f"{rate:,.0f}/s")

    def _start(self) -> Any:
        from rich import progress
        from rich.console import Console

        live = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TextColumn("left"),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        live.add_task(self._what, total=self._total, rate="")
        live.start()
        return live
