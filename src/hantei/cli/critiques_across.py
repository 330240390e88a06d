"""``hantei critiques across``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import (
    ConnectionsOption,
    JsonOption,
    MaxCostOption,
    limits_of,
)
from hantei.cli.output import show_sections, warn


def across(
    pairs: Annotated[
        Path, typer.Option(help="The same dialogues in several languages: a table, or a folder with one a language.")
    ],
    judge: Annotated[str, typer.Option(help="The judge: builtin or CARD@MODEL.")] = "builtin",
    model: Annotated[
        str | None, typer.Option(help="Who answers prompts without answers. [default: fixed answers]")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many pairs, spread over all.", min=2)] = None,
    matcher: Annotated[str, typer.Option(help="What matches units of critiques: encoder or lexical.")] = "encoder",
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/across-<file>]")] = None,
    page: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    max_connections: ConnectionsOption = 16,
    max_cost: MaxCostOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the same dialogues in several languages: verdict flips, refusals, scores and critiques by language.

    Example: hantei critiques across --pairs dialogues.csv --judge critique@openai/gpt-4o
    """
    from hantei.reports.rooms.across import across_sections
    from hantei.tasks.across_languages import AcrossOptions, judge_across
    from hantei.tasks.options import Options

    limits = limits_of(max_connections, max_cost)
    options = AcrossOptions(judge=judge, model=model, limit=limit, matcher=matcher, options=Options(limits=limits))
    sections = across_sections(judge_across(pairs, out or Path("runs") / f"across-{pairs.stem}", options, warn))
    show_sections(sections, "Across languages", "what changes when only the language does", judge, page, json)
