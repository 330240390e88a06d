"""What every command that makes rates prints at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import typer

from hantei.cards import did_you_mean
from hantei.cli.fail_if import Condition, exit_if
from hantei.cli.output import print_json, print_sections, say, say_markdown, warn
from hantei.errors import UsageError
from hantei.exchange.tracking import check_tracker, log_run
from hantei.inputs.columns import EMPTY
from hantei.metrics.datasheet import DataSheet
from hantei.metrics.summary import overall
from hantei.record_lines import to_dict
from hantei.records import Summary
from hantei.reports import to_json, to_markdown
from hantei.reports.build import results_of
from hantei.reports.results import Results
from hantei.reports.rooms import sections
from hantei.reports.to_junit import Check, write_junit
from hantei.runs.folder import Run

PrintedAs = Literal["table", "markdown", "json"]
"""What is printed at the end: tables for a terminal, Markdown for the page of a job, JSON for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """How a run's end is told: on standard output, in a file of JUnit XML and to a tracker, where these are named."""

    to: PrintedAs = "table"
    junit: Path | None = None
    tracker: str | None = None


def printing(json: bool, summary: str, junit: Path | None, log_to: str | None = None) -> Printing:
    """Return how a run's end is told.

    Args:
        json: ``--json``.
        summary: ``--summary``.
        junit: ``--junit``.
        log_to: ``--log-to``.

    Raises:
        UsageError: no such summary or tracker, its extra is not installed, or two forms at once.
    """
    if log_to is not None:
        check_tracker(log_to)
    forms = tuple(form for form in get_args(PrintedAs) if form != "json")
    if summary not in forms:
        raise UsageError(f"--summary {summary}: expected {' or '.join(forms)}{did_you_mean(summary, forms)}")
    if json and summary != "table":
        raise UsageError(f"--json and --summary {summary}: expected one of them")
    return Printing(to="json" if json else summary, junit=junit, tracker=log_to)  # type: ignore[arg-type]  # one of the forms


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
    told: Printing,
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
        told: in what form.
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
    _print(run, results, page, told.to)
    held = [condition.held(summary) for condition in conditions]
    empty = _empty_answers(run)
    failures = list(_failures(summary, judges, empty))
    if rejected:
        failures.append(f"{rejected:,} rows could not be read: {run.rejected_path}")
    if told.junit is not None:
        checks = [Check(condition.text, lines) for condition, lines in zip(conditions, held, strict=True)]
        write_junit(told.junit, str(run.path), [*checks, Check("every answer was read and judged", failures)])
    if told.tracker is not None:
        warn(f"Logged: {log_run(run, told.tracker, page)}")
    exit_if([line for lines in held for line in lines])
    if empty:
        warn(f"{empty:,} answers are empty: they have no verdict")
    for line in failures:
        warn(line)
    if failures:
        raise typer.Exit(1)


def finish_work(run: Run, conditions: list[Condition], told: Printing, judges: Sequence[str]) -> None:
    """Print and exit as ``finish`` does after work on a run, with 1 also where this call's work was not all done."""
    step = run.info().steps[-1]
    if step.stopped:
        warn(f"stopped: {step.stopped}")
    if step.left_out:
        warn(f"left out, while others went on: {step.left_out}")
    finish(run, conditions, told, judges=judges)
    if step.stopped or step.left_out:
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


def _print(run: Run, results: Results, page: Path, to: PrintedAs) -> None:
    shown = sections(results)
    if to == "json":
        data = {"run": str(run.path), "report": str(page), "rejected": results.settings.get("rejected", 0)}
        print_json({**data, **to_dict(results.summary), "sections": [to_json.section(one) for one in shown]})
    elif to == "markdown":
        say_markdown(to_markdown.markdown(shown))
        say_markdown(to_markdown.listed([*results.summary.notes, f"Report: {page}"]))
    else:
        print_sections(shown)
        for note in results.summary.notes:
            say(f"Note: {note}")
        say(f"Report: {page}")
