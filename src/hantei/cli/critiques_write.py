"""``hantei critiques write``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import (
    ConnectionsOption,
    EncodingOption,
    JsonOption,
    MapOption,
    MaxCostOption,
    PricesOption,
    TimeoutOption,
    limits_of,
    mapping_of,
)
from hantei.cli.output import print_json, print_table, say, warn
from hantei.cli.summary import interruptible


def write(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Answers with people's labels.")],
    model: Annotated[str, typer.Option(help="The model that writes.")],
    out: Annotated[Path, typer.Option(help="The file of dialogues with their critiques (JSON lines).")],
    map_: MapOption = None,
    language: Annotated[str | None, typer.Option(help="Language of rows that do not say, as in en, ja, zh.")] = None,
    encoding: EncodingOption = None,
    temperature: Annotated[float, typer.Option(help="Of the model's replies.", min=0.0)] = 0.0,
    max_connections: ConnectionsOption = 16,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = 600.0,
    cache: Annotated[Path | None, typer.Option(help="The folder of replies. [default: OUT.replies]")] = None,
    json: JsonOption = False,
) -> None:
    """Have a model write a critique of each labelled answer, given its label; what denies the label is left out.

    Example: hantei critiques write labelled.jsonl --model openai/gpt-4o --out critiques.jsonl
    """
    from hantei.tasks.writing_critiques import WriteOptions, write_critiques

    options = WriteOptions(
        model=model,
        mapping=mapping_of(map_ or []),
        language=language,
        encoding=encoding,
        temperature=temperature,
        limits=limits_of(max_connections, max_cost, timeout, cache),
        prices=prices,
    )
    with interruptible():
        found = write_critiques(files, out, options, warn)
    if json:
        counts = [{"language": one, "label": label, **fates} for (one, label), fates in found.counts.items()]
        print_json({"kept": found.kept, "counts": counts, "calls": found.calls, "cost": found.cost})
    else:
        print_table(*found.table())
        say(f"{out}: {found.kept:,} critiques; what was left out, and why, is in {out}.dropped.jsonl")
    if any(fates["call failed"] for fates in found.counts.values()):
        raise typer.Exit(1)
