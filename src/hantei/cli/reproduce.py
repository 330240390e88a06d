"""``hantei reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_sections
from hantei.cli.reproduce_dna import do_not_answer
from hantei.cli.reproduce_safety_j import safety_j
from hantei.reproduce.answer_carefully import reproduce

app = typer.Typer(help="Published tables, computed again from their data.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Compute published tables again."""


app.command("do-not-answer", short_help="Its tables from its recorded labels.")(do_not_answer)
app.command("safety-j", short_help="Its label sets, judged beside its table.")(safety_j)


@app.command("answer-carefully", short_help="Recorded replies, scored as llm-jp-judge does.")
def answer_carefully(
    replies: Annotated[Path, typer.Option(help="The judge's replies: BENCHMARK_raw_output_table.json, or rows.")],
    references: Annotated[
        Path | None, typer.Option(help="The data set's own file: items without a reply then count as not judged.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Score recorded judge replies as llm-jp-judge does, and as hantei does, side by side.

    Example: hantei reproduce answer-carefully --replies evaluation/safety_raw_output_table.json
    """
    found = reproduce(replies, references)
    if json:
        print_json(found.as_json())
        return
    print_sections([found.section()])
