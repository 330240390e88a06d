"""``hantei export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli import complete
from hantei.cli.options import RunArgument
from hantei.cli.output import say
from hantei.exchange.exporting import FORMATS


def export(
    run: RunArgument,
    to: Annotated[
        str,
        typer.Option(
            help="csv, parquet or preferences (a file), hf or inspect (a folder).", autocompletion=complete.of(FORMATS)
        ),
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="Where to write. [default: a name of its own in RUN]")] = None,
) -> None:
    """Write a run as a table with the verdicts beside its own columns, a data set, or Inspect logs.

    Example: hantei export runs/demo --to csv --out demo.csv
    """
    say(str(hantei.export(run, to, out)))
