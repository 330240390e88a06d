"""One call that does not give up too soon: cache, gate, timeout, retries with backoff, and what it cost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from hantei.engine.cache import ReplyCache, call_key
from hantei.engine.gate import Gate, Line
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter, dollars
from hantei.engine.servers import Servers
from hantei.engine.stopping import Breaker, Stop
from hantei.errors import RunError
from hantei.judges.base import Ask, Named, PricedReply, Stopped, begun
from hantei.models.base import RETRIED, CallError, Model, Reply, Request
from hantei.models.pool import member

_AFFORD_S = 0.02
"""How often a call that may be one too many for the budget looks again."""
_DEAD = ("connection", "timeout", "auth", "not-found")
"""Failures by which one of several servers is known not to work; others may be the request's, a few times."""
_GO_ON = "to go on from there, give the same command"

PriceLookup = Callable[[str, Mapping[str, int]], float | None]
"""Model's name and usage to US dollars, None where the price is not known."""


def _nothing() -> None:
    """Nothing was finished that has to be written."""


def no_price(_model: str, _usage: Mapping[str, int]) -> float | None:
    """Return None: no price is known."""
    return None


def money_is_spent(most: float, spent: float) -> str:
    """Return why a run stops that may cost ``most`` US dollars and has cost ``spent``."""
    return f"the limit of --max-cost {most:g} is reached: {dollars(spent)} spent; {_GO_ON} with a higher --max-cost"


