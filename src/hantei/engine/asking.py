"""From prompts to requests, from replies to records: what a model is asked, and what its answer is written as."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from msgspec.structs import replace as changed

from hantei.engine.caller import Answer, Caller
from hantei.judges import Judge
from hantei.models.base import CallError, Model, Reply, Request, Sampling
from hantei.records import Judgment, Message, Prompt, Response, response_id

_WARMER = 0.1
_OTHER_SEED = 7919
"""How far the seeds of a request that is made again lie apart: no seed that somebody is likely to have named."""


@runtime_checkable
class AskingJudge(Judge, Protocol):
    """A judge that asks a model: requests out, replies in; the calls are made by the engine."""

    @property
    def model(self) -> Model:
        """What is asked."""
        ...

    def calls(self, prompt: Prompt, response: Response) -> tuple[Request, ...]:
        """Return what to ask about a response."""
        ...

    def read(
        self, response: Response, replies: Sequence[Reply], attempts: Sequence[str] = (), prompt: Prompt | None = None
    ) -> Judgment:
        """Return the verdict in the replies to ``calls``; ``attempts`` holds the text of every reply so far."""
        ...

    def no_call(self, prompt: Prompt, response: Response) -> Judgment | None:
        """Return the verdict where no call can give one, None where a call is needed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model and how it is asked. ``system_prompt`` stands before the prompt's own."""

    model: Model
    sampling: Sampling = field(default_factory=Sampling)
    system_prompt: str | None = None
    judge_reasoning: bool = False

    def request(self, prompt: Prompt, sample: int) -> Request:
        """Return the request for one sample of an answer; with a seed, each sample has its own."""
        sampling, messages = self.sampling, prompt.messages
        if sampling.seed is not None and sample:
            sampling = replace(sampling, seed=sampling.seed + sample)
        if self.system_prompt is not None:
            own = messages[0].role == "system"
            text = f"{self.system_prompt}\n\n{messages[0].content}" if own else self.system_prompt
            messages = (Message(role="system", content=text), *messages[own:])
        return Request(messages=messages, sampling=sampling)

    def response(self, prompt: Prompt, sample: int, answer: Answer) -> Response:
        """Return an answer as a record."""
        reply, system = answer.reply, self.model.name
        return Response(
            id=response_id(system, prompt.id, sample),
            prompt_id=prompt.id,
            system=system,
            sample=sample,
            status=reply.status,
            text=reply.text,
            reasoning=reply.reasoning,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            cost=answer.cost,
            latency_s=None if reply.latency_s is None else round(reply.latency_s, 4),
            served_model=reply.served_model,
        )

    def failure(self, prompt: Prompt, sample: int, error: CallError) -> Response:
        """Return a call that failed for good as a record: it is asked again when the run is resumed."""
        system = self.model.name
        identity = response_id(system, prompt.id, sample)
        return Response(
            id=identity, prompt_id=prompt.id, system=system, sample=sample, status="error", text="", error=str(error)
        )


def not_answered(judge: str, card_hash: str, response: Response) -> Judgment:
    """Return the judgment of a call that failed: no verdict, by the fault of the model's provider."""
    return Judgment(
        response_id=response.id,
        judge=judge,
        status="error",
        fault="provider",
        card_hash=card_hash,
        error=f"there is no answer: {response.error or 'the call failed'}",
    )


def asks_as(judge: AskingJudge) -> AskingJudge:
    """Return whose requests a judge makes: of a cascade the expensive judge, whose cached replies cascades share."""
    expensive: AskingJudge = getattr(judge, "expensive", judge)
    return expensive


async def ask_judge(caller: Caller, judge: AskingJudge, prompt: Prompt, response: Response, rereads: int) -> Judgment:
    """Return a judge's verdict, asked again up to ``rereads`` times where its reply could not be read.

    At temperature 0 the same request would get the same reply: each time it is asked again it has another seed and a
    temperature that is higher by 0.1 (up to 1, and left alone where the card leaves it to the server).

    Raises:
        Stopped: the run stops.
    """
    foregone = judge.no_call(prompt, response)
    if foregone is not None:
        return foregone
    requests = judge.calls(prompt, response)
    paid: list[Answer] = []
    for attempt in range(rereads + 1):
        try:
            answers = await _ask_all(caller, judge, [_again(one, attempt) for one in requests], attempt)
        except CallError as error:
            lost = Judgment(response_id=response.id, judge=judge.name, status="error", fault="judge-provider")
            attempts = tuple(answer.reply.text for answer in paid)
            return _priced(changed(lost, card_hash=judge.card_hash, error=str(error), attempts=attempts), paid)
        paid += answers
        judgment = judge.read(response, [one.reply for one in answers], [one.reply.text for one in paid], prompt)
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


async def _ask_all(caller: Caller, judge: AskingJudge, requests: Sequence[Request], attempt: int) -> Sequence[Answer]:
    calls = [caller.call(judge.model, request, sample=attempt, judge=asks_as(judge)) for request in requests]
    if len(calls) == 1:
        return [await calls[0]]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, Answer)]


def _priced(judgment: Judgment, paid: Sequence[Answer]) -> Judgment:
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
