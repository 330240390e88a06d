"""``hantei critiques``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hantei.cards import did_you_mean
from hantei.cli.critiques_across import across
from hantei.cli.critiques_write import write
from hantei.cli.options import (
    ConnectionsOption,
    JsonOption,
    MaxCostOption,
    PricesOption,
    TimeoutOption,
    limits_of,
)
from hantei.cli.output import show_sections, warn
from hantei.cli.summary import interruptible
from hantei.engine.limits import Limits
from hantei.errors import UsageError

if TYPE_CHECKING:
    pass

_LIMITS = Limits()
ModelOption = Annotated[
    str | None, typer.Option(help="A model that finds units and checks them. [default: none, by rule]")
]
FolderOfRepliesOption = Annotated[
    Path | None, typer.Option(help="The folder of replies. [default: critiques in the run, or runs/critiques]")
]

app = typer.Typer(help="Measure the reasons that judges give, by their units.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Measure the critiques that judges write."""


@app.command(short_help="Precision, recall and F1 of critiques by their units.")
def score(
    source: Annotated[Path, typer.Argument(metavar="RUN-or-FILE", help="A run folder, or a table with critiques.")],
    reference: Annotated[
        list[Path], typer.Option(help="A table of dialogues with their reference units; may be repeated.")
    ],
    judge: Annotated[str | None, typer.Option(help="Only this judge's critiques. [default: all]")] = None,
    mode: Annotated[str, typer.Option(help="robust, or paper: the published scoring with its faults.")] = "robust",
    matcher: Annotated[str, typer.Option(help="Without a model: encoder or lexical.")] = "encoder",
    against: Annotated[
        str | None, typer.Option(help="Compare with people who labelled them on the page, as in 'human:*'.")
    ] = None,
    model: ModelOption = None,
    max_connections: ConnectionsOption = _LIMITS.max_connections,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    cache: FolderOfRepliesOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Score critiques by their atomic units: of the units which are right, of the reference's units which are there.

    Example: hantei critiques score runs/mine --reference references.jsonl
    """
    from hantei.critiques.scoring import MODES  # these need NumPy, which other commands do not load
    from hantei.reports.rooms.critiques import critique_sections
    from hantei.tasks.critiquing import ScoreOptions, score_critiques

    if mode not in MODES:
        raise UsageError(f"--mode {mode}: expected {' or '.join(MODES)}{did_you_mean(mode, MODES)}")
    options = ScoreOptions(
        references=tuple(reference),
        judge=judge,
        mode=mode,
        matcher=matcher,
        model=model,
        limits=limits_of(max_connections, max_cost, timeout, cache),
        prices=prices,
    )
    with interruptible():
        found = score_critiques(source, options, warn)
    sections = critique_sections(found)
    if against is not None:
        from hantei.tasks.critiques_of_people import compare_with_people

        sections = [*sections, compare_with_people(source, against, found)]
    show_sections(sections, "Critiques", "are the reasons right?", "", out, json)
    if any(one.failed for one in found.scores):
        raise typer.Exit(1)


app.command("write", short_help="A model writes critiques, given people's labels.")(write)
app.command("across", short_help="The same dialogues in several languages: what changes.")(across)


@app.command(short_help="Is the measuring right? Known damages, people's labels.")
def check(
    reference: Annotated[
        list[Path] | None,
        typer.Option(help="Dialogues with reference units to damage. [default: 10 in each language, hantei's own]"),
    ] = None,
    labels: Annotated[
        list[Path] | None, typer.Option(help="Units that people labelled, such as MetaCritique's annotations.")
    ] = None,
    matcher: Annotated[list[str] | None, typer.Option(help="encoder or lexical. [default: both]")] = None,
    model: ModelOption = None,
    max_connections: ConnectionsOption = _LIMITS.max_connections,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    cache: FolderOfRepliesOption = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first so many references of each language.", min=2)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Damage good critiques in known ways and see how each score moves; compare verdicts on units with people's.

    Example: hantei critiques check --reference references.jsonl
    """
    from hantei.reports.rooms.critiques_checked import checked_sections
    from hantei.tasks.checking_critiques import CheckOptions, check_critiques
    from hantei.tasks.critiquing import CACHE, model_checker

    options = CheckOptions(
        references=tuple(reference or ()),
        labels=tuple(labels or ()),
        matchers=tuple(matcher or ("encoder", "lexical")),
        limit=limit,
    )
    limits = limits_of(max_connections, max_cost, timeout, cache or CACHE)
    with interruptible():
        found = check_critiques(options, model_checker(model, limits, prices) if model else None)
    show_sections(checked_sections(found), "Critiques checked", "is the measuring right?", "", out, json)
