"""``hantei reproduce do-not-answer``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_sections, say


def do_not_answer(
    data: Annotated[Path, typer.Option(help="The folder of the release, or one that has it as do_not_answer.")],
    judge: Annotated[
        list[str] | None,
        typer.Option(help="One to compare: builtin, embeddings, encoder@hf/PATH, recorded@FILE. May be repeated."),
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A Hugging Face tokenizer's folder: lengths in tokens, not words.")
    ] = None,
    cascade: Annotated[
        bool,
        typer.Option("--cascade", help="Measure cascades of each --judge and GPT-4; builtin: 4 minutes more."),
    ] = False,
    verdicts: Annotated[
        Path | None, typer.Option(help="A folder for what each judge said, as recorded@FILE takes it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the tables and figures as an HTML page, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Compute Do-Not-Answer's tables from its recorded labels, beside what the paper prints.

    Example: hantei reproduce do-not-answer --data ../shared/data --judge builtin --out reproduction.html
    """
    from hantei.reproduce.do_not_answer import reproduce
    from hantei.reproduce.do_not_answer.page import write_page

    found = reproduce(data, judge or (), tokenizer, cascade, verdicts)
    if out is not None:
        write_page(out, found)
    if json:
        print_json(found.as_json())
        return
    print_sections(found.sections)
    for note in found.notes:
        say(note)
    say(found.verdict())
    if out is not None:
        say(f"Page: {out}")
