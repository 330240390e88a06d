"""``hantei export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli.output import say


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    to: Annotated[str, typer.Option(help="csv, parquet or preferences (a file), hf or inspect (a folder).")] = "csv",
    out: Annotated[Path | None, typer.Option(help="Where to write. [default: a name of its own in RUN]")] = None,
) -> None:
    """Write a run as a table with the verdicts beside its own columns, a data set, or Inspect logs.

    Example: hantei export runs/demo --to csv --out demo.csv
    """
    say(str(hantei.export(run, to, out)))
