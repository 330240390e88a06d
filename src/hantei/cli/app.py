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
    correct,
    critiques,
    doctor,
    estimate,
    exchange,
    export,
    judge,
    judges,
    judges_ablate,
    judges_measured,
    reproduce,
    run,
    serve,
    taxonomy,
    train,
    worst,
)
from hantei.cli.output import say
from hantei.version import __version__

app = typer.Typer(
    name="hantei",
    help="Measure, explain and improve the safety of what language models answer.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# In the order of the questions that people come with; a line is short enough for 80 columns.
app.command("demo", short_help="Try it on answers that come with hantei.")(judge.demo)
app.command("judge", short_help="Is it safe? Judge answers that you have.")(judge.judge)
app.command("run", short_help="Is this model safe? Ask it and judge its answers.")(run.run)
app.command("worst", short_help="What went wrong? The worst answers of a run.")(worst.worst)
app.command("compare", short_help="Which is safer? Systems, prompt by prompt.")(compare.compare)
app.command("agreement", short_help="Can I trust the judge? Its agreement with people.")(agreement.agreement)
app.command("estimate", short_help="How sure am I? A rate from a judge and few labels.")(estimate.estimate)
app.command("annotate", short_help="Label answers on a page, or choose which.")(annotate.annotate)
app.command("calibrate", short_help="Fit a judge to labels of your own.")(calibrate.calibrate)
app.command("correct", short_help="Can it be made safe? Unsafe answers, rewritten.")(correct.correct)
app.command("serve", short_help="Guard a live model: judge answers as they leave.")(serve.serve)
app.command("report", short_help="Write a run's summary and page again.")(judge.report)
app.command("import", short_help="Make a run of another program's results.")(exchange.import_)
app.command("export", short_help="Write a run as a table, data set or Inspect logs.")(export.export)
app.command("doctor", short_help="What is installed, reachable and missing.")(doctor.doctor)
app.add_typer(benchmarks.app, name="benchmarks")
app.add_typer(taxonomy.app, name="taxonomy")
judges.app.command("ablate", short_help="Compare one with variants of itself.")(judges_ablate.ablate)
judges.app.command("measure", short_help="Measure one on labelled answers: its data sheet.")(judges_measured.measure)
judges.app.command("rank", short_help="Rank them by how they agree with people.")(judges_measured.rank)
app.add_typer(judges.app, name="judges")
app.add_typer(critiques.app, name="critiques")
app.add_typer(train.app, name="train")
app.add_typer(reproduce.app, name="reproduce")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"hantei {__version__}")
        raise typer.Exit


_FIRST = """\
hantei measures how safe the answers of language models are.

  hantei demo                    try it on answers that come with it
  hantei judge answers.csv       judge answers that you have
  hantei run --model openai/gpt-4o-mini --benchmark starter
                                 ask a model and judge its answers; one on a
                                 server: 'openai/NAME?base_url=http://HOST/v1'
  hantei worst runs/demo         read the worst answers of a run
  hantei compare runs/demo       are two systems truly different?

All commands: hantei --help. One of them: hantei run --help.
Names completed by the shell: hantei --install-completion"""


@app.callback()
def hantei(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure, explain and improve the safety of what language models answer."""
    if ctx.invoked_subcommand is None:
        say(_FIRST)
