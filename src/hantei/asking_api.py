"""Asking a model, judging its answers and reporting: ``hantei.run`` and ``hantei.estimate``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import structs

from hantei import api, benchmarks
from hantei.api import Say
from hantei.engine import pipeline as engine
from hantei.engine.asking import Asked
from hantei.engine.caller import Price
from hantei.engine.forecast import Estimate
from hantei.engine.forecast import estimate as estimate_run
from hantei.engine.limits import Limits
from hantei.engine.work import put_responses_in_order
from hantei.errors import UsageError
from hantei.judges import Judge, load_judge
from hantei.metrics.summary import POLICIES
from hantei.models.base import Model, Sampling
from hantei.models.load import load_model
from hantei.models.names import parse_name
from hantei.models.prices import pricing
from hantei.runs.drift import note_drift
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, new_info
from hantei.runs.ingest import write_prompts
from hantei.runs.judging import add_judges, put_in_order
from hantei.runs.opening import opened
from hantei.runs.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a model is asked; the flags of ``hantei run``.

    ``sampling``, ``system_prompt``, ``samples`` (answers to each prompt), ``limit`` (the first so many prompts) and
    ``judge_reasoning`` (judges also see what was thought before the answer) make up the run's plan: a folder is resumed
    only with the same. ``limits`` and ``no_verdict`` (``drop`` or ``unsafe``) may change from one call to the next.
    ``prices`` is a file of prices that replaces hantei's own.
    """

    sampling: Sampling = field(default_factory=Sampling)
    system_prompt: str | None = None
    samples: int = 1
    limit: int | None = None
    judge_reasoning: bool = False
    limits: Limits = field(default_factory=Limits)
    no_verdict: str = "drop"
    prices: Path | None = None


def run(
    model: str,
    benchmark: str,
    judge: str | Sequence[str] = "builtin",
    out: str | Path | None = None,
    options: RunOptions | None = None,
    say: Say = lambda _line: None,
) -> Run:
    """Ask a model every prompt of a benchmark, judge each answer, and write the run folder with summary and report.

    The same call again goes on where it ended: what was answered or judged is not asked again, what failed is.
    ``run.info().stopped`` says why a run ended before its end, None where it did not.

    Args:
        model: the model's name, ``PROVIDER/NAME?setting=value``.
        benchmark: a benchmark's name or a file of prompts.
        judge: name of the judge, or several.
        out: the run folder; default the newest in ``runs`` with this plan, else ``runs/<date>-<model>-<benchmark>``.
        options: how the model is asked, and the limits.
        say: takes lines for people: the folder and the estimate before the first call, and what resuming found.

    Raises:
        UsageError: no such model, judge or benchmark, or ``max_cost`` without a price.
        RunError: the folder belongs to another plan or is in use, or no call to a model works: what there is is kept.
        KeyboardInterrupt: Ctrl-C; the report of what there is has been written.
    """
    task = _task(model, benchmark, judge, options or RunOptions())
    with task.opened(out) as (made, index):
        _describe(made, task)
        say(f"run folder: {made.path}")
        for line in estimate_run(made, index, task.asked, task.judges, task.price).lines():
            say(line)
        try:
            outcome = engine.drive(made, index, task.judges, task.asked, task.options.limits, task.price)
            _note(made, outcome, task, say)
        finally:
            # Stopped by a full disk, there is still the report of what there is.
            _finish(made, index, task)
    if outcome.error is not None:
        raise outcome.error
    return made


def estimate(
    model: str, benchmark: str, judge: str | Sequence[str] = "builtin", options: RunOptions | None = None
) -> Estimate:
    """Estimate the calls, tokens and money of a run that has not begun; nothing is sent.

    Raises:
        UsageError: no such model, judge or benchmark.
    """
    from tempfile import TemporaryDirectory

    task = _task(model, benchmark, judge, options or RunOptions())
    with TemporaryDirectory() as folder, task.opened(Path(folder) / "run") as (made, index):
        return estimate_run(made, index, task.asked, task.judges, task.price)


