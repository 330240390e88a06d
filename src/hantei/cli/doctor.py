"""``hantei doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_table, say
from hantei.doctor import examine


def doctor(
    base_url: Annotated[
        list[str] | None,
        typer.Option(help="A model's server to reach, as in http://127.0.0.1:8000/v1; may be repeated."),
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder that holds run folders.")] = Path("runs"),
    json: JsonOption = False,
) -> None:
    """Say what is installed, reachable and missing. Exits with 1 where something keeps hantei from working.

    Example: hantei doctor --base-url http://127.0.0.1:8000/v1
    """
    findings = examine(base_url or (), runs)
    problems = [one for one in findings if one.state == "problem"]
    if json:
        print_json({"ok": not problems, "findings": msgspec.to_builtins(findings)})
    else:
        rows = [[one.room, one.name, one.state, one.says, one.cure or ""] for one in findings]
        print_table(["what", "name", "state", "found", "what to do"], rows)
        say(f"Problems: {len(problems)}." + ("" if problems else " What is missing is optional."))
    if problems:
        raise typer.Exit(1)
