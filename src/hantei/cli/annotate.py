"""``hantei annotate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.output import say


def annotate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a judge's verdicts.")],
    choose: Annotated[int, typer.Option(help="How many answers to choose.")],
    out: Annotated[Path, typer.Option(help="The CSV file to write.")],
    judge: Annotated[str | None, typer.Option(help="The judge. [default: the run's only one]")] = None,
    system: Annotated[str | None, typer.Option(help="Only this system's answers.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw: the same again gives the same file.")] = 0,
) -> None:
    """Choose answers for people to label: flagged and uncertain ones more often, each with its chance.

    Example: hantei annotate runs/mine --judge builtin --choose 100 --out labels.csv
    """
    from hantei.tasks.choosing import choose_to_label

    sheet = choose_to_label(run, choose, out, judge, system, seed)
    say(f"{sheet.path}: {sheet.chosen:,} of {sheet.answers:,} answers, {sheet.flagged:,} of them flagged")
    if sheet.note:
        say(f"Note: {sheet.note}")
    say("Fill in the column unsafe with 1 or 0, leave the others, and run: hantei estimate RUN --labels FILE")
