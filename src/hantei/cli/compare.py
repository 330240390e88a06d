"""``hantei compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli import fail_if
from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_sections, say
from hantei.metrics.compare import as_rate
from hantei.records import Summary
from hantei.reports import to_json
from hantei.reports.comparison import flipped_in_short, sections, write_comparison


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders; of a single one its systems are compared.")
    ],
    judge: Annotated[
        str | None, typer.Option(help="Whose verdicts. [default: every judge that judged all of the runs]")
    ] = None,
    system: Annotated[list[str] | None, typer.Option(help="Only this system; may be repeated.")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Compare runs of other judges' versions, benchmarks or policies.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the comparison as an HTML page, too.")] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option("--fail-if", help="Exit 3 if this holds, as in 'difference.violation_rate.low > 0'."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say whether systems truly differ, prompt by prompt: two runs, or the systems of one.

    Example: hantei compare runs/demo --out comparison.html
    """
    conditions = [fail_if.parse_difference(text) for text in fail or []]
    found = hantei.compare(*runs, judge=judge, systems=system or (), anyway=anyway)
    if out is not None:
        write_comparison(out, found)
    if json:
        shown = [to_json.section(one) for one in sections(found)]
        print_json({"title": found.title, "sides": found.sides, "notices": found.notices, "sections": shown})
    else:
        for notice in found.notices:
            say(f"Note: {notice}")
        print_sections([*sections(found), *flipped_in_short(found)])
        if out is not None:
            say(f"Page: {out}")
    rows = Summary(rates=tuple(as_rate(one) for one in (*found.differences, *found.slices, *found.variants)))
    fail_if.exit_if([line for condition in conditions for line in condition.held(rows)])