class Caller:
    """Makes all calls of a run, to whatever models and judges; connections are counted for each server."""

    def __init__(
        self,
        limits: Limits,
        price: PriceLookup,
        meter: Meter,
        stop: Stop,
        before_call: Callable[[], None] = _nothing,
        gave_up: Callable[[str, str], None] | None = None,
    ) -> None:
        """Set the caller up.

        Args:
            limits: connections, money, time, retries.
            price: model's name and usage to US dollars.
            meter: counts what is called, and what it costs.
            stop: ends the calls with the run.
            before_call: writes what was finished, so that nothing paid for waits while another call is under way.
            gave_up: is told the name of a model that does not work at all, and why; None to stop everything.
        """
        self._before_call, self._gave_up = before_call, gave_up or self._stop_all
        self._limits, self._price, self._meter, self._stop = limits, price, meter, stop
        self._servers = Servers(limits.max_connections, stop)
        self._breakers: dict[str, Breaker] = {}
        self._cache = ReplyCache(limits.cache) if limits.cache else None
        self._out = 0
        self._jitter = random.Random()  # noqa: S311 - spreads retries; no result depends on it

    async def call(self, model: Model, request: Request, sample: int = 0, judge: Named | None = None) -> PricedReply:
        """Return the reply to a request, asked as often as it takes within the limits.

        Args:
            model: what is asked.
            request: what it is asked.
            sample: tells repeated calls of one request apart, for the cache.
            judge: whose model it is, where a judge asks; its calls go before others.

        Raises:
            CallError: it failed for good.
            Stopped: the run stops.
        """
        return await self._call(model, request, sample, judge, judge.card_hash if judge else None)

    def ask_for(self, judge: Named) -> Ask:
        """Return what makes the calls of this judge."""

        def ask(
            model: Model, request: Request, *, sample: int = 0, card_hash: str | None = None
        ) -> Coroutine[Any, Any, PricedReply]:
            return self._call(model, request, sample, judge, card_hash or judge.card_hash)

        return ask

    async def _call(
        self, model: Model, request: Request, sample: int, judge: Named | None, card_hash: str | None
    ) -> PricedReply:
        cache = self._cache if getattr(model, "may_be_cached", True) else None
        key = call_key(model, request, sample, card_hash) if cache else b""
        if cache is not None and (kept := cache.get(key)) is not None:
            self._meter.cached += 1
            return PricedReply(kept, 0.0)
        reply = await self._persist(model, request, judge)
        cost = self._price(model.name, reply.usage)
        self._meter.called(reply.usage, cost)
        self._meter.finished(reply.finish_reason)
        if cost is None and self._limits.max_cost is not None:
            self._stop.stop(
                f"{model.name} does not say what a call took: --max-cost cannot be kept; {_GO_ON} without it"
            )
        if cache is not None:
            cache.put(key, reply)
        return PricedReply(reply, cost)

    def nothing_worked(self) -> RunError | None:
        """Return the error of a run in which no call worked and some failed for good, None for any other."""
        if self._meter.calls or self._meter.cached:
            return None
        return next((error for breaker in self._breakers.values() if (error := breaker.never_worked())), None)

    def close(self) -> None:
        """Close the cache."""
        if self._cache is not None:
            self._cache.close()

    async def _persist(self, model: Model, request: Request, judge: Named | None) -> Reply:
        who = f"judge {judge.name}" if judge else f"asked model {model.name}"
        breaker = self._breaker(model)
        tries = waits = 0
        while True:
            started = asyncio.get_running_loop().time()
            line = self._servers.line(model)
            gate = await line.enter(begun() if judge else None)
            try:
                reply = await self._once(gate, member(model, gate.server), request, breaker, judge)
            except CallError as error:
                limited = error.failure == "rate-limit"
                tries, waits = tries + (not limited), waits + limited
                if limited or error.retry_after_s is not None:
                    gate.overloaded(started, error.retry_after_s)
                self._meter.failed(error)
                if tries < self._limits.tries and self._goes_elsewhere(error, gate, line):
                    breaker.check()
                    continue
                for_good = self._for_good(error, tries, waits)
                breaker.failed(error, for_good, who)
                breaker.check()
                if for_good:
                    raise
                await breaker.sleep(self._delay(tries + waits, error.retry_after_s))
            else:
                gate.answered()
                breaker.answered()
                self._servers.line(model)  # whoever waits for a server of a pool may have a new one
                return reply

    def _goes_elsewhere(self, error: CallError, gate: Gate, line: Line) -> bool:
        """Whether the call is made again at another server at once: this one does not work, and another may."""
        if error.failure in ("rate-limit", "bad-request") or not line.others_open(gate):
            return False
        gate.failed(dead=error.failure in _DEAD)
        return True

    async def _once(self, gate: Gate, model: Model, request: Request, breaker: Breaker, judge: Named | None) -> Reply:
        try:
            if self._limits.max_cost is not None:
                await self._afford(self._limits.max_cost)
            self._before_call()
            breaker.check()
            self._out += 1
            try:
                async with asyncio.timeout(self._limits.timeout_s) as deadline:
                    with breaker.holding(deadline):
                        return await model.ask(request)
            finally:
                self._out -= 1
        except TimeoutError:
            breaker.check()
            raise CallError("timeout", f"no answer within {self._limits.timeout_s:g} seconds") from None
        finally:
            if judge:
                gate.leave()
            else:  # who asked for an answer hands it to the recorder before anybody else has a turn
                gate.leave_now()

    def _for_good(self, error: CallError, tries: int, waits: int) -> bool:
        return error.failure not in RETRIED or tries >= self._limits.tries or waits >= self._limits.waits

    def _delay(self, failures: int, retry_after_s: float | None) -> float:
        """Return exponential backoff with half of it drawn, so that calls which failed together do not return together.

        Where the server names a time, its gate is closed until then; this call adds only a short draw.
        """
        base = self._limits.backoff_s
        if retry_after_s is None:
            base = min(self._limits.longest_backoff_s, base * 2.0 ** min(failures - 1, 30))
        return base * self._jitter.uniform(0.5, 1.0)

    async def _afford(self, most: float) -> None:
        """Wait until one more call fits into ``most`` dollars, were it and those in flight as dear as the mean so far.

        Raises:
            Stopped: it never will.
        """
        meter = self._meter
        while True:
            self._stop.check()
            if meter.total < most and meter.total + (self._out + 1) * meter.mean_cost <= most:
                return
            if not self._out or meter.total >= most:
                self._stop.stop(money_is_spent(most, meter.total))
            await self._stop.sleep(_AFFORD_S)

    def _breaker(self, model: Model) -> Breaker:
        if model.name not in self._breakers:
            self._breakers[model.name] = Breaker(self._limits, self._stop, partial(self._give_up, model))
        return self._breakers[model.name]

    def _give_up(self, model: Model, reason: str) -> None:
        self._servers.line(model).close(Stopped(reason))
        self._gave_up(model.name, reason)

    def _stop_all(self, _model: str, reason: str) -> None:
        self._stop.stop(reason, RunError(reason), grace_s=0.0)
