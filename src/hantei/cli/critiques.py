"""``hantei critiques``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import JsonOption
from hantei.cli.output import print_json, print_sections, say
from hantei.errors import UsageError

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
    out: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Score critiques by their atomic units: of the units which are right, of the reference's units which are there.

    Example: hantei critiques score runs/mine --reference references.jsonl
    """
    from hantei.critiques.scoring import MODES  # these need NumPy, which other commands do not load
    from hantei.reports.rooms.critiques import critique_scores
    from hantei.tasks.critiquing import ScoreOptions, score_critiques

    if mode not in MODES:
        raise UsageError(f"--mode {mode}: expected {' or '.join(MODES)}")
    options = ScoreOptions(references=tuple(reference), judge=judge, mode=mode, matcher=matcher)
    found = score_critiques(source, options)
    sections = [critique_scores(found.scores, found.checker, asked=False)]
    if out is not None:
        from hantei.reports.sections_page import write_sections

        write_sections(out, "Critiques", "are the reasons right?", f"Of {source}.", sections)
    if json:
        from hantei.reports import to_json

        print_json({"sections": [to_json.section(one) for one in sections]})
        return
    for name, count in found.unmatched.items():
        say(f"{name}: {count:,} critiques have no reference and are left out")
    print_sections(sections)
    if out is not None:
        say(f"Page: {out}")
