"""What a worker on Ray does: it carries out one shard with hantei's own pipeline, and tells how that went."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from hantei.engine.asking import AskedModel
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.engine.pipeline import Outcome, drive
from hantei.judges import Judge
from hantei.judges.called import called
from hantei.judges.named import load_judge
from hantei.metrics.summary import count_ahead
from hantei.models.base import Sampling
from hantei.models.load import load_model
from hantei.models.prices import pricing
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.shards import Begun, begin, end, holds, kept_index


class ShardOutcome(msgspec.Struct, kw_only=True):
    """How the work on a shard went: counts of a ``Meter``, why it stopped, who was left out, and what is raised."""

    counts: dict[str, Any]
    stopped: str | None = None
    left_out: str | None = None
    error: str | None = None
    out_of_money: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What every worker is given, as plain data. ``judges`` are full names, by the names that they have in the run."""

    judges: Mapping[str, str]
    asks: bool
    limits: Limits
    prices: str | None


def work_on(path: str, given: Given) -> bytes:
    """Do what is left of one shard, in a worker, and return its ``ShardOutcome`` as JSON.

    Args:
        path: the shard's folder.
        given: what to do.
    """
    shard = Run(Path(path))
    info = shard.info()
    plan = info.plan
    models = plan.models if given.asks else ()
    asked = [
        AskedModel(
            model=load_model(one.model),
            name=one.name,
            sampling=msgspec.convert(one.sampling, Sampling),
            system_prompt=one.system_prompt,
        )
        for one in models
    ]
    judges = [judge_by_name(name, full) for name, full in given.judges.items()]
    with shard.lock(), Index(shard.index_path, plan.samples_asked, plan.systems) as index:
        kept_index(shard).unlink(missing_ok=True)  # of an earlier go at it
        shard.fill(index)
        begun, found, limits = begin(shard, index), holds(index), given.limits
        if limits.max_cost is not None:
            limits = dataclasses.replace(limits, max_cost=begun.spent + limits.max_cost)
        price = pricing(None if given.prices is None else Path(given.prices))
        outcome = drive(shard, index, judges, asked, limits, price)
        if not index.db.failed:
            count_ahead(index, info.judges, info.rule)
            index.keep(kept_index(shard))
        end(shard)
    _count_killed(outcome.meter, begun, found)
    return msgspec.json.encode(_told(outcome, limits))


def _count_killed(meter: Meter, begun: Begun, found: Begun) -> None:
    """Count what a worker did that was killed: what was found in the shard and not there when work on it began."""
    answered = found.answered - begun.answered
    meter.answered += answered
    meter.calls += max(answered, found.paid - begun.paid)
    meter.spent += found.spent - begun.spent


def _told(outcome: Outcome, limits: Limits) -> ShardOutcome:
    meter = outcome.meter
    names = ("answered", "judged", "calls", "cached", "unpriced", "spent")
    counts: dict[str, Any] = {name: getattr(meter, name) for name in names}
    counts |= {"tokens": meter.tokens, "failures": meter.failures, "reasons": meter.reasons}
    counts["unknown_finishes"] = list(meter.unknown_finishes)
    return ShardOutcome(
        counts=counts,
        stopped=outcome.stopped,
        left_out=outcome.left_out,
        error=None if outcome.error is None else str(outcome.error) or type(outcome.error).__name__,
        out_of_money=bool(outcome.stopped and limits.max_cost is not None and "--max-cost" in outcome.stopped),
    )


def judge_by_name(name: str, full: str) -> Judge:
    """Return a judge by its full name, called as it is in the run."""
    judge = without_models(full) or load_judge(full)
    return judge if name == full else called(judge, name)


@lru_cache(maxsize=4)
def without_models(name: str) -> Judge | None:
    """Return a judge that asks nobody, kept with its weights for the worker's next shard; None for any other."""
    judge = load_judge(name)
    return None if judge.models else judge
