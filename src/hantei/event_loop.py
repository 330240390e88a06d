"""Work beside an event loop that runs, as in a notebook or a server: in another thread, to which Ctrl-C comes, too."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial, wraps
from types import FrameType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


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
        before = signal.signal(signal.SIGINT, lambda _signal, _frame: self.press())
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

    def press(self) -> None:
        """Pass Ctrl-C on, or what is as good: nobody waits for the work any more."""
        self._pressed = True
        listener = self._listener
        if listener is not None:
            listener()


_ELSEWHERE: ContextVar[Interrupt] = ContextVar("elsewhere")
"""What brings Ctrl-C to the work at hand where that is not done in the main thread."""


@contextmanager
def on_ctrl_c(pressed: Callable[[], None]) -> Iterator[None]:
    """Call ``pressed`` at Ctrl-C meanwhile, whichever thread this is; on the main one a second Ctrl-C ends at once."""
    if threading.current_thread() is not threading.main_thread():
        with _ELSEWHERE.get(Interrupt()).passed_on(pressed):
            yield
        return

    def once(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed()

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def outside_of_loop(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, which runs an event loop of its own: in another thread where one runs in this."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    interrupt = Interrupt()
    with interrupt.heard(), ThreadPoolExecutor(1) as thread:
        return thread.submit(_interrupted_by, interrupt, work).result()


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, in an event loop of its own."""
    return outside_of_loop(partial(asyncio.run, work))


def awaited(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return the asynchronous twin of a function: it works in a thread, and the event loop goes on meanwhile.

    Where what awaits it is cancelled, the work ends as on Ctrl-C: what is finished is kept.
    """

    @wraps(function)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        interrupt = Interrupt()
        call = partial(_interrupted_by, interrupt, partial(function, *args, **kwargs))
        work = asyncio.get_running_loop().run_in_executor(None, call)
        cancelled = False
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError:
                cancelled = True
                interrupt.press()
        if cancelled and isinstance(work.exception(), KeyboardInterrupt):
            raise asyncio.CancelledError
        return work.result()

    twin.__name__ = twin.__qualname__ = f"a{function.__name__}"
    twin.__doc__ = f"Do what ``{function.__name__}`` does without holding up the event loop, and return the same."
    return twin


def _interrupted_by(interrupt: Interrupt, work: Callable[[], T]) -> T:
    context = copy_context()
    context.run(_ELSEWHERE.set, interrupt)
    return context.run(work)
