"""``hantei run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli import fail_if
from hantei.cli.options import (
    CacheOption,
    CountRepeatsOption,
    CountTurnsOption,
    FailIfOption,
    JsonOption,
    JudgesOption,
    KeepGoingOption,
    MapOption,
    MaxRunCostOption,
    OnOption,
    PricesOption,
    RowsOption,
    RunTimeoutOption,
    TimeoutOption,
    TurnOption,
    WorkersOption,
    mapping_of,
)
from hantei.cli.output import say, warn
from hantei.cli.summary import finish_work, interruptible
from hantei.engine.limits import Limits
from hantei.judges.loading import with_parse
from hantei.judges.turn_by_turn import with_turn
from hantei.models.base import Sampling
from hantei.records import CountingRule
from hantei.tasks.options import Options

_LIMITS = Limits()


def run(
    model: Annotated[
        list[str],
        typer.Option(help="openai/NAME?base_url=URL, hf/PATH, replay/FILE or inspect/PROVIDER/NAME; may be repeated."),
    ],
    benchmark: Annotated[list[str], typer.Option(help="A benchmark's name or a file of prompts; may be repeated.")],
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
    no_verdict: Annotated[str, typer.Option(help="Rows without a verdict: drop, or count as unsafe.")] = "drop",
    turn: TurnOption = "last",
    count_turns: CountTurnsOption = "last",
    count_repeats: CountRepeatsOption = "first",
    parse: Annotated[str, typer.Option(help="How replies are read: robust, or paper (as published).")] = "robust",
    estimate: Annotated[bool, typer.Option("--estimate", help="Print calls, tokens and cost; ask nothing.")] = False,
    fail: FailIfOption = None,
    json: JsonOption = False,
) -> None:
    """Ask a model, judge its answers, report. The same command again goes on where it ended.

    Example: hantei run --model 'openai/m?base_url=http://127.0.0.1:8000/v1' --benchmark starter
    """
    conditions = [fail_if.parse(text) for text in fail or []]
    options = Options(
        mapping=mapping_of(map_ or []),
        missing=tuple(missing or ()),
        rows=rows,
        sampling=Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens, seed=seed),
        system_prompt=system_prompt,
        samples=samples,
        limit=limit,
        judge_reasoning=judge_reasoning,
        limits=Limits(
            max_connections=max_connections,
            max_cost=max_cost,
            timeout_s=timeout,
            run_timeout_s=run_timeout,
            cache=cache,
            keep_going=keep_going,
            workers=workers,
        ),
        no_verdict=no_verdict,
        rule=CountingRule(turns=count_turns, repeats=count_repeats),  # type: ignore[arg-type]  # Options checks
        prices=prices,
        on=on,  # type: ignore[arg-type]  # Options checks
    )
    judges = [with_turn(with_parse(name, parse), turn) for name in judge or ["builtin"]]
    if estimate:
        for line in hantei.forecast(model, benchmark, judges, out, options).lines():
            say(line)
        return
    with interruptible():
        made = hantei.run(model, benchmark, judges, out, options, say=warn)
    finish_work(made, conditions, json, judges)
