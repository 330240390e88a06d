"""``hantei reproduce safety-j``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import (
    ConnectionsOption,
    JsonOption,
    limits_of,
)
from hantei.cli.output import print_json, print_sections, say, warn


def safety_j(
    data: Annotated[Path, typer.Option(help="The folder of the release, or one that has it as safety_j.")],
    judge: Annotated[
        list[str] | None, typer.Option(help="A judge to measure: builtin or CARD@MODEL. May be repeated.")
    ] = None,
    left_out: Annotated[
        bool, typer.Option("--left-out", help="Fit builtin again without each set, too: ten minutes and more.")
    ] = False,
    turns: Annotated[
        bool, typer.Option("--turns", help="Judge R-Judge and ConvAbuse with and without their earlier turns, too.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="A model that checks critiques by their units, too. [default: by rule alone]")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where judgings are kept and gone on with.")] = Path("runs/safety-j"),
    max_connections: ConnectionsOption = 16,
    max_cost: Annotated[float | None, typer.Option(help="Stop each judging before it costs more US dollars.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the tables as an HTML page, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Measure judges on SAFETY-J's label sets, beside what the paper prints.

    Example: hantei reproduce safety-j --data ../shared/data --judge builtin --left-out
    """
    from hantei.reproduce.safety_j import reproduce

    limits = limits_of(max_connections, max_cost)
    found = reproduce(data, judge or (), left_out, turns, runs, limits, warn, model)
    if out is not None:
        found.write_page(out)
    if json:
        print_json(found.as_json())
        return
    print_sections(found.sections)
    if out is not None:
        say(f"Page: {out}")
