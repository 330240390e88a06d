"""A run on Ray: each task carries out one shard with hantei's own pipeline, on whatever machine has a core free.

The run folder is on storage that all machines see, since a shard's journal is what a killed worker leaves behind.
Judges and models are loaded by their names in each worker, and weights kept for its next shard; keys come from the
worker's own environment, so that none goes through Ray.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hantei.engine.asking import AskedModel
from hantei.engine.caller import money_is_spent
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.engine.pipeline import Outcome
from hantei.engine.ray_worker import Given, ShardOutcome, judge_by_name, without_models, work_on
from hantei.engine.stopping import AGAIN
from hantei.errors import HanteiError, RunError, UsageError
from hantei.event_loop import on_ctrl_c
from hantei.judges import Judge
from hantei.judges.called import CalledJudge
from hantei.models.load import load_model
from hantei.ray_cluster import ray_cluster
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.shards import MOST, make_shards, shards_of, take_back

_TRIES = 3
"""How often a shard whose worker died is begun again, on another one."""

_EACH = 4
"""Shards for each worker, so that the last one is not waited for long."""

_LOOK_S = 0.2


def drive_on_ray(
    run: Run, index: Index, judges: Sequence[Judge], asked: Sequence[AskedModel], limits: Limits, prices: Path | None
) -> Outcome:
    """Ask and judge whatever is left to do in a run folder on Ray, and return when it is done or stopped.

    Ray is that of ``RAY_ADDRESS``, else one on this machine. ``max_connections`` and ``max_cost`` are shared over the
    workers: each has its part of the connections, and of the money that is left when a shard begins.

    Args:
        run: the folder; its ``prompts.jsonl`` is complete.
        index: its index, filled.
        judges: what judges the answers, each of which its name alone makes.
        asked: the models to ask; none to judge what is there.
        limits: connections, money, time, retries.
        prices: a file of prices in place of hantei's own.

    Raises:
        UsageError: Ray is not installed, or a judge or model is an object of the user's own.
    """
    names = {judge.name: judge.inner.name if isinstance(judge, CalledJudge) else judge.name for judge in judges}
    _check_by_name(judges, names, asked)
    for shard in shards_of(run):  # of a call that was killed
        take_back(run, index, shard, paid=False)
    ray = ray_cluster()
    resources = ray.cluster_resources()
    gpus = gpus_each([*names.values(), *(one.model.name for one in asked)], resources)
    workers = max(1, int(min(resources.get("CPU", 1), resources["GPU"] if gpus else math.inf)))
    shards = make_shards(run, index, list(names), min(MOST, _EACH * workers))
    given = Given(judges=names, asks=bool(asked), limits=limits, prices=None if prices is None else str(prices))
    return _Shards(ray, run, index, given, min(workers, len(shards) or 1), gpus).work(shards)


def gpus_each(names: Sequence[str], resources: Mapping[str, float]) -> int:
    """Return how many GPUs each worker takes: one where weights run in it and the cluster has any, else none.

    Args:
        names: the full names of judges and models.
        resources: what the cluster has, as Ray says it.
    """
    weights = any("hf/" in name and "device=cpu" not in name for name in names)
    return int(weights and resources.get("GPU", 0) >= 1)


class _Shards:
    """The work on all shards, as the process that started it sees it."""

    def __init__(self, ray: Any, run: Run, index: Index, given: Given, workers: int, gpus: int) -> None:
        self._ray, self._run, self._index, self._given, self._workers = ray, run, index, given, workers
        self._meter = Meter(spent_before=index.spent, paid_before=index.paid)
        # max_calls: without it Ray ends a process that has a GPU after each task, and its weights are loaded again.
        self._task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=_TRIES, max_calls=0)(work_on)
        self._until = math.inf if given.limits.run_timeout_s is None else time.monotonic() + given.limits.run_timeout_s
        self._pressed = False
        self._stopped: str | None = None
        self._left_out: str | None = None
        self._out_of_money = False
        self._error: BaseException | None = None
        self._allotted: dict[Any, float] = {}  # US dollars that the shards at work may take

    def work(self, shards: list[Run]) -> Outcome:
        """Have every shard worked on, and take each back as soon as it is done."""
        waiting = list(shards)
        at_work: dict[Any, Run] = {}
        with on_ctrl_c(self._press):
            while not self._pressed and (at_work or (waiting and not self._stopped)):
                while waiting and len(at_work) < self._workers and not self._stopped and self._pays(at_work):
                    shard = waiting.pop(0)
                    at_work[self._start(shard, self._workers - len(at_work))] = shard
                done, _ = self._ray.wait(list(at_work), timeout=_LOOK_S)
                for reference in done:
                    shard = at_work.pop(reference)
                    if self._ended(shard, reference):
                        waiting.append(shard)
            if self._pressed:
                self._end_by_hand(at_work)
        for shard in shards_of(self._run):
            take_back(self._run, self._index, shard)
        if self._out_of_money and self._given.limits.max_cost is not None:
            self._stopped = money_is_spent(self._given.limits.max_cost, self._meter.total)
        return Outcome(self._meter, 0, self._stopped, self._error, self._left_out)

    def _press(self) -> None:
        self._pressed = True  # looked at between Ray's calls, which may lose what is raised inside them

    def _end_by_hand(self, at_work: Mapping[Any, Run]) -> None:
        """End the work on these shards, and take in what was done."""
        self._stopped, self._error = f"stopped by hand{AGAIN}", KeyboardInterrupt()
        if not at_work:
            return
        for reference in at_work:
            self._ray.cancel(reference, recursive=True)
        done, _ = self._ray.wait(list(at_work), num_returns=len(at_work), timeout=self._given.limits.grace_s)
        for reference in done:
            self._ended(at_work[reference], reference)

    def _start(self, shard: Run, free: int) -> Any:
        """Start on a shard, as one of so many workers that are free."""
        limits = self._given.limits
        connections = max(1, limits.max_connections // self._workers)
        share: dict[str, Any] = {"max_connections": connections, "workers": 1}
        if limits.max_cost is not None:
            dollars = self._unspent() / free if self._calls_for(self._unspent() / free) >= 1 else self._unspent()
            calls = self._calls_for(dollars)  # a worker does not know what one costs, and begins with all it may
            share |= {
                "max_cost": dollars if calls >= 1 else 0.0,
                "max_connections": max(1, int(min(connections, calls))),
            }
        if math.isfinite(self._until):
            share["run_timeout_s"] = max(0.001, self._until - time.monotonic())
        given = dataclasses.replace(self._given, limits=dataclasses.replace(limits, **share))
        reference = self._task.remote(str(self._run.path.resolve() / "shards" / shard.path.name), given)
        self._allotted[reference] = share.get("max_cost", 0.0)
        return reference

    def _pays(self, at_work: Collection[Any]) -> bool:
        """Whether there is money for one more shard; where not, what others give back is waited for."""
        return not at_work or self._calls_for(self._unspent()) >= 1

    def _unspent(self) -> float:
        """Return the US dollars that nobody has spent or was given."""
        most = self._given.limits.max_cost
        return math.inf if most is None else max(0.0, most - self._meter.total - sum(self._allotted.values()))

    def _calls_for(self, dollars: float) -> float:
        """Return how many calls so much money pays at what one has cost; without limit before that is known."""
        cost = self._meter.mean_cost
        return dollars / cost + 1e-9 if cost else math.inf

    def _ended(self, shard: Run, reference: Any) -> bool:
        """Take in what a worker did; True where the shard ran out of its share of money and there is more."""
        self._allotted.pop(reference)
        try:
            outcome = msgspec.json.decode(self._ray.get(reference), type=ShardOutcome)
        except self._ray.exceptions.RayError as error:
            self._stop(f"a worker failed: {str(error).splitlines()[-1][:200]}{AGAIN}", RunError)
            return False
        self._add(outcome.counts)
        self._left_out = self._left_out or outcome.left_out
        limits = self._given.limits
        if outcome.out_of_money and limits.max_cost is not None:
            left = limits.max_cost - self._meter.total
            if outcome.counts["calls"] and left > self._meter.mean_cost:
                return True
        if outcome.error is not None:
            self._stop(outcome.error, RunError)
        elif outcome.stopped is not None and self._stopped is None:
            self._stopped, self._out_of_money = outcome.stopped, outcome.out_of_money
        take_back(self._run, self._index, shard)
        return False

    def _stop(self, reason: str, error: type[HanteiError]) -> None:
        if self._error is None:
            self._stopped, self._error = reason, error(reason)

    def _add(self, counts: Mapping[str, Any]) -> None:
        meter = self._meter
        for name in ("answered", "judged", "calls", "cached", "unpriced", "spent"):
            setattr(meter, name, getattr(meter, name) + counts[name])
        meter.tokens.update(counts["tokens"])
        meter.failures.update(counts["failures"])
        meter.reasons.update(counts["reasons"])
        meter.unknown_finishes.update(dict.fromkeys(counts["unknown_finishes"]))


def _check_by_name(judges: Sequence[Judge], names: Mapping[str, str], asked: Sequence[AskedModel]) -> None:
    """Refuse what a worker could not load by its name.

    Raises:
        UsageError: a judge or a model is an object.
    """
    for judge in judges:
        try:
            alike = judge_by_name(judge.name, names[judge.name]).card_hash == judge.card_hash
        except HanteiError:
            alike = False
        if not alike:
            raise UsageError(f"--on ray: judge {judge.name} is an object of this process; name a judge or its folder")
    without_models.cache_clear()  # weights are there a second time
    for one in asked:
        try:
            load_model(one.model.name)
        except HanteiError as error:
            raise UsageError(f"--on ray: model {one.model.name} cannot be loaded by its name: {error}") from None
