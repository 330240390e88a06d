"""All commands in one tree."""

from __future__ import annotations

from typing import Annotated

import typer

from hantei.cli import (
    agreement,
    annotate,
    benchmarks,
    calibrate,
    compare,
    estimate,
    exchange,
    export,
    judge,
    judges,
    judges_measured,
    reproduce,
    run,
    taxonomy,
    train,
)
from hantei.cli.output import say
from hantei.version import __version__

app = typer.Typer(
    name="hantei",
    help="Measure, explain and improve the safety of what language models answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("judge")(judge.judge)
app.command("run")(run.run)
app.command("report")(judge.report)
app.command("demo")(judge.demo)
app.command("compare")(compare.compare)
app.command("export")(export.export)
app.command("agreement")(agreement.agreement)
app.command("calibrate")(calibrate.calibrate)
app.command("annotate")(annotate.annotate)
app.command("estimate")(estimate.estimate)
app.command("import")(exchange.import_)
app.add_typer(benchmarks.app, name="benchmarks")
app.add_typer(taxonomy.app, name="taxonomy")
judges.app.command("measure")(judges_measured.measure)
judges.app.command("rank")(judges_measured.rank)
app.add_typer(judges.app, name="judges")
app.add_typer(train.app, name="train")
app.add_typer(reproduce.app, name="reproduce")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"hantei {__version__}")
        raise typer.Exit


@app.callback()
def hantei(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure, explain and improve the safety of what language models answer."""
