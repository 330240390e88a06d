"""``hantei import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli import complete
from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, say, warn
from hantei.exchange import IMPORTERS, import_run

_FROM = f"{', '.join(IMPORTERS)}. [default: told by what is in the files]"


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="A file, the folder of a program's output, or several.")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help=_FROM, show_default=False, autocompletion=complete.of(IMPORTERS)),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/<date>-<from>-<file>]")] = None,
    json: JsonOption = False,
) -> None:
    """Make a run folder of another program's answers and scores; judge them with 'hantei judge RUN'.

    Example: hantei import logs/2026-01-01_task.eval
    """
    run = import_run(files, source, out, warn)
    page = hantei.report(run.path)
    responses, rejected, judges = sum(1 for _ in run.responses()), run.info().rejected, run.judges()
    if json:
        found = {"run": str(run.path), "report": str(page), "responses": responses, "rejected": rejected}
        print_json({**found, "judges": judges})
    else:
        say(f"{responses:,} answers, judged by {', '.join(judges) or 'nobody yet'}")
        say(f"Run: {run.path}")
        say(f"Report: {page}")
    if rejected:
        warn(f"{rejected:,} rows could not be read: {run.rejected_path}")
        raise typer.Exit(1)