@dataclass(frozen=True, slots=True)
class _Task:
    """A run's parts, loaded and checked before anything is written."""

    asked: Asked
    benchmark: str
    judges: tuple[Judge, ...]
    options: RunOptions
    price: Price

    @property
    def models(self) -> list[Model]:
        """The models that are called: the one that is asked, and those of judges."""
        return [self.asked.model, *(model for judge in self.judges for model in judge.models)]

    @contextmanager
    def opened(self, out: str | Path | None) -> Iterator[tuple[Run, Index]]:
        """Hold the run's folder, made if it is not there, with its index."""
        plan = plan_of(self.asked, benchmarks.identity(self.benchmark), self.options.samples, self.options.limit)
        name = (plan.benchmark or {})["name"]

        def make(part: Run, index: Index) -> RunInfo:
            write_prompts(islice(benchmarks.load(self.benchmark), plan.limit), part, index, name)
            return new_info(plan)

        with opened(out, plan, f"{self.asked.model.name.partition('?')[0]}-{name}", make) as (run, index):
            yield run, index


def plan_of(asked: Asked, benchmark: Mapping[str, Any], samples: int, limit: int | None) -> Plan:
    """Return what decides a run's prompts, answers and what judges see of them."""
    return Plan(
        model=asked.model.name,
        benchmark=dict(benchmark),
        sampling=json.loads(json.dumps(asdict(asked.sampling))),
        system_prompt=asked.system_prompt,
        samples=samples,
        limit=limit,
        judge_reasoning=asked.judge_reasoning,
    )


def _task(model: str, benchmark: str, judge: str | Sequence[str], options: RunOptions) -> _Task:
    _check(options)
    asked = Asked(
        model=load_model(model),
        sampling=_sampling(model, options),
        system_prompt=options.system_prompt,
        judge_reasoning=options.judge_reasoning,
    )
    judges = tuple(load_judge(name) for name in ([judge] if isinstance(judge, str) else judge))
    price = pricing(options.prices)
    task = _Task(asked, benchmark, judges, options, price)
    unpriced = [model.name for model in task.models if price(model.name, {"input": 1, "output": 1}) is None]
    if options.limits.max_cost is not None and unpriced:
        raise UsageError(f"--max-cost needs a price for {unpriced[0]}: give one in a file with --prices")
    return task


def _check(options: RunOptions) -> None:
    limits = options.limits
    if options.no_verdict not in POLICIES:
        raise UsageError(f"--no-verdict {options.no_verdict}: expected one of {', '.join(POLICIES)}")
    for flag, value in (("--samples", options.samples), ("--max-connections", limits.max_connections)):
        if value < 1:
            raise UsageError(f"{flag} {value}: expected at least 1")
    if options.limit is not None and options.limit < 1:
        raise UsageError(f"--limit {options.limit}: expected at least 1")
    bounds = (("--timeout", limits.timeout_s), ("--run-timeout", limits.run_timeout_s), ("--max-cost", limits.max_cost))
    for flag, bound in bounds:
        if bound is not None and not bound > 0:
            raise UsageError(f"{flag} {bound:g}: expected more than 0")


def _sampling(model: str, options: RunOptions) -> Sampling:
    """Return the sampling, with the seed of the model's name where samples must differ by theirs."""
    sampling = options.sampling
    if sampling.seed is None and options.samples > 1:
        return replace(sampling, seed=parse_name(model).sampling().seed)
    return sampling


def _describe(made: Run, task: _Task) -> None:
    add_judges(made, task.judges)
    made.write_info(structs.replace(made.info(), no_verdict=task.options.no_verdict, stopped="not finished"))


def _note(made: Run, outcome: engine.Outcome, task: _Task, say: Say) -> None:
    """Write how the work went into ``run.json``: one entry a call, so that the sum stays true when a run is resumed."""
    info = made.info()
    refused = tuple(sorted({name for model in task.models for name in getattr(model, "refused", ())}))
    step = outcome.meter.step("asked", tuple(judge.name for judge in task.judges), refused, outcome.stopped)
    if refused:
        say(f"the server does not take {', '.join(refused)}: these settings were left out")
    made.write_info(structs.replace(info, stopped=outcome.stopped, steps=(*info.steps, step)))
    say(outcome.meter.line())
    if outcome.torn:
        say(f"{outcome.torn} last lines were torn by a kill and dropped; what they held was done again")


def _finish(made: Run, index: Index, task: _Task) -> None:
    put_responses_in_order(made, index)
    for judge in task.judges:
        put_in_order(made, index, judge.name)
    add_judges(made, task.judges)  # some know more of themselves now
    note_drift(made, index, task.judges)
    api._finish(made, index, task.options.no_verdict)
