"""``hantei critiques across``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_sections, say, warn


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
    max_connections: Annotated[int, typer.Option(help="Calls in flight for each server.")] = 16,
    max_cost: Annotated[float | None, typer.Option(help="Stop before it costs more US dollars.")] = None,
    json: JsonOption = False,
) -> None:
    """Judge the same dialogues in several languages: verdict flips, refusals, scores and critiques by language.

    Example: hantei critiques across --pairs dialogues.csv --judge critique@openai/gpt-4o
    """
    from hantei.engine.limits import Limits
    from hantei.reports.rooms.across import across_sections
    from hantei.tasks.across_languages import AcrossOptions, judge_across
    from hantei.tasks.options import Options

    limits = Limits(max_connections=max_connections, max_cost=max_cost)
    options = AcrossOptions(judge=judge, model=model, limit=limit, matcher=matcher, options=Options(limits=limits))
    sections = across_sections(judge_across(pairs, out or Path("runs") / f"across-{pairs.stem}", options, warn))
    if page is not None:
        from hantei.reports.sections_page import write_sections

        write_sections(page, "Across languages", "what changes when only the language does", judge, sections)
    if json:
        from hantei.reports import to_json

        print_json({"sections": [to_json.section(one) for one in sections]})
        return
    print_sections(sections)
    if page is not None:
        say(f"Page: {page}")
