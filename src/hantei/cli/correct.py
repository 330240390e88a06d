"""``hantei correct``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli import fail_if
from hantei.cli.options import (
    CacheOption,
    ConnectionsOption,
    EncodingOption,
    FailIfOption,
    JsonOption,
    JunitOption,
    KeepGoingOption,
    MapOption,
    MaxRunCostOption,
    PricesOption,
    RowsOption,
    RunTimeoutOption,
    SummaryOption,
    TimeoutOption,
    limits_of,
    mapping_of,
)
from hantei.cli.output import say, warn
from hantei.cli.summary import finish_work, interruptible, printing
from hantei.engine.limits import Limits
from hantei.errors import UsageError
from hantei.models.base import Sampling
from hantei.tasks.correcting import Correction
from hantei.tasks.options import Options

_LIMITS = Limits()


def correct(
    source: Annotated[
        list[Path], typer.Argument(metavar="FILE-or-RUN...", help="Files of answers, or one run folder.")
    ],
    model: Annotated[str, typer.Option(help="The model that writes unsafe answers again, as in hantei run.")],
    judge: Annotated[str, typer.Option(help="Says which answers are unsafe, and why.")] = "builtin",
    check_with: Annotated[
        list[str] | None, typer.Option("--check-with", help="Another judge that scores every version; may be repeated.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="How often an answer is corrected at most.")] = 2,
    rules: Annotated[
        Path | None, typer.Option(help="Rules that answers must keep: text, or TOML by region and product.")
    ] = None,
    template: Annotated[Path | None, typer.Option(help="A folder with the wording in place of hantei's own.")] = None,
    to: Annotated[str | None, typer.Option(help="preferences: write pairs, corrected over original, too.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/<date>-corrected-<what>]")] = None,
    map_: MapOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    temperature: Annotated[float | None, typer.Option(help="Sampling temperature. [default: the server's]")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens of an answer. [default: the server's]")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, where the server takes one.")] = None,
    max_connections: ConnectionsOption = _LIMITS.max_connections,
    max_cost: MaxRunCostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    run_timeout: RunTimeoutOption = None,
    cache: CacheOption = None,
    keep_going: KeepGoingOption = False,
    fail: FailIfOption = None,
    summary: SummaryOption = "table",
    junit: JunitOption = None,
    json: JsonOption = False,
) -> None:
    """Have unsafe answers written again from their critiques, beside asking again without one, and refusing.

    Example: hantei correct runs/demo --model 'openai/m?base_url=http://127.0.0.1:8000/v1' --judge builtin
    """
    conditions, told = [fail_if.parse(text) for text in fail or []], printing(json, summary, junit)
    if to not in (None, "preferences"):
        raise UsageError(f"--to {to}: expected preferences; hantei export RUN --to {to} writes others")
    options = Options(
        mapping=mapping_of(map_ or []),
        encoding=encoding,
        rows=rows,
        sampling=Sampling(temperature=temperature, max_tokens=max_tokens, seed=seed),
        limits=limits_of(max_connections, max_cost, timeout, cache, run_timeout, keep_going),
        prices=prices,
    )
    correction = Correction(rounds=rounds, rules=rules, template=template)
    checks = check_with or []
    with interruptible():
        run = hantei.correct([str(path) for path in source], model, judge, checks, out, options, correction, say=warn)
    if to is not None:
        path = hantei.export(run.path, to)
        (say if told.to == "table" else warn)(f"Pairs: {path}")
    finish_work(run, conditions, told, [judge, *checks])
