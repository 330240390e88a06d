"""``run.json``: what ran in a folder, with what, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from hantei.errors import CardError, RunError
from hantei.records import Count, CountingRule, NonNegative
from hantei.runs.plan import Plan
from hantei.version import __version__

FORMAT = 2
"""The form of run folders that this version writes. It rises when an older version could no longer read one."""

Did = Literal["read", "imported", "asked", "judged", "labelled", "corrected", "critiqued", "estimated"]


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """A rate over everything that a judge should reach, and what it means where it surely does not."""

    metric: str
    at_least: float
    otherwise: str


class JudgeInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a judge: ``card_hash`` tells one version of it from another, the rest is its ``outline``.

    ``guideline`` is by which a person labelled, where it is known; ``card_hash`` is then its hash.
    ``full_name`` is the judge's own where it is called by a short one of the user's.
    ``rate_kind`` is ``violation`` where the judge is validated on this kind of answers, else ``flagged``. ``cascade``
    holds what a cascade says of its rule; ``hits``, by metric, which values of a judgment's facts count where they are
    the judge's own; ``order`` of verdict and critique, whether a ``reference`` is seen and which ``turns``
    are in words; ``regional`` the rules by which it judges prompts of a region alone; ``expects`` what its card or fit
    lets expect of its rates; ``drift`` in what the judged answers are
    unlike its training data.
    """

    card_hash: str = ""
    full_name: str | None = None
    guideline: str | None = None
    rate_kind: Literal["violation", "flagged"] = "flagged"
    version: str | int | None = None
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    languages: tuple[str, ...] = ()
    order: str | None = None
    reference: str | None = None
    turns: str | None = None
    evidence: str | None = None
    weak: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    device: str | None = None
    precision: str | None = None
    cascade: dict[str, Any] | None = None
    hits: dict[str, tuple[str, ...]] = {}
    regional: dict[str, str] = {}
    expects: tuple[Expectation, ...] = ()
    drift: tuple[dict[str, Any], ...] | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call that worked on a run folder: what it did, when it ended, and what it took.

    ``cost`` is in US dollars, None where a price is not known. ``stopped`` says why it ended early, None where it did
    not; ``left_out`` which models were given up, and why, while the others went on. ``judges`` are those of this call.
    ``peak_memory_mb`` is the most that the process had had by then, None where the operating system does not say.
    """

    did: Did
    created: str = ""
    hantei: str = ""
    judges: tuple[str, ...] = ()
    answered: Count = 0
    judged: Count = 0
    calls: Count = 0
    cached: Count = 0
    tokens: dict[str, Count] = {}
    cost: NonNegative | None = 0.0
    failures: dict[str, Count] = {}
    seconds: NonNegative = 0.0
    peak_memory_mb: NonNegative | None = None
    refused_settings: tuple[str, ...] = ()
    stopped: str | None = None
    left_out: str | None = None


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What ran in a folder.

    ``hantei`` is the version that made the folder, ``created`` when, in ISO 8601. ``stopped`` says why the run is not
    whole, None where it is. ``no_verdict`` is what a row without a verdict counts as, ``rule`` which verdict counts
    of a response with several, ``title`` what the report is called, ``rejected`` how many input rows could not be
    read, ``not_asked`` by system of how many answers nothing was asked yet. ``notices`` must be seen beside every
    number. ``checksums`` hold the SHA-256 of files that must not change, by name. Change it with
    ``msgspec.structs.replace`` and ``Run.write_info``.
    """

    created: str
    format: int = FORMAT
    hantei: str = ""
    plan: Plan = Plan()
    judges: dict[str, JudgeInfo] = {}
    steps: tuple[Step, ...] = ()
    stopped: str | None = None
    no_verdict: Literal["drop", "unsafe"] = "drop"
    rule: CountingRule = CountingRule()
    title: str | None = None
    rejected: Count = 0
    not_asked: dict[str, Count] = {}
    notices: tuple[str, ...] = ()
    checksums: dict[str, str] = {}

    @property
    def cost(self) -> float | None:
        """What all steps cost, in US dollars; None where that of any is not known."""
        costs = [step.cost for step in self.steps]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def new_info(plan: Plan) -> RunInfo:
    """Return what is said of a run that begins now."""
    return RunInfo(created=now(), hantei=__version__, plan=plan)


def now() -> str:
    """Return the time as ``run.json`` writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def judge_info(name: str, card_hash: str, outline: Mapping[str, Any]) -> JudgeInfo:
    """Return what ``run.json`` keeps of the judge ``name`` from what its ``outline`` says.

    Raises:
        CardError: the outline has a field that ``JudgeInfo`` does not, or one of another type.
    """
    unknown = sorted(outline.keys() - set(JudgeInfo.__struct_fields__))
    if unknown:
        raise CardError(f"judge {name}: its outline says {', '.join(unknown)}, which JudgeInfo (runs/info.py) lacks")
    try:
        return msgspec.convert({**outline, "card_hash": card_hash}, JudgeInfo)
    except msgspec.ValidationError as error:
        raise CardError(f"judge {name}: its outline is of another shape than JudgeInfo: {error}") from None


def read_info(path: Path) -> RunInfo:
    """Return what a ``run.json`` says.

    Raises:
        RunError: it cannot be read, is of another shape, or was written by a newer version.
    """  # noqa: DOC501 - the TypeError is caught below
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise TypeError(f"expected an object, got {type(data).__name__}")
        _check_format(path, data)
        return msgspec.convert(_upgraded(data), RunInfo)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{path}: expected what hantei writes of a run: {error}") from None


def _check_format(path: Path, data: Mapping[str, Any]) -> None:
    found = data.get("format", FORMAT)
    if isinstance(found, int) and found > FORMAT:
        by = str(data.get("hantei", ""))[:20]
        raise RunError(
            f"{path}: written by hantei {by} in format {found}, hantei {__version__} reads up to {FORMAT}: update it"
        )


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Return a ``run.json`` in today's form.

    Before there were steps, calls of models stood under ``work``; before format 2 a plan named one model, called by its
    full name, and one benchmark.
    """
    if "work" in data and "steps" not in data:
        data["steps"] = [{"did": "asked", **work} for work in data["work"]]
    plan = data.get("plan")
    if isinstance(plan, dict) and "models" not in plan and plan.get("model"):
        how = {name: plan[name] for name in ("sampling", "system_prompt") if name in plan}
        plan["models"] = [{"name": plan["model"], "model": plan["model"], **how}]
    if isinstance(plan, dict) and "benchmarks" not in plan and plan.get("benchmark"):
        plan["benchmarks"] = [plan["benchmark"]]
    return data
