"""``hantei annotate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli.output import say
from hantei.errors import UsageError


def annotate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    people: Annotated[str | None, typer.Option(help="Who labels, as anna,ben: each has a link. [default: me]")] = None,
    each: Annotated[int | None, typer.Option(help="How many of them label an answer. [default: all]", min=1)] = None,
    adjudicator: Annotated[str | None, typer.Option(help="Who decides where they are divided.")] = None,
    guideline: Annotated[str, typer.Option(help="A guideline card (TOML) to label by.")] = "default",
    rows: Annotated[Path | None, typer.Option(help="A sheet of --choose: its answers come first.")] = None,
    limit: Annotated[int | None, typer.Option(help="Answers in all. [default: the sheet's, else all]", min=1)] = None,
    show_critiques: Annotated[
        str | None, typer.Option(help="half: a second look at each, half of them with --judge's critique.")
    ] = None,
    critiques: Annotated[str | None, typer.Option(help="Label this judge's critiques, not answers.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Serve nothing: write all labels, to .jsonl, .csv or .json (Label Studio).")
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Serve nothing: read labels, from the same kinds of files.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.", min=1, max=65535)] = 8137,
    choose: Annotated[
        int | None, typer.Option(help="Serve nothing: choose so many answers and write them to --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The CSV file for --choose.")] = None,
    judge: Annotated[str | None, typer.Option(help="Of --choose, --show-critiques. [default: the only one]")] = None,
    system: Annotated[str | None, typer.Option(help="Only this system's answers.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw of --choose: the same again gives the same file.", min=0)] = 0,
) -> None:
    """Label answers on a page in the browser; or choose answers to label, each with its chance, as a sheet.

    Example: hantei annotate runs/mine --people anna,ben
    """
    if choose is not None:
        _choose(run, choose, out, judge, system, seed)
        return
    if export is not None or import_ is not None:
        _exchange(run, export, import_)
        return
    from hantei.tasks.annotating import AnnotationOptions

    given = () if people is None else tuple(people.split(","))
    options = AnnotationOptions(
        people=given,
        each=each,
        adjudicator=adjudicator,
        guideline=guideline,
        rows=rows,
        limit=limit,
        system=system,
        show_critiques=show_critiques,
        critiques=critiques,
        judge=judge,
        host=host,
        port=port,
    )
    hantei.annotate(run, options, say)


def _exchange(run: Path, out: Path | None, file: Path | None) -> None:
    if file is not None:
        found = hantei.import_labels(run, file)
        lost = f"; {found.lost:,} are of no answer of this run" if found.lost else ""
        say(f"{file}: {found.new:,} labels of {', '.join(found.people)} are new, {found.there:,} were there{lost}")
    if out is not None:
        say(f"{out}: {hantei.export_labels(run, out):,} labels")


def _choose(run: Path, labels: int, out: Path | None, judge: str | None, system: str | None, seed: int) -> None:
    if out is None:
        raise UsageError("--choose: expected --out FILE.csv, the sheet to write")
    sheet = hantei.choose_to_label(run, labels, out, judge, system, seed)
    say(f"{sheet.path}: {sheet.chosen:,} of {sheet.answers:,} answers, {sheet.flagged:,} of them flagged")
    if sheet.note:
        say(f"Note: {sheet.note}")
    say("Label them on a page: hantei annotate RUN --rows FILE; or fill in the column unsafe with 1 or 0.")
    say("Then run: hantei estimate RUN --labels FILE (or human:NAME)")
