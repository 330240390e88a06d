"""``hantei critiques``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hantei.cli.critiques_across import across
from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_sections, say, warn
from hantei.cli.summary import interruptible
from hantei.engine.limits import Limits
from hantei.errors import UsageError

if TYPE_CHECKING:
    from hantei.reports.section import Section

_LIMITS = Limits()
ModelOption = Annotated[
    str | None, typer.Option(help="A model that finds units and checks them. [default: none, by rule]")
]
ConnectionsOption = Annotated[int, typer.Option("--max-connections", help="Calls in flight for each server.")]
CostOption = Annotated[float | None, typer.Option("--max-cost", help="Stop before it costs more US dollars.")]
PricesOption = Annotated[Path | None, typer.Option(help="A file of prices in place of hantei's own.")]
TimeoutOption = Annotated[float, typer.Option(help="Seconds for each call.")]
CacheOption = Annotated[
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
    max_cost: CostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    cache: CacheOption = None,
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
        raise UsageError(f"--mode {mode}: expected {' or '.join(MODES)}")
    options = ScoreOptions(
        references=tuple(reference),
        judge=judge,
        mode=mode,
        matcher=matcher,
        model=model,
        limits=Limits(max_connections=max_connections, max_cost=max_cost, timeout_s=timeout, cache=cache),
        prices=prices,
    )
    with interruptible():
        found = score_critiques(source, options, warn)
    sections = critique_sections(found)
    if against is not None:
        from hantei.tasks.critiques_of_people import compare_with_people

        sections = [*sections, compare_with_people(source, against, found)]
    _show(sections, "Critiques", "are the reasons right?", out, json)
    if any(one.failed for one in found.scores):
        raise typer.Exit(1)


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
    max_cost: CostOption = None,
    prices: PricesOption = None,
    timeout: TimeoutOption = _LIMITS.timeout_s,
    cache: CacheOption = None,
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
    limits = Limits(max_connections=max_connections, max_cost=max_cost, timeout_s=timeout, cache=cache or CACHE)
    with interruptible():
        found = check_critiques(options, model_checker(model, limits, prices) if model else None)
    _show(checked_sections(found), "Critiques checked", "is the measuring right?", out, json)


def _show(sections: list[Section], title: str, kind: str, out: Path | None, json: bool) -> None:
    """Print sections, and write them as a page.

    Args:
        sections: what is shown.
        title: the page's title.
        kind: what kind of page it is.
        out: where the page goes, None for nowhere.
        json: whether to print JSON.
    """
    if out is not None:
        from hantei.reports.sections_page import write_sections

        write_sections(out, title, kind, "", sections)
    if json:
        from hantei.reports import to_json

        print_json({"sections": [to_json.section(one) for one in sections]})
        return
    print_sections(sections)
    if out is not None:
        say(f"Page: {out}")
