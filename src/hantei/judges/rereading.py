"""What judges that ask share: many pairs at a time, a reply that cannot be read asked for again, what it all cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from hantei.judges.base import Ask, Named, Pair, PricedReply, Stopped, begun, no_verdict
from hantei.models.base import CallError, Model, Reply, Request
from hantei.records import Judgment, Prompt, Response

REREADS = 2
"""How often a judge is asked again whose reply could not be read."""
_WARMER = 0.1
_OTHER_SEED = 7919
"""How far the seeds of a request that is made again lie apart: no seed that somebody is likely to have named."""

Call = tuple[Model, Request]
Read = Callable[[Sequence[Reply], Sequence[str]], Judgment]
"""Takes the replies to all calls, and the texts of these and all replies before; returns what they amount to."""


async def as_finished(
    pairs: Sequence[Pair], judge: Callable[[Prompt, Response], Coroutine[Any, Any, Judgment]]
) -> AsyncIterator[Judgment]:
    """Judge all pairs at once, and yield each judgment as soon as it is there.

    Raises:
        Stopped: the run stops; what was finished all the same was yielded before.
    """
    finished: asyncio.Queue[Judgment | Exception] = asyncio.Queue()

    async def one(prompt: Prompt, response: Response) -> None:
        begun()  # here: what is asked in tasks of its own has the same number
        try:
            finished.put_nowait(await judge(prompt, response))
        except Exception as error:
            finished.put_nowait(error)

    stopped: Stopped | None = None
    tasks = [asyncio.create_task(one(*pair)) for pair in pairs]
    try:
        for _ in tasks:
            found = await finished.get()
            if isinstance(found, Stopped):
                stopped = found
            elif isinstance(found, Exception):
                raise found
            else:
                yield found
    finally:
        for task in tasks:
            task.cancel()
    if stopped is not None:
        raise stopped


async def ask_until_read(judge: Named, response: Response, calls: Sequence[Call], read: Read, ask: Ask) -> Judgment:
    """Return the judgment in the replies to ``calls``, asked for again where they could not be read.

    At temperature 0 the same request would get the same reply: each time it is asked again it has another seed and a
    temperature that is higher by 0.1 (up to 1, and left alone where the card leaves it to the server). The judgment
    has the usage and cost of all replies.

    Args:
        judge: whose judgment it is; replies are cached under its ``card_hash``.
        response: the answer that is judged.
        calls: what to ask, all of which is needed for one judgment.
        read: makes a judgment of the replies; one that is ``unparsed`` is asked for again, up to ``REREADS`` times.
        ask: makes the calls.

    Raises:
        Stopped: the run stops.
    """
    paid: list[PricedReply] = []
    for attempt in range(REREADS + 1):
        wanted = [(model, _again(request, attempt)) for model, request in calls]
        try:
            answers = await _all([ask(*call, sample=attempt, card_hash=judge.card_hash) for call in wanted])
        except CallError as error:
            lost = no_verdict(judge, response, "error", "judge-provider", str(error))
            return _priced(changed(lost, attempts=tuple(answer.reply.text for answer in paid)), paid)
        paid += answers
        judgment = read([answer.reply for answer in answers], [answer.reply.text for answer in paid])
        if judgment.status != "unparsed":
            break
    return _priced(judgment, paid)


def _again(request: Request, attempt: int) -> Request:
    """Return a request as it is made for the n-th time after the first."""
    if not attempt:
        return request
    sampling, warmer = request.sampling, request.sampling.temperature
    if warmer is not None:
        warmer = min(max(1.0, warmer), round(warmer + _WARMER * attempt, 4))
    seed = (sampling.seed or 0) + _OTHER_SEED * attempt
    return replace(request, sampling=replace(sampling, temperature=warmer, seed=seed))


async def _all(calls: Sequence[Coroutine[Any, Any, PricedReply]]) -> list[PricedReply]:
    """Return the answers to all calls, made at once; the first error once all of them have ended."""
    if len(calls) == 1:
        return [await calls[0]]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, PricedReply)]


def _priced(judgment: Judgment, paid: Sequence[PricedReply]) -> Judgment:
    """Add what the calls took; the price is unknown where that of any call is."""
    if not paid:
        return judgment
    usage: dict[str, int] = {}
    for answer in paid:
        for kind, count in answer.reply.usage.items():
            usage[kind] = usage.get(kind, 0) + count
    costs = [answer.cost for answer in paid]
    known = [cost for cost in costs if cost is not None]
    return changed(
        judgment,
        usage=usage,
        cost=sum(known) if len(known) == len(costs) else None,
        latency_s=round(sum(answer.reply.latency_s or 0.0 for answer in paid), 4),
        served_model=paid[-1].reply.served_model,
    )
