"""The engine: asks a model what is to be asked, hands each answer to the judges at once, and writes all of it.

    work ──▶ queue ──▶ askers ──▶ a worker for each judge
                         │                  │
                         └──▶ recorder ◀────┘

Each model that is asked has a queue and askers of its own: a slow server keeps no other waiting. What is already
answered goes from the files to the workers at once: a file of answers is a run with nothing left to ask. What waits
anywhere is bounded, and nothing is kept of what is finished, so memory does not grow with the run. Askers and judges
run at the same time and share the connections of a server that serves both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from hantei.engine.asking import AskedModel, answered, failure, next_turn, not_answered
from hantei.engine.caller import Caller, PriceLookup, no_price
from hantei.engine.judge_worker import JudgeWorker
from hantei.engine.left_out import LeavingOut
from hantei.engine.limits import Limits
from hantei.engine.meter import Display, Meter
from hantei.engine.recorder import Recorder
from hantei.engine.stopping import AGAIN, Stop
from hantei.engine.trial import on_trial
from hantei.engine.work import Errand, Work, work_of
from hantei.garbage import frozen
from hantei.judges.base import Judge, Stopped
from hantei.judges.classifying import cores
from hantei.models.base import CallError
from hantei.models.pool import most_servers
from hantei.records import Judgment, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.judged_text import judges_reasoning, pair_to_be_judged
from hantei.runs.pending import has_verdicts, to_answer, to_judge
from hantei.turns import answer_positions


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went: ``stopped`` says why it ended early, None where it did not; ``error`` is what to raise then.

    ``left_out`` says which models were given up, and why, while the others went on; None where none was.
    """

    meter: Meter
    torn: int
    stopped: str | None = None
    error: BaseException | None = None
    left_out: str | None = None


_Queue = asyncio.Queue[Any]


def drive(
    run: Run,
    index: Index,
    judges: Sequence[Judge],
    asked: Sequence[AskedModel],
    limits: Limits,
    price: PriceLookup = no_price,
    errand: Errand | None = None,
) -> Outcome:
    """Ask and judge whatever is left to do in a run folder, and return when it is done or stopped.

    Not inside a running event loop: it runs one of its own.

    Args:
        run: the folder; its ``prompts.jsonl`` is complete.
        index: its index, filled; with ``samples`` and the systems where models are asked.
        judges: what judges the answers; may be none.
        asked: the models to ask, in the order of the index; none to judge what is there.
        limits: connections, money, time, retries.
        price: model's name and usage to US dollars.
        errand: what is to do in the place of what the folder lacks; the first of ``asked`` is asked.

    Returns:
        How it went. Its ``error`` is for the caller to raise once the report is written: the disk is full, nothing
        works, or somebody pressed Ctrl-C.
    """
    with frozen():
        return asyncio.run(_Engine(run, index, judges, asked, limits, price, errand).work())


