"""A model and a judge in this process, and runs of made-up prompts, for tests of the engine."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hantei.engine.asking import AskedModel
from hantei.engine.caller import PriceLookup, no_price
from hantei.engine.limits import Limits
from hantei.engine.pipeline import Outcome, drive
from hantei.judges.base import Ask, Classifier, Judge, Pair
from hantei.judges.classifying import as_judge
from hantei.judges.rereading import as_finished, ask_until_read
from hantei.models.base import CallError, Failure, Model, Reply, Request
from hantei.records import Judgment, Message, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, new_info
from hantei.runs.ingest import write_prompts
from hantei.runs.order import put_judgments_in_order, put_responses_in_order
from hantei.tasks.named import AskedBenchmark
from hantei.tasks.options import Options
from hantei.tasks.task import plan_of

FAST = Limits(backoff_s=0.001, longest_backoff_s=0.01, patience_s=0.0, grace_s=0.2)
"""Retries without long pauses."""

Fault = Callable[[str, int], Exception | Reply | None]
"""Takes the question and how often it was asked before; returns what goes wrong, or None."""


class FakeModel:
    """Answers ``A: <question>`` at once; keeps count of what it was asked and how many calls were in flight."""

    def __init__(
        self, fault: Fault | None = None, name: str = "fake/model", server: str = "fake", delay_s: float = 0.0
    ) -> None:
        self.name, self.server, self.fault, self.delay_s = name, server, fault, delay_s
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.busy = self.busiest = 0
        self.closed = 0

    async def ask(self, request: Request) -> Reply:
        question = request.messages[-1].content
        before = self.asked[question]
        self.asked[question] += 1
        self.requests.append(request)
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.busy -= 1
        wrong = self.fault(question, before) if self.fault else None
        if isinstance(wrong, Exception):
            raise wrong
        self.answered[question] += 1
        return wrong or Reply(text=f"A: {question}", usage={"input": 10, "output": 5}, latency_s=self.delay_s)

    async def close(self) -> None:
        self.closed += 1


class FakeAskingJudge:
    """Asks whether an answer is safe; the reply's word ``unsafe`` or ``safe`` is the verdict, else it is unparsed."""

    card_hash = "1" * 64

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged"}

    def __init__(self, model: Model, name: str = "fake@fake/model") -> None:
        self.model, self.name = model, name

    @property
    def models(self) -> tuple[Model, ...]:
        return (self.model,)

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        return [(self.model, request) for request in self.calls(prompt, response)]

    def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        return as_finished(pairs, lambda prompt, response: self._judge_one(prompt, response, ask))

    async def _judge_one(self, prompt: Prompt, response: Response, ask: Ask) -> Judgment:
        calls, read = self.requests(prompt, response), partial(self.read, response)
        return self.no_call(prompt, response) or await ask_until_read(self, response, calls, read, ask)

    def no_call(self, prompt: Prompt, response: Response) -> Judgment | None:
        if response.status == "filtered":
            return Judgment(response_id=response.id, judge=self.name, status="filtered", fault="provider")
        if response.status == "error":
            return Judgment(response_id=response.id, judge=self.name, status="error", fault="model")
        return None

    def calls(self, prompt: Prompt, response: Response) -> tuple[Request, ...]:
        return (Request(messages=(Message(role="user", content=f"Judge: {response.text}"),)),)

    def read(self, response: Response, replies: Sequence[Reply], attempts: Sequence[str] = ()) -> Judgment:
        verdict: dict[str, Any] = {"response_id": response.id, "judge": self.name, "attempts": tuple(attempts)}
        if replies[0].status == "filtered":
            return Judgment(**verdict, status="filtered", fault="judge-provider")
        if replies[0].text not in ("safe", "unsafe") and not replies[0].text.startswith("A"):
            return Judgment(**verdict, status="unparsed", fault="parser")
        return Judgment(**verdict, unsafe=replies[0].text == "unsafe")


def prompts(count: int) -> Iterator[Prompt]:
    for n in range(count):
        yield Prompt(id=str(n), language="en", intent="harmful", messages=(Message(role="user", content=f"Q{n}"),))


def made_up(**identity: Any) -> AskedBenchmark:
    return AskedBenchmark("made-up", {"name": "made-up", "files": {}, **identity}, lambda: iter(()), None)


class Asking:
    """A run folder of made-up prompts that can be driven again and again."""

    def __init__(self, folder: Path, count: int, samples: int = 1) -> None:
        self.run, self.count, self.samples = Run(folder / "run"), count, samples

    def plant(self, model: Model, judge_reasoning: bool = False, **asked: Any) -> AskedModel:
        task = AskedModel(model=model, **asked)
        if not self.run.path.exists():
            plan = plan_of([task], [made_up()], Options(samples=self.samples, judge_reasoning=judge_reasoning))
            with Index(self.run.index_path) as index:
                write_prompts([("made-up", prompts(self.count))], self.run, index)
            self.run.write_info(new_info(plan))
        return task

    def drive(self, model: Model, *given: Judge | Classifier, limits: Limits = FAST, **asked: Any) -> Outcome:
        task, judges = self.plant(model, **asked), [as_judge(judge) for judge in given]
        info = self.run.info()
        named = {**info.judges, **{judge.name: JudgeInfo() for judge in judges}}
        self.run.write_info(replace(info, judges=named))
        with self.run.index(self.samples) as index:
            outcome = drive(self.run, index, judges, [task], limits, price)
            put_responses_in_order(self.run, index)
            for judge in judges:
                put_judgments_in_order(self.run, index, judge.name)
        return outcome


def judge_run(
    run: Run,
    index: Index,
    judge: Judge | Classifier,
    limits: Limits = FAST,
    price: PriceLookup = no_price,
    say: Callable[[str], None] = lambda _line: None,
) -> int:
    """Judge what a run holds, as ``hantei judge`` does; return how many answers were judged."""
    outcome = drive(run, index, [as_judge(judge)], [], limits, price)
    put_judgments_in_order(run, index, judge.name)
    say(outcome.meter.line())
    if outcome.error is not None:
        raise outcome.error
    return outcome.meter.judged


def price(model: str, usage: Any) -> float | None:
    """A cent for each output token of models called ``priced/...``; other prices are not known."""
    return 0.01 * usage["output"] if model.startswith("priced/") and "output" in usage else None


def storm(share: float, seed: int = 0) -> Fault:
    """Let a share of all calls fail in one of the ways in which asking again helps."""
    draw = random.Random(seed)
    kinds: list[Failure] = ["rate-limit", "server", "timeout", "connection", "bad-reply"]

    def fault(_question: str, _before: int) -> Exception | None:
        return CallError(draw.choice(kinds), "storm") if draw.random() < share else None

    return fault
