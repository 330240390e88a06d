"""``hantei run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli import complete
from hantei.cli.options import (
    CacheOption,
    CountRepeatsOption,
    CountTurnsOption,
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
    RunTimeoutOption,
    SaveOption,
    SummaryOption,
    TimeoutOption,
    TitleOption,
    TurnOption,
    WorkersOption,
)
from hantei.cli.run_files import carry_out, from_command
from hantei.cli.summary import printing
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.tasks.run_file import load_run_file

_LIMITS = Limits()


def run(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.toml]", help="A run file: models, benchmarks, judges, options.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="openai/NAME?base_url=URL, hf/PATH, replay/FILE, inspect/PROVIDER/NAME, or SHORT=one of them; may be "
            "repeated.",
            autocompletion=complete.models,
        ),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            help="A benchmark's name or a file of prompts, or SHORT=one of them; may be repeated.",
            autocompletion=complete.benchmarks,
        ),
    ] = None,
    judge: JudgesOption = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/<date>-<model>-<benchmark>]")] = None,
    map_: MapOption = None,
    missing: Annotated[
        list[str] | None, typer.Option("--missing", help="A cell that means that nothing is there, as in 'N/A'.")
    ] = None,
    rows: RowsOption = None,
    limit: Annotated[int | None, typer.Option(help="Ask only the first so many prompts.")] = None,
    samples: Annotated[int, typer.Option(help="Answers to each prompt.")] = 1,
    temperature: Annotated[float | None, typer.Option(help="Sampling temperature. [default: the server's]")] = None,
    top_p: Annotated[float | None, typer.Option(help="Nucleus sampling. [default: the server's]")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens of an answer. [default: the server's]")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, where the server takes one; sample k gets seed + k.")] = None,
    system_prompt: Annotated[str | None, typer.Option(help="Stands before every prompt.")] = None,
    judge_reasoning: Annotated[bool, typer.Option("--judge-reasoning", help="Judge the reasoning, too.")] = False,
    max_connections: Annotated[
        int, typer.Option(help="Calls in flight for each server, models and judges together.")
    ] = _LIMITS.max_connections,
    max_cost: MaxRunCostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    run_timeout: RunTimeoutOption = None,
    cache: CacheOption = None,
    keep_going: KeepGoingOption = False,
    workers: WorkersOption = None,
    on: OnOption = "here",
    no_verdict: NoVerdictOption = "drop",
    turn: TurnOption = "last",
    count_turns: CountTurnsOption = "last",
    count_repeats: CountRepeatsOption = "first",
    parse: ParseOption = "robust",
    estimate: Annotated[bool, typer.Option("--estimate", help="Print calls, tokens and cost; ask nothing.")] = False,
    title: TitleOption = None,
    save: SaveOption = None,
    fail: FailIfOption = None,
    summary: SummaryOption = "table",
    junit: JunitOption = None,
    log_to: LogToOption = None,
    json: JsonOption = False,
) -> None:
    """Ask models, judge their answers, report. The same command again goes on where it ended.

    Example: hantei run --model 'openai/m?base_url=http://127.0.0.1:8000/v1' --benchmark starter
    """
    if file and file.suffix != ".toml":
        meant = f"answers are judged by: hantei judge {file}"
        raise UsageError(f"{file}: expected a run file (.toml), or --model and --benchmark; {meant}")
    said = from_command(ctx, load_run_file(file) if file else None)
    if said.answers:
        raise UsageError(f"{file}: it names answers that exist: hantei judge {file}")
    carry_out(said, save, estimate, printing(json, summary, junit, log_to))
