"""Calls of a model outside a run folder: one caller, closed with its model, whose early end is one error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hantei.engine.caller import Caller, PriceLookup
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.engine.stopping import Stop
from hantei.errors import RunError
from hantei.judges.base import Stopped
from hantei.models.base import Model


@asynccontextmanager
async def calling(model: Model, limits: Limits, price: PriceLookup, meter: Meter) -> AsyncIterator[Caller]:
    """Hold what makes the calls; Ctrl-C ends them.

    Args:
        model: who is asked; it is closed at the end.
        limits: connections, money, time, retries.
        price: model's name and usage to US dollars.
        meter: counts what is called, and what it costs.

    Raises:
        RunError: the calls ended early, or none worked.
        KeyboardInterrupt: Ctrl-C.
    """
    stop = Stop()
    caller = Caller(limits, price, meter, stop)
    try:
        with stop.on_interrupt(limits.grace_s):
            yield caller
        if error := caller.nothing_worked():
            raise error
    except Stopped:
        raise (stop.error or RunError(f"stopped: {stop.reason}")) from None
    finally:
        caller.close()
        await model.close()
