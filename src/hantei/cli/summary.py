"""What every command that makes rates prints at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from hantei.cli.fail_if import Condition
from hantei.cli.output import print_json, print_table, rate_text, say, warn
from hantei.metrics.definitions import shown_in
from hantei.metrics.summary import overall
from hantei.records import Rate, Summary, to_dict
from hantei.runs.folder import Run


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C into a line that says what is kept, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        warn("hantei: stopped; what was finished is kept and reported, and the same command goes on from there")
        raise typer.Exit(130) from None


def finish(
    run: Run,
    conditions: list[Condition],
    json: bool,
    page: Path | None = None,
    judges: Sequence[str] | None = None,
) -> None:
    """Print what a run amounts to and exit by it: 1 with rows that failed, 3 where a condition held.

    ``judges`` are those of this call: what another one failed on earlier is printed but does not make this call fail.
    """
    summary, info = run.summary(), run.info()
    rejected = info.rejected
    page = page or run.report_path
    if json:
        rates = [to_dict(rate) for rate in summary.rates]
        notes, policy = list(summary.notes), summary.policy
        print_json(
            {
                "run": str(run.path),
                "report": str(page),
                "rejected": rejected,
                "policy": policy,
                "notes": notes,
                "rates": rates,
                "calibration": list(summary.calibration),
            }
        )
    else:
        _print(run, summary, page)
    held = [line for condition in conditions for line in condition.held(summary)]
    for line in held:
        warn(f"--fail-if held: {line}")
    if held:
        raise typer.Exit(3)
    failures = list(_failures(summary, judges))
    for line in failures:
        warn(line)
    if rejected:
        warn(f"{rejected:,} rows could not be read: {run.rejected_path}")
    if rejected or failures:
        raise typer.Exit(1)


def _failures(summary: Summary, judges: Sequence[str] | None) -> Iterator[str]:
    """Yield a line for each judge that gave no verdict because something failed.

    To abstain is no failure, and neither is an answer that people did not label.
    """
    lost: dict[str, dict[str, int]] = {}
    for rate in (rate for metric in _COUNTED for rate in overall(summary.rates, metric)):
        reasons = lost.setdefault(rate.by["judge"], {})
        for reason, count in rate.no_verdict.items():
            if reason not in ("abstained", "not given"):
                reasons[reason] = max(count, reasons.get(reason, 0))
    for judge, reasons in lost.items():
        if reasons and not judge.startswith("human:") and (judges is None or judge in judges):
            why = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
            yield f"{sum(reasons.values()):,} answers have no verdict of {judge}: {why}"


_COUNTED = ("violation_rate", "flagged_rate", "refusal_rate")
"""Rates that together have every answer in their denominators: the first two leave benign prompts out."""


def _print(run: Run, summary: Summary, page: Path) -> None:
    for name in run.judges():
        rates = {(rate.metric, rate.by.get("system")): rate for rate in summary.rates if _by_system(rate, name)}
        main = "flagged_rate" if ("flagged_rate", None) in rates else "violation_rate"
        shown = [
            metric for metric in shown_in("terminal") if _said(rates.get((metric.name, None)), metric.name == main)
        ]
        systems = sorted({system for _, system in rates if system is not None})
        rows = [
            [
                system or "all",
                *(rate_text(rates.get((metric.name, system))) for metric in shown),
                _missing(rates, main, system),
            ]
            for system in [*systems, *([None] if len(systems) != 1 else [])]
        ]
        header = ["system", *(metric.title.lower() for metric in shown), "no verdict"]
        say(f"{name}: rate [95% interval] k/n")
        print_table(header, rows)
    for found in summary.calibration:
        say(against_text(found))
    for note in summary.notes:
        say(f"Note: {note}")
    say(f"Report: {page}")


def against_text(found: Mapping[str, Any]) -> str:
    """Return in one line how a judge does against a person: ``builtin against human:given: accuracy ...``."""
    unsafe, action, refusal, likely = (found.get(key, {}) for key in ("unsafe", "action", "refusal", "p_unsafe"))
    parts = [
        *_numbers(unsafe, {"accuracy": "accuracy", "f1": "F1 of unsafe", "base_rate": "base rate"}),
        *_numbers(action, {"macro_f1": "macro-F1 of the action"}),
        *_numbers(refusal, {"macro_f1": "macro-F1 of the refusal"}),
        *_numbers(likely.get("before", {}), {"error": "calibration error"}),
    ]
    scaled = likely.get("after_isotonic")
    after = f" (after isotonic scaling, out of fold: {100 * scaled['error']['value']:.1f}%)" if scaled else ""
    trained = found["in_training"]
    warning = f"; it was trained on {trained:,} of these answers, which says nothing of new ones" if trained else ""
    return f"{found['judge']} against {found['against']} ({found['n']:,} answers): {', '.join(parts)}{after}{warning}"


def _numbers(found: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[str]:
    for key, title in titles.items():
        if found.get(key):
            value, low, high = (100 * found[key][name] for name in ("value", "low", "high"))
            yield f"{title} {value:.1f}% [{low:.1f}, {high:.1f}]"


def _said(rate: Rate | None, always: bool) -> bool:
    """Whether a rate has anything to show: no benign or borderline prompt, no over-refusal."""
    return rate is not None and (always or rate.denominator > 0 or bool(rate.no_verdict))


def _by_system(rate: Rate, judge: str) -> bool:
    return rate.by.get("judge") == judge and set(rate.by) <= {"judge", "system"}


def _missing(rates: dict[tuple[str, str | None], Rate], metric: str, system: str | None) -> str:
    rate = rates.get((metric, system))
    counts = rate.no_verdict if rate else {}
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "0"
