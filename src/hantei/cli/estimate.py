"""``hantei estimate``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.output import print_json, print_sections, say
from hantei.errors import UsageError


def estimate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a judge's verdicts.")],
    labels: Annotated[str, typer.Option(help="A file: response_id, unsafe, sampling_p; or human:NAME of the run.")],
    judge: Annotated[str | None, typer.Option(help="The judge. [default: the run's only one]")] = None,
    labels_are: Annotated[
        str | None, typer.Option(help="How answers without sampling_p were chosen: random (equal chances), or all.")
    ] = None,
    of: Annotated[
        str, typer.Option(help="Whose rate: population (what the prompts stand for), or just these answers.")
    ] = "population",
    system: Annotated[str | None, typer.Option(help="Only this system's answers.")] = None,
    precision: Annotated[str | None, typer.Option(help="Say how many labels would reach it, as in 2pp.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it as an HTML page, too.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Estimate the violation rate from a judge and a few labels of people, however good the judge is.

    Example: hantei estimate runs/mine --judge builtin --labels labels.csv --precision 2pp
    """
    from hantei import api
    from hantei.reports.rooms.estimate import estimate_section
    from hantei.reports.sections_page import render_sections
    from hantei.reports.template import write_page

    half = None if precision is None else points(precision)
    found = api.estimate(run, labels, judge, labels_are, of, system, half)  # type: ignore[arg-type]  # it checks
    section = estimate_section(found)
    if out is not None:
        write_page(out, render_sections("Violation rate", "a rate from few labels", section.title, (), [section]))
    if json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    print_sections([section])
    if out is not None:
        say(f"page: {out}")


def points(text: str) -> float:
    """Return a half width as a share: 2pp, 2% and 0.02 are two points.

    Raises:
        UsageError: it is none, or not between 0 and 50 points.
    """
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(pp|%|)\s*", text)
    value = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < value < 0.5:
        raise UsageError(f"--precision {text}: expected points above 0 and below 50, as in 2pp, or 0.02")
    return value