class _Engine:
    """One pass over what is left to do."""

    def __init__(
        self,
        run: Run,
        index: Index,
        judges: Sequence[Judge],
        asked: Sequence[AskedModel],
        limits: Limits,
        price: PriceLookup,
        errand: Errand | None,
    ) -> None:
        self._errand = errand
        self._run, self._index, self._asked, self._limits, self._price = run, index, asked, limits, price
        self._reasoning = judges_reasoning(run)
        self._of_model = run.info().plan.models != ()
        self._judges = {index.judge_no(judge.name): judge for judge in judges}
        self._meter = Meter(spent_before=index.spent, paid_before=index.paid)

    async def work(self) -> Outcome:
        """Do everything that is left."""
        limits = self._limits
        self._stop = Stop()
        self._left_out = LeavingOut(self._asked, self._judges, self._stop)
        self._caller = Caller(limits, self._price, self._meter, self._stop, self._write, self._left_out.give_up)
        self._display = Display(self._meter)
        self._count()
        names = {number: judge.name for number, judge in self._judges.items()}
        try:
            with (
                Recorder(self._run, self._index, names, bool(self._asked), self._stop) as self._recorder,
                self._stop.on_interrupt(limits.grace_s),
            ):
                await self._stages()
            self._left_out.end()
            if self._stop.reason is None and self._left_out.why() is None and self._from_nothing:
                self._stop.error = self._caller.nothing_worked()
        finally:
            self._display.close()
            self._caller.close()
            await self._close_models()
        stop = self._stop
        return Outcome(self._meter, self._recorder.torn, stop.reason, stop.error, self._left_out.why())

    def _write(self) -> None:
        self._recorder.write()

    def _count(self) -> None:
        index, meter = self._index, self._meter
        if self._errand is not None:
            meter.to_answer = meter.to_judge = len(self._errand)
            meter.to_judge *= len(self._judges)
            self._from_nothing = True
            return
        meter.to_answer = to_answer(index) if self._asked else 0
        # Where a resumed run has answers and verdicts, the few that fail again are no sign that nothing works.
        untouched = meter.to_answer > 0 and meter.to_answer == index.answers()
        for number, judge in self._judges.items():
            left = to_judge(index, number)
            meter.to_judge += left
            untouched |= bool(judge.models) and left == index.answers()
        self._from_nothing = untouched

    async def _stages(self) -> None:
        """Read what is left to do, ask and judge until each stage has emptied the one before it."""
        if self._limits.run_timeout_s is not None:
            self._end_in(self._limits.run_timeout_s)
        with _first_error():
            async with asyncio.TaskGroup() as group:
                self._workers = {number: self._worker(number, group) for number in self._judges}
                for stream in [group.create_task(self._stream(*one, group)) for one in self._streams()]:
                    await stream
                for worker in self._workers.values():
                    worker.finish()

    def _worker(self, number: int, group: asyncio.TaskGroup) -> JudgeWorker:
        judge, done = self._judges[number], partial(self._judged, number)
        # What a cascade has of verdicts may all be its cheap judge's.
        known = has_verdicts(self._index, number) and not judge.outline().get("cascade")
        if not (self._limits.keep_going or known):
            judge = on_trial(judge, partial(self._left_out.pause, number))
        return JudgeWorker(
            judge, self._caller.ask_for(judge), group, self._stop, done, self._limits.workers or len(cores())
        )

    def _streams(self) -> Iterator[tuple[AskedModel | None, Iterator[Work]]]:
        """Yield what is left to do, and of which model; answers that are there only have to be judged."""
        judges = list(self._judges)
        if self._errand is not None:
            yield self._asked[0], self._errand.works(judges)
        elif not self._asked:
            yield None, work_of(self._run, self._index, judges)
        else:
            for place, asked in enumerate(self._asked):
                yield asked, work_of(self._run, self._index, judges, place)

    async def _stream(self, asked: AskedModel | None, works: Iterator[Work], group: asyncio.TaskGroup) -> None:
        """Do what is left to do of one model; twice as many askers as connections, as some wait to try again."""
        queue: _Queue = asyncio.Queue(self._limits.max_connections)
        count = 2 * self._limits.max_connections * most_servers(asked.model) if asked else 0
        askers = [group.create_task(self._ask(asked, queue)) for _ in range(count) if asked]
        await self._produce(asked, works, queue)
        await _drained(queue, askers)

    def _end_in(self, seconds: float) -> None:
        reason = f"the time of --run-timeout {seconds:g} seconds is over{AGAIN}"
        asyncio.get_running_loop().call_later(seconds, lambda: self._stop.stop(reason, grace_s=self._limits.grace_s))

    async def _produce(self, asked: AskedModel | None, works: Iterator[Work], queue: _Queue) -> None:
        for work in works:
            if self._stop.reason is not None:
                return
            if work.response is not None:
                await self._hand_on(work, work.response)
            elif asked and self._left_out.is_asked(asked):
                await queue.put(work)

    async def _hand_on(self, work: Work, response: Response) -> None:
        """Give an answer to its judges; one that failed in a run that asks a model is written as such for each.

        Where answers were given, what stands in the place of one is as it was given: the judges say whose fault that
        is.
        """
        pair = pair_to_be_judged(work.prompt, response, self._reasoning)
        for number in work.judges:
            if response.status == "error" and (self._of_model or response.parent is not None):
                judge = self._judges[number]
                self._judged(number, work.number, not_answered(judge.name, judge.card_hash, response))
            else:
                await self._workers[number].hand(work.number, pair)

    async def _ask(self, asked: AskedModel, queue: _Queue) -> None:
        work: Work
        while (work := await queue.get()) is not None:
            if self._stop.reason is not None:
                continue
            try:
                response = await self._talk(asked, work)
            except Stopped:
                continue
            self._recorder.response(work.number, response)
            self._meter.answered += 1
            self._display.refresh()
            await self._hand_on(work, response)

    async def _talk(self, asked: AskedModel, work: Work) -> Response:
        """Return the answer to a prompt, asked turn by turn where it has several without one; each turn is written.

        Raises:
            Stopped: the run stops before the last turn.
        """
        prompt, sample = work.prompt, work.sample
        begun = work.begun or asked.begun(prompt, sample)
        if work.request is not None:
            try:
                return answered(begun, await self._caller.call(asked.model, work.request, sample=sample))
            except CallError as error:
                return failure(begun, error)
        turns = len(answer_positions(prompt.messages))
        while True:
            try:
                request = asked.request(prompt, sample, begun.earlier)
                response = answered(begun, await self._caller.call(asked.model, request, sample=sample))
            except CallError as error:
                return failure(begun, error)
            if len(begun.earlier) == turns or response.status == "filtered":
                return response
            if not response.text or response.text.isspace():
                return failure(begun, f"turn {len(begun.earlier) + 1} has no answer, so the next was not asked")
            begun = next_turn(response)
            self._recorder.response(work.number, begun)

    def _judged(self, judge: int, answer: int, judgment: Judgment, first: bool = True) -> None:
        self._recorder.judgment(judge, answer, judgment)
        self._meter.judged += first
        self._display.refresh()

    async def _close_models(self) -> None:
        models = [asked.model for asked in self._asked]
        models += [model for judge in self._judges.values() for model in judge.models]
        for model in {id(model): model for model in models}.values():
            await model.close()


async def _drained(queue: _Queue, workers: Sequence[asyncio.Task[None]]) -> None:
    """Call the end of a queue to its workers, and wait until they are done."""
    feeder = asyncio.gather(*(queue.put(None) for _ in workers))
    await asyncio.gather(*workers, return_exceptions=True)
    feeder.cancel()
    await asyncio.gather(feeder, return_exceptions=True)


@contextmanager
def _first_error() -> Iterator[None]:
    """Raise the first error of a group of tasks by itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from error.__cause__  # not from the group
