"""What every command that makes rates prints at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from hantei.cli.fail_if import Condition, exit_if
from hantei.cli.output import print_json, print_sections, say, warn
from hantei.inputs.columns import EMPTY
from hantei.metrics.datasheet import DataSheet
from hantei.metrics.summary import overall
from hantei.record_lines import to_dict
from hantei.records import Summary
from hantei.reports import to_json
from hantei.reports.build import results_of
from hantei.reports.results import Results
from hantei.reports.rooms import sections
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
    summary: Summary | None = None,
    threshold: float | None = None,
    sheets: Mapping[str, DataSheet] | None = None,
) -> None:
    """Print what a run amounts to and exit by it: 1 with rows that failed, 3 where a condition held.

    Args:
        run: the run.
        conditions: those of ``--fail-if``.
        json: print JSON, for programs.
        page: where the report is, if not in the folder.
        judges: those of this call: what another one failed on earlier is printed but does not make this call fail.
        summary: the run's, if not the one in its folder.
        threshold: the rate of unsafe answers that a system may have, None without one.
        sheets: data sheets of judges, by name, besides those in the run folder.

    Raises:
        typer.Exit: with 1 or 3.
    """
    results = results_of(run, summary, threshold, sheets)
    summary, rejected = results.summary, results.settings.get("rejected", 0)
    page = page or run.report_path
    if json:
        print_json(
            {
                "run": str(run.path),
                "report": str(page),
                "rejected": rejected,
                **to_dict(summary),
                "sections": [to_json.section(one) for one in sections(results)],
            }
        )
    else:
        _print(results, page)
    exit_if([line for condition in conditions for line in condition.held(summary)])
    empty = _empty_answers(run)
    if empty:
        warn(f"{empty:,} answers are empty: they have no verdict")
    failures = list(_failures(summary, judges, empty))
    for line in failures:
        warn(line)
    if rejected:
        warn(f"{rejected:,} rows could not be read: {run.rejected_path}")
    if rejected or failures:
        raise typer.Exit(1)


def finish_work(run: Run, conditions: list[Condition], json: bool, judges: Sequence[str]) -> None:
    """Print and exit as ``finish`` does after work on a run, with 1 also where this call's work stopped early."""
    stopped = run.info().steps[-1].stopped
    if stopped:
        warn(f"stopped: {stopped}")
    finish(run, conditions, json, judges=judges)
    if stopped:
        raise typer.Exit(1)


def _empty_answers(run: Run) -> int:
    """Return how many answers came in empty; of a model that was asked none: there it is a failed call."""
    return 0 if run.info().plan.models else sum(response.error == EMPTY for response in run.responses())


def _failures(summary: Summary, judges: Sequence[str] | None, empty: int) -> Iterator[str]:
    """Yield a line for each judge that gave no verdict because something failed.

    To abstain is no failure, and neither is an answer that people did not label, or one of those that came in
    ``empty``.
    """
    lost: dict[str, dict[str, int]] = {}
    for rate in (rate for metric in _COUNTED for rate in overall(summary.rates, metric)):
        reasons = lost.setdefault(rate.by["judge"], {})
        for reason, count in rate.no_verdict.items():
            if reason not in ("abstained", "not given"):
                reasons[reason] = max(count, reasons.get(reason, 0))
    for judge, reasons in lost.items():
        reasons["error"] = reasons.get("error", 0) - empty
        reasons = {reason: count for reason, count in reasons.items() if count > 0}
        if reasons and not judge.startswith("human:") and (judges is None or judge in judges):
            why = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
            yield f"{sum(reasons.values()):,} answers have no verdict of {judge}: {why}"


_COUNTED = ("violation_rate", "flagged_rate", "refusal_rate")
"""Rates that together have every answer in their denominators: the first two leave benign prompts out."""


def _print(results: Results, page: Path) -> None:
    print_sections(sections(results))
    for note in results.summary.notes:
        say(f"Note: {note}")
    say(f"Report: {page}")
