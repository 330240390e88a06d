"""``hantei judge``, ``hantei report`` and ``hantei demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

import hantei
from hantei.cli import complete, fail_if
from hantei.cli.options import (
    CacheOption,
    CountRepeatsOption,
    CountTurnsOption,
    EncodingOption,
    FailIfOption,
    JsonOption,
    JudgesOption,
    JunitOption,
    KeepGoingOption,
    LogToOption,
    MapOption,
    MaxRunCostOption,
    NoVerdictOption,
    OnOption,
    ParseOption,
    PricesOption,
    RowsOption,
    RunArgument,
    RunTimeoutOption,
    SaveOption,
    SummaryOption,
    TitleOption,
    TurnOption,
    WorkersOption,
)
from hantei.cli.run_files import carry_out, from_command
from hantei.cli.summary import finish, interruptible, printing
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.runs.folder import load_run
from hantei.runs.sheets import sheets_for
from hantei.tasks.reporting import report_and_summary
from hantei.tasks.run_file import load_run_file

_LIMITS = Limits()


def judge(
    ctx: typer.Context,
    source: Annotated[
        list[str],
        typer.Argument(metavar="FILE-or-RUN...", help="Files of answers, one run folder, or a run file (TOML)."),
    ],
    judge: JudgesOption = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/<date>-<file>]")] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            help="A benchmark or a file of prompts whose ids the rows use: adds harm types.",
            autocompletion=complete.benchmarks,
        ),
    ] = None,
    map_: MapOption = None,
    encoding: EncodingOption = None,
    language: Annotated[str | None, typer.Option(help="Language of rows that do not say, as in en, ja, zh.")] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Take people's labels from the columns unsafe, action, refusal.")
    ] = False,
    missing: Annotated[
        list[str] | None, typer.Option("--missing", help="An answer that means that there is none, as in 'N/A'.")
    ] = None,
    rows: RowsOption = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Judge the good rows; exit 1.")] = False,
    no_verdict: NoVerdictOption = "drop",
    turn: TurnOption = "last",
    count_turns: CountTurnsOption = "last",
    count_repeats: CountRepeatsOption = "first",
    parse: ParseOption = "robust",
    max_connections: Annotated[
        int, typer.Option(help="Calls in flight for each server, for judges that ask a model.")
    ] = _LIMITS.max_connections,
    max_cost: MaxRunCostOption = None,
    timeout: Annotated[float, typer.Option(help="Seconds for each call of such a judge.")] = _LIMITS.timeout_s,
    run_timeout: RunTimeoutOption = None,
    cache: CacheOption = None,
    prices: PricesOption = None,
    keep_going: KeepGoingOption = False,
    workers: WorkersOption = None,
    on: OnOption = "here",
    estimate: Annotated[bool, typer.Option("--estimate", help="Print calls, tokens and cost; ask nothing.")] = False,
    title: TitleOption = None,
    save: SaveOption = None,
    fail: FailIfOption = None,
    summary: SummaryOption = "table",
    junit: JunitOption = None,
    log_to: LogToOption = None,
    json: JsonOption = False,
) -> None:
    """Judge answers that exist already: a table, a run folder and a report.

    Example: hantei judge answers.csv --judge builtin --out runs/mine
    """
    said = from_command(ctx)
    if source[0].endswith(".toml"):
        file = load_run_file(source[0])
        said = replace(from_command(ctx, file), answers=file.answers)
        if file.model or not file.answers:
            raise UsageError(f"{source[0]}: it names no answers (answers = [FILE, ...]): hantei run {source[0]}")
    carry_out(said, save, estimate, printing(json, summary, junit, log_to))


def report(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="Where to write the page. [default: RUN/report.html]")] = None,
    title: TitleOption = None,
    threshold: Annotated[
        str | None, typer.Option(help="The rate of unsafe answers that a system may have, as in 2%.")
    ] = None,
    sheet: Annotated[
        list[Path] | None,
        typer.Option(help="A judge's datasheet.json (hantei judges measure), to say how far it can be trusted."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="A system of which all rates are shown where there are very many; with --out."),
    ] = None,
    fail: FailIfOption = None,
    summary: SummaryOption = "table",
    junit: JunitOption = None,
    log_to: LogToOption = None,
    json: JsonOption = False,
) -> None:
    """Write a run's summary and report again from its records.

    Example: hantei report runs/demo --out report.html
    """
    conditions, told = [fail_if.parse(text) for text in fail or []], printing(json, summary, junit, log_to)
    limit = None if threshold is None else share_of("--threshold", threshold)
    made = load_run(run)
    sheets = sheets_for(made, sheet or ())
    page, rates = report_and_summary(made, out, limit, sheets, system or (), title)
    finish(made, conditions, told, page, summary=rates, threshold=limit, sheets=sheets)


def demo(
    out: Annotated[Path, typer.Option(help="The run folder.")] = Path("runs/demo"),
    fail: FailIfOption = None,
    summary: SummaryOption = "table",
    junit: JunitOption = None,
    json: JsonOption = False,
) -> None:
    """Judge three invented systems in three languages: a careful and a careless one, and an ordinary log.

    Example: hantei demo --out runs/demo
    """
    conditions, told = [fail_if.parse(text) for text in fail or []], printing(json, summary, junit)
    with interruptible():
        run = hantei.demo(out)
    finish(run, conditions, told)


def share_of(option: str, text: str) -> float:
    """Return the share from 0 to 1 that ``2%`` or ``0.02`` says.

    Raises:
        UsageError: it says none.
    """
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"{option} {text}: expected a share, as in 2% or 0.02")
    return value
