"""``hantei taxonomy``."""

from __future__ import annotations

from typing import Annotated

import typer

from hantei import taxonomy
from hantei.cli import complete
from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_table, say

app = typer.Typer(help="Risk areas, harm types and specific harms.", no_args_is_help=True)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the taxonomies.

    Example: hantei taxonomy list
    """
    rows = [taxonomy.load(name).outline() for name in taxonomy.names()]
    if json:
        print_json(rows)
    else:
        header = list(rows[0])
        print_table(header, [[_cell(row[key]) for key in header] for row in rows])


def _cell(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A taxonomy, as in do-not-answer.", autocompletion=complete.taxonomies)],
    language: Annotated[str, typer.Option(help="Language of the titles, where the taxonomy has it.")] = "en",
    crosswalk: Annotated[
        bool, typer.Option("--crosswalk", help="Show where each entry goes among the 12 harm types.")
    ] = False,
) -> None:
    """Print a taxonomy as a tree.

    Example: hantei taxonomy show do-not-answer
    """
    say(taxonomy.crosswalk_table(name) if crosswalk else taxonomy.tree(name, language))
