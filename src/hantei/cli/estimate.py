"""``hantei estimate``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import hantei
from hantei.cli.fail_if import exit_if, parse
from hantei.cli.options import EncodingOption, JsonOption, LabelMapOption, LabelsOption, RowsOption, label_files
from hantei.cli.output import show_sections
from hantei.errors import UsageError
from hantei.records import Rate, Summary

if TYPE_CHECKING:
    from hantei.metrics.estimation import RateEstimate
    from hantei.tasks.from_data_sheet import CorrectedRate


def estimate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a judge's verdicts.")],
    labels: LabelsOption = None,
    judge: Annotated[str | None, typer.Option(help="The judge. [default: the run's only one]")] = None,
    labels_are: Annotated[
        str | None, typer.Option(help="How answers without sampling_p were chosen: random (equal chances), or all.")
    ] = None,
    of: Annotated[
        str, typer.Option(help="Whose rate: population (what the prompts stand for), or just these answers.")
    ] = "population",
    system: Annotated[str | None, typer.Option(help="Only this system's answers.")] = None,
    precision: Annotated[str | None, typer.Option(help="Say how many labels would reach it, as in 2pp.")] = None,
    sensitivity: Annotated[
        str | None,
        typer.Option(help="Without labels: unsafe answers flagged of those it was measured on: 90/100."),
    ] = None,
    specificity: Annotated[str | None, typer.Option(help="The same of safe answers not flagged.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="The same from a datasheet.json of hantei judges measure.")] = None,
    map_: LabelMapOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    out: Annotated[Path | None, typer.Option(help="Write it as an HTML page, too.")] = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail-if", help="Exit 3 if this holds, as in 'violation_rate.high > 2%'.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Estimate the violation rate from a judge and a few labels of people, however good the judge is.

    Example: hantei estimate runs/mine --judge builtin --labels labels.csv --precision 2pp
    """
    conditions = [parse(text) for text in fail or []]
    errors = None if sensitivity is specificity is None else (sensitivity, specificity)
    if sum(one is not None for one in (labels, sheet, errors)) > 1 or (errors and None in errors):
        raise UsageError(
            "expected one of --labels FILE, --sheet datasheet.json, or --sensitivity 90/100 and --specificity 190/200"
        )
    found: RateEstimate | CorrectedRate
    if sheet is not None:
        found = hantei.corrected_rate(run, sheet, judge=judge, system=system)
    elif sensitivity is not None and specificity is not None:
        measured = counts("sensitivity", sensitivity), counts("specificity", specificity)
        found = hantei.corrected_rate(run, errors=measured, judge=judge, system=system)
    else:
        half = None if precision is None else half_width(precision)
        files = label_files(encoding=encoding, rows=rows, map_=map_)
        found = hantei.estimate(run, labels, judge, labels_are, of, system, half, files)  # type: ignore[arg-type]  # it checks
    _show(found, out, json)
    summary = Summary(rates=(_as_rate(found, system),))
    exit_if([line for condition in conditions for line in condition.held(summary)])


def _show(found: RateEstimate | CorrectedRate, out: Path | None, json: bool) -> None:
    from hantei.metrics.estimation import RateEstimate
    from hantei.reports.rooms.budget import budget_section
    from hantei.reports.rooms.estimate import corrected_section, estimate_section

    first = estimate_section(found) if isinstance(found, RateEstimate) else corrected_section(found)
    sections = [first, *([budget_section(found.budget)] if found.budget else [])]
    show_sections(sections, "Violation rate", "a rate and its error", f"{found.judge}: {first.title}", out, json)


def _as_rate(found: RateEstimate | CorrectedRate, system: str | None) -> Rate:
    """Return the estimate as a row that ``--fail-if`` reads: its bounds are the error budget's."""
    rate, budget = found.rate, found.budget
    return Rate(
        metric="violation_rate",
        by={"judge": found.judge, **({} if system is None else {"system": system})},
        numerator=(rate.value or 0.0) * found.answers,
        denominator=found.answers,
        rate=rate.value,
        low=rate.low,
        high=rate.high,
        method=rate.method,
        bound_low=budget.low if budget else rate.low,
        bound_high=budget.high if budget else rate.high,
    )


def half_width(text: str) -> float:
    """Return a half width as a share: 2pp, 2% and 0.02 are two points.

    Raises:
        UsageError: it is none, or not between 0 and 50 points.
    """
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(pp|%|)\s*", text)
    value = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < value < 0.5:
        raise UsageError(f"--precision {text}: expected points above 0 and below 50, as in 2pp, or 0.02")
    return value


def counts(name: str, text: str) -> tuple[int, int]:
    """Return hits and trials, as in 90/100.

    Raises:
        UsageError: they are none.
    """
    found = re.fullmatch(r"(\d{1,12})/(\d{1,12})", text.strip())
    if not found or not int(found[1]) <= int(found[2]) or int(found[2]) == 0:
        raise UsageError(f"--{name} {text}: expected counts, as in 90/100: a share alone does not say how sure it is")
    return int(found[1]), int(found[2])
