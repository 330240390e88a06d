"""Ctrl-C for a run that is carried out in another thread than the main one, as in a notebook."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Carries Ctrl-C, which Python gives to the main thread alone, to the thread that a run is carried out in."""

    def __init__(self) -> None:
        self._listener: Callable[[], None] | None = None
        self._pressed = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear Ctrl-C meanwhile; in another thread than the main one there is none to be heard."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def passed_on(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call ``listener`` at each Ctrl-C meanwhile, and at once where there was one before."""
        self._listener = listener
        if self._pressed:
            listener()
        try:
            yield
        finally:
            self._listener = None

    def _press(self, _signal: int, _frame: FrameType | None) -> None:
        self._pressed = True
        listener = self._listener
        if listener is not None:
            listener()
