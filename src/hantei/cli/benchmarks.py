"""``hantei benchmarks``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hantei import benchmarks
from hantei.cli import benchmarks_build, benchmarks_wrap, complete
from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_table, say
from hantei.registry import BENCHMARKS

app = typer.Typer(help="What to ask? Its source and its terms; get it, check it.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A benchmark, as in do-not-answer.", autocompletion=complete.benchmarks)]


@app.command("list", short_help="List the benchmarks, and which are on this machine.")
def list_(json: JsonOption = False) -> None:
    """List the benchmarks that hantei knows, which of them are on this machine, and those that other packages offer.

    Example: hantei benchmarks list
    """
    rows = benchmarks.outlines()
    others = BENCHMARKS.others(row["name"] for row in rows)
    if json:
        print_json([*rows, *({"name": name, "package": package} for name, package in others.items())])
        return
    header = ["name", "items", "languages", "licence", "access", "here"]
    cells = [[_cell(row[key]) for key in header] for row in rows]
    cells += [[name, "", "", "", f"the package {package}", "yes"] for name, package in others.items()]
    print_table(header, cells)


@app.command(short_help="Print a card: source, files, columns, terms.")
def show(name: Name, json: JsonOption = False) -> None:
    """Print a benchmark's card: source, files, columns, terms, and what is not known of it.

    Example: hantei benchmarks show answer-carefully-v2
    """
    sheet = benchmarks.sheet(name)
    if json:
        print_json(sheet)
        return
    for key, value in sheet.items():
        say(f"{key}: {_cell(value)}")


@app.command(short_help="Get one into the cache, or record a file of yours.")
def fetch(
    name: Name,
    path: Annotated[
        Path | None, typer.Option(help="A file or folder that you have: taken as it is, no network.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Get a benchmark into the cache, or record a file of yours, and check it against its card.

    Example: hantei benchmarks fetch xstest
    """
    fetched = benchmarks.fetch(name, path=path)
    if json:
        print_json(fetched.to_dict())
        return
    for file, digest in fetched.files.items():
        say(f"{file}  {'verified' if fetched.verified else 'unverified'}  sha256 {digest}")
    for note in fetched.notes:
        say(f"note: {note}")
    say(fetched.report.text())


@app.command(short_help="Compare its files with its card and with each other.")
def check(
    name: Name,
    path: Annotated[Path | None, typer.Option(help="A file or folder to check in place of the fetched files.")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Another benchmark, or NAME=PATH, to look for shared prompts.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare a benchmark's files with its card, with each other and with other benchmarks; exit 1 on a problem.

    Example: hantei benchmarks check jade-v2 --against jade-v3
    """
    report = benchmarks.check_named(name, path, against or [])
    if json:
        print_json(report.to_dict())
    else:
        say(report.text())
    if report.problems:
        raise typer.Exit(1)


benchmarks_build.register(app)
benchmarks_wrap.register(app)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) if not any(isinstance(item, dict) for item in value) else _lines(value)
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _lines(items: list[Any] | tuple[Any, ...]) -> str:
    return "".join(f"\n  {_cell(item)}" for item in items)
