"""Scoring critiques: reading them, having their units checked, counting, and what it all cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from hantei.critiques.asked import ModelChecker
from hantei.critiques.contradictions import contradiction_rates
from hantei.critiques.critique import CheckedCritique, Checker, Critique
from hantei.critiques.embedded import EmbeddedChecker, found_units
from hantei.critiques.matching import matcher
from hantei.critiques.reading import read_critiques
from hantei.critiques.scoring import CritiqueScores, Mode, scores
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter, peak_memory_mb
from hantei.errors import UsageError
from hantei.files import AnyPath, write_atomic
from hantei.models.base import Prepared
from hantei.models.load import load_model
from hantei.models.prices import no_price_for, pricing
from hantei.progress import Say
from hantei.records import Judgment, Rate
from hantei.runs.folder import Run, file_name, load_run

CACHE = Path("runs") / "critiques"
"""Where replies about critiques of tables are kept; those about a run's are kept in its folder ``critiques``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How critiques are scored.

    Args:
        references: tables of dialogues with their reference units.
        judge: only this judge's critiques; default all.
        mode: ``robust``, or ``paper``.
        matcher: ``encoder`` or ``lexical``, what matches units where no model is asked.
        model: the model that finds and checks units; None for none.
        limits: connections, money, time, and a folder of replies.
        prices: a file of prices in place of hantei's own.
    """

    references: tuple[Path, ...]
    judge: str | None = None
    mode: Mode = "robust"
    matcher: str = "encoder"
    model: str | None = None
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What one kind of work took.

    Args:
        work: ``label only``, ``label and critique`` or ``meta-evaluation``.
        who: the judge, matcher or model.
        items: answers judged, or critiques checked.
        calls: calls of a model that were answered, those answered from the cache left out.
        input_tokens: of these calls.
        output_tokens: of these calls.
        seconds: from begin to end, None where other work was done in the same time.
        peak_memory_mb: the most memory of the process, None where it is not known.
        dollars: US dollars, None where a price is not known.
    """

    work: str
    who: str
    items: int
    calls: int
    input_tokens: int
    output_tokens: int
    seconds: float | None
    peak_memory_mb: float | None
    dollars: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCritiques:
    """The scores of critiques with their checked units.

    Args:
        checker: who checked them.
        asked: whether it is a model, which saw the dialogues.
        scores: by judge and language.
        checked: the critiques, unit by unit.
        unmatched: critiques without a reference, by judge.
        mended: verdicts and lines that the published way of reading replies takes otherwise, by why.
        contradictions: the share of critiques that contradict their own label, by judge and language.
        also_labelled: scored dialogues that people labelled in the same run.
        costs: what judging and scoring took.
    """

    checker: str
    asked: bool
    scores: tuple[CritiqueScores, ...]
    checked: tuple[CheckedCritique, ...]
    unmatched: Mapping[str, int]
    mended: Mapping[str, int]
    contradictions: tuple[Rate, ...]
    also_labelled: int
    costs: tuple[CostLine, ...]


def score_critiques(source: AnyPath, options: ScoreOptions, say: Say = lambda _line: None) -> ScoredCritiques:
    """Score the critiques of a run folder or a table by their atomic units, as ``hantei critiques score`` does.

    Of a run, the checked units are written into its folder ``critiques``.

    Args:
        source: a run folder whose judges wrote critiques, or a table with critiques.
        options: the references, and who checks the units.
        say: takes lines for people.

    Raises:
        UsageError: no such run, file, judge, matcher or model, no critique has a reference, or no price for a limit.
        InputError: a file cannot be read.
        RunError: calls to the model ended early.
    """
    source = Path(source)
    run = load_run(source) if (source / "run.json").is_file() else None
    found = read_critiques(source, options.references, options.judge)
    checker = _checker(options, source / "critiques" if run else CACHE, say)
    if options.model is not None:
        say(f"about {_calls(found.critiques, options.mode):,} calls of {options.model}")
    started = time.monotonic()
    checked = tuple(checker.check(found.critiques))
    seconds = time.monotonic() - started
    if run is not None:
        _write(run, checker.name, checked)
    asked = isinstance(checker, ModelChecker)
    return ScoredCritiques(
        checker=checker.name if asked else f"the {checker.name} matcher",
        asked=asked,
        scores=tuple(scores(checked, options.mode)),
        checked=checked,
        unmatched=found.unmatched,
        mended=_mended(checked),
        contradictions=tuple(contradiction_rates([one for one in found.critiques if one.unsafe is not None])),
        also_labelled=_also_labelled(run, found.critiques) if run else 0,
        costs=(*(_judging_costs(run) if run else ()), _own_cost(checker, len(checked), seconds)),
    )


