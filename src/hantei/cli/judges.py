"""``hantei judges``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import hantei
from hantei.cli.options import CardArgument, JsonOption
from hantei.cli.output import print_json, print_sections, print_table, say
from hantei.errors import UsageError
from hantei.judges import card_names, load_card, preview
from hantei.records import Message, Prompt, Response
from hantei.registry import JUDGES
from hantei.runs.counting import trained_on

app = typer.Typer(help="Which judge? What they were measured to do; their ranks.", no_args_is_help=True)


@app.command("list", short_help="List the judges, with those of other packages.")
def list_(json: JsonOption = False) -> None:
    """List the judges that come with hantei, and those that other packages offer.

    Example: hantei judges list
    """
    cards = [load_card(name) for name in card_names()]
    others = JUDGES.others(card_names())
    if json:
        own = [{"name": card.name, **card.outline()} for card in cards]
        print_json([*own, *({"name": name, "package": package} for name, package in others.items())])
        return
    rows = [[card.name, card.rate_kind, " ".join(card.data["languages"]), card.data["description"]] for card in cards]
    rows += [[name, "", "", f"from the package {package}"] for name, package in others.items()]
    print_table(["name", "rate", "languages", "what it is"], rows)


@app.command(short_help="Print a card file, and the exact text that is sent.")
def show(
    name: CardArgument,
    prompt: Annotated[str | None, typer.Option(help="A question to put into the text that is sent.")] = None,
    response: Annotated[str | None, typer.Option(help="An answer to put into it.")] = None,
    language: Annotated[str | None, typer.Option(help="The language of the question, as in ja.")] = None,
) -> None:
    """Print a judge's card file and, for one that asks a model, the exact text that will be sent.

    What a judge was measured to do is easier to read in: hantei judges card NAME

    Example: hantei judges show rubric --language ja
    """
    card = load_card(name)
    say(card.text())
    if not card.asks:
        return
    try:
        asked = None if prompt is None else Prompt(id="1", messages=(Message(role="user", content=prompt),))
        answered = None if response is None else Response(id="1", prompt_id="1", system="example", text=response)
        say(preview(name, asked, answered, language))
    except UsageError as error:  # a card that needs a published prompt from a file of the user's
        say(f"What is sent cannot be shown: {error}")


@app.command(short_help="Print what it was measured to do, its weak spots, its terms.")
def card(
    name: CardArgument,
    run: Annotated[
        Path | None, typer.Option(help="A run folder: say how many of its answers the judge was trained on.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="A datasheet.json that hantei judges measure wrote: print it, too.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print what a judge was measured to do, where it is weak and what terms bind it.

    Example: hantei judges card builtin --run runs/demo
    """
    found = load_card(name)
    judged, known = _in_training(run, name) if run else (0, 0)
    if json:
        seen = {"judged": judged, "in_training": known} if run else {}
        measured = {"sheet": json_of(sheet)} if sheet else {}
        sees = found.seen()
        print_json({**found.data, **(sees.outline() if sees else {}), **seen, **measured})
        return
    say(found.sheet())
    if run:
        say(f"{known:,} of the {judged:,} answers of {run} that it judged were in its training data.")
    if sheet:
        from hantei.reports.rooms.datasheet import datasheet
        from hantei.runs.sheets import read_sheet

        say()
        print_sections(datasheet(read_sheet(sheet)))


def _in_training(path: Path, judge: str) -> tuple[int, int]:
    """Return how many answers of a run a judge judged, and how many of these were in its training data."""
    run = hantei.load_run(path)
    with run.index() as index:
        return trained_on(index, index.judge_no(run.one_judge(judge)))


def json_of(sheet: Path) -> Any:
    """Return a data sheet as plain data."""
    import msgspec

    from hantei.runs.sheets import read_sheet

    return msgspec.to_builtins(read_sheet(sheet))
