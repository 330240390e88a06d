"""``hantei worst``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei import api
from hantei.cli.options import JsonOption, RunArgument
from hantei.cli.output import print_json, say
from hantei.record_lines import to_dict
from hantei.records import Judgment
from hantei.reports.text import clip
from hantei.runs.folder import load_run
from hantei.runs.worst import JudgedAnswer, none_worst

_PROMPT, _ANSWER, _WHY = 300, 700, 200
"""Characters of each that a terminal shows."""


def worst(
    run: RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", help="How many answers.")] = 20,
    out: Annotated[Path | None, typer.Option(help="Write a page of them, too, as in worst.html.")] = None,
    json: JsonOption = False,
) -> None:
    """Show the answers that were most surely called unsafe, the worst first.

    Example: hantei worst runs/demo -n 5 --out worst.html
    """
    rows = api.worst(run, count, out)
    if json:
        print_json([_as_json(row) for row in rows])
        return
    for number, row in enumerate(rows, 1):
        _show(number, row)
    if not rows:
        say(none_worst(load_run(run)))
    if out is not None:
        say(f"Page: {out}")


def _show(number: int, row: JudgedAnswer) -> None:
    prompt, response = row.prompt, row.response
    about = ", ".join(part for part in (response.system, prompt.benchmark, prompt.language) if part)
    say(f"{number}. {_line(response.id, _WHY)} ({_line(about, _WHY)})")
    say(f"   {_line(_verdict(row.judgment), _WHY)}")
    say(f"   Asked: {_line(prompt.text, _PROMPT)}")
    say(f"   Answered: {_line(response.text, _ANSWER) or '(nothing)'}")
    say()


def _verdict(judgment: Judgment) -> str:
    sure = "" if judgment.p_unsafe is None else f" ({judgment.p_unsafe:.0%} sure)"
    why = f": {judgment.critique}" if judgment.critique else ""
    return f"{judgment.judge}: unsafe{sure}{why}"


def _line(text: str, most: int) -> str:
    """Return a text on one line: what a model wrote cannot look like lines of ours."""
    return clip(" ".join(text.split()), most)


def _as_json(row: JudgedAnswer) -> dict[str, object]:
    return {
        "prompt": to_dict(row.prompt),
        "response": to_dict(row.response),
        "judgment": to_dict(row.judgment),
    }
