"""A finished run in an experiment tracker, MLflow or Weights & Biases: rates with intervals, settings, the report.

Both write to this machine unless their own settings say otherwise: ``MLFLOW_TRACKING_URI``; ``WANDB_MODE=online``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from hantei.cards import did_you_mean
from hantei.errors import RunError, UsageError
from hantei.extras import install
from hantei.files import AnyPath
from hantei.metrics.definitions import DIMENSIONS
from hantei.models.keys import mask_keys
from hantei.records import Rate, Summary
from hantei.runs.folder import load_run
from hantei.runs.info import RunInfo

_PROJECT = "hantei"
_LONGEST_PART = 48
_LONGEST_VALUE = 500
"""MLflow's older servers hold no longer parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What is told to a tracker: its ``name``, numbers and settings by name, and the report's page."""

    name: str
    metrics: dict[str, float]
    parameters: dict[str, str]
    report: Path


def log_run(run: AnyPath, to: str, report: AnyPath | None = None) -> str:
    """Log a run to an experiment tracker; return where it is now.

    Metrics are ``METRIC__JUDGE__SYSTEM__rate``, and ``__low``, ``__high``, ``__n`` beside it.

    Args:
        run: the run folder.
        to: ``mlflow`` or ``wandb``.
        report: the page to keep, if not the one in the folder.

    Raises:
        UsageError: no run there, no such tracker, or its extra is not installed.
        RunError: the run has no summary or no page yet, or the tracker took it not.
    """
    check_tracker(to)
    made = load_run(run)
    page = Path(report) if report is not None else made.report_path
    if not page.is_file():
        raise RunError(f"{page}: expected a report; run hantei report {made.path}")
    tracked = Tracked(
        name=made.path.resolve().name,
        metrics=metrics(made.summary()),
        parameters=parameters(made.info()),
        report=page,
    )
    try:
        return _TRACKERS[to](_library(to), tracked)
    except Exception as error:  # of whatever kind the tracker has
        why = mask_keys(" ".join(str(error).split()) or type(error).__name__)
        raise RunError(f"--log-to {to}: the run is kept in {made.path}, and could not be logged: {why}") from None


def check_tracker(to: str) -> None:
    """Look whether a run could be logged there, before any work is done; nothing is imported.

    Raises:
        UsageError: there is no such tracker, or its extra is not installed.
    """
    if to not in _TRACKERS:
        raise UsageError(f"--log-to {to}: expected {' or '.join(_TRACKERS)}{did_you_mean(to, _TRACKERS)}")
    if to not in sys.modules and find_spec(to) is None:
        raise UsageError(f"--log-to {to} needs an extra: {install(to)}")


def metrics(summary: Summary) -> dict[str, float]:
    """Return the rates by judge and system as numbers by name: ``rate``, ``low``, ``high`` and ``n`` of each."""
    overall = (rate for rate in summary.rates if rate.rate is not None and not set(DIMENSIONS) & set(rate.by))
    return {name: number for rate in overall for name, number in _numbers(rate)}


def _numbers(rate: Rate) -> Iterator[tuple[str, float]]:
    start = "__".join(map(_part, (rate.metric, *rate.by.values())))
    for end, number in (("rate", rate.rate), ("low", rate.low), ("high", rate.high), ("n", rate.denominator)):
        if number is not None:
            yield f"{start}__{end}", float(number)


def _part(text: str) -> str:
    """Return a part of a name that every tracker takes; what had to be changed is told apart by a hash."""
    safe = re.sub(r"[^A-Za-z0-9-]+", "_", text).strip("_-")[:_LONGEST_PART]
    if safe == text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{safe}_{digest}" if safe else digest


def parameters(info: RunInfo) -> dict[str, str]:
    """Return the settings of a run by name, as text, without keys."""
    values: dict[str, Any] = {
        "hantei": info.hantei,
        "created": info.created,
        "no_verdict": info.no_verdict,
        "count_turns": info.rule.turns,
        "count_repeats": info.rule.repeats,
        "judges": {name: judge.card_hash for name, judge in info.judges.items()},
        **{f"plan_{name}": value for name, value in msgspec.to_builtins(info.plan).items()},
    }
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return mask_keys(text)[:_LONGEST_VALUE]


def _library(to: str) -> Any:
    """Return the tracker's own library, told to keep its telemetry to itself."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    return import_module(to)


def _to_mlflow(mlflow: Any, tracked: Tracked) -> str:
    if not {"MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"} & set(os.environ):
        mlflow.set_experiment(_PROJECT)
    with mlflow.start_run(run_name=tracked.name, nested=mlflow.active_run() is not None) as run:
        mlflow.log_params(tracked.parameters)
        mlflow.log_metrics(tracked.metrics)
        mlflow.log_artifact(str(tracked.report))
    return f"MLflow run {run.info.run_id} at {mask_keys(mlflow.get_tracking_uri())}"


def _to_wandb(wandb: Any, tracked: Tracked) -> str:
    mode = os.environ.get("WANDB_MODE", "offline")
    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", _PROJECT),
        name=tracked.name,
        config=tracked.parameters,
        mode=mode,
        reinit="create_new",
        settings=wandb.Settings(silent=True),
    )
    try:
        run.log(tracked.metrics)
        page = wandb.Artifact("report", type="report")
        page.add_file(str(tracked.report))
        run.log_artifact(page)
    finally:
        run.finish()
    if mode == "online":
        return f"Weights & Biases: {run.url}"
    return f"Weights & Biases, on this machine: {Path(run.dir).parent}; wandb sync sends it"


_TRACKERS: dict[str, Callable[[Any, Tracked], str]] = {"mlflow": _to_mlflow, "wandb": _to_wandb}