def model_checker(name: str, limits: Limits, prices: Path | None, mode: Mode = "robust") -> ModelChecker:
    """Return a checker that asks the model of this name.

    Args:
        name: the model's name.
        limits: connections, money, time, and a folder of replies.
        prices: a file of prices in place of hantei's own.
        mode: how replies are taken.

    Raises:
        UsageError: no such model, its key is not set, or ``max_cost`` without a price.
    """
    model, price = load_model(name), pricing(prices)
    if isinstance(model, Prepared):
        model.check_ready()
    if limits.max_cost is not None and price(name, {"input": 1, "output": 1}) is None:
        raise UsageError(f"--max-cost needs a price for {name}: {no_price_for(name, prices)}")
    return ModelChecker(name=name, load=lambda: load_model(name), limits=limits, price=price, mode=mode)


def with_cache(limits: Limits, default: Path) -> Limits:
    """Return limits whose replies are kept in some folder: they are what the same command goes on from."""
    return limits if limits.cache is not None else replace(limits, cache=default)


def _checker(options: ScoreOptions, cache: Path, say: Say) -> Checker:
    if options.model is None:
        return EmbeddedChecker(matcher(options.matcher))
    limits = with_cache(options.limits, cache)
    say(f"replies are kept in {limits.cache}: the same command goes on from there")
    return model_checker(options.model, limits, options.prices, options.mode)


def _calls(critiques: Sequence[Critique], mode: Mode) -> int:
    """Return about how many calls checking takes, were a critique's units those that are found by rule."""
    each = 2 if mode == "robust" else 1  # a right unit is also checked against another dialogue
    there = [one for one in critiques if one.text]
    return sum(1 + each * len(found_units(one.text or "", one.tongue)) + len(one.reference) for one in there)


def _write(run: Run, checker: str, checked: Sequence[CheckedCritique]) -> None:
    folder = run.path / "critiques"
    folder.mkdir(exist_ok=True)
    lines = (msgspec.json.encode(one) + b"\n" for one in checked)
    write_atomic(folder / f"{file_name(checker)}.jsonl", lines)


def _mended(checked: Sequence[CheckedCritique]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in checked:
        found.update(unit.why for unit in (*one.units, *one.reference) if unit.why)
        found.update(one.mended)
    return dict(found.most_common())


def _also_labelled(run: Run, critiques: Sequence[Critique]) -> int:
    people = [name for name in run.judges() if name.startswith("human:")]
    labelled = {one.response_id for name in people for one in run.judgments(name) if one.unsafe is not None}
    return len({one.id for one in critiques} & labelled)


def _judging_costs(run: Run) -> Iterator[CostLine]:
    steps = run.info().steps
    for name in run.judges():
        if not name.startswith("human:"):
            alone = [step for step in steps if step.judges == (name,) and not step.answered]
            memory = [step.peak_memory_mb for step in alone if step.peak_memory_mb is not None]
            seconds = sum(step.seconds for step in alone) if alone else None
            yield _judging_cost(name, list(run.judgments(name)), seconds, max(memory, default=None))


def _judging_cost(name: str, judgments: Sequence[Judgment], seconds: float | None, memory: float | None) -> CostLine:
    costs = [one.cost if one.attempts else 0.0 for one in judgments]
    return CostLine(
        work="label and critique" if any(one.critique for one in judgments) else "label only",
        who=name,
        items=len(judgments),
        calls=sum(len(one.attempts) for one in judgments),
        input_tokens=sum(one.usage.get("input", 0) for one in judgments),
        output_tokens=sum(one.usage.get("output", 0) for one in judgments),
        seconds=seconds,
        peak_memory_mb=memory,
        dollars=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def _own_cost(checker: Checker, critiques: int, seconds: float) -> CostLine:
    meter = checker.meter if isinstance(checker, ModelChecker) else Meter()
    return CostLine(
        work="meta-evaluation",
        who=checker.name,
        items=critiques,
        calls=meter.calls,
        input_tokens=meter.tokens["input"],
        output_tokens=meter.tokens["output"],
        seconds=seconds,
        peak_memory_mb=peak_memory_mb(),
        dollars=meter.cost,
    )
