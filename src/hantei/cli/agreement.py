"""``hantei agreement``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli.fail_if import exit_if
from hantei.cli.options import (
    EncodingOption,
    JsonOption,
    LabelMapOption,
    ManyLabelsOption,
    RaterOption,
    RowsOption,
    UnsafeOption,
    label_files,
)
from hantei.cli.output import print_json, print_sections, say


def agreement(
    source: Annotated[
        list[Path],
        typer.Argument(metavar="RUN-or-FILE...", help="A run folder, or tables with several people's labels."),
    ],
    judge: Annotated[
        list[str] | None,
        typer.Option(help="A judge to compare, human:NAME for a person; * stands for any. [default: all]"),
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="With whom it is compared, as in 'human:*'. [default: everybody else]")
    ] = None,
    labels: ManyLabelsOption = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Divide by language, harm_type, risk_area, system, guideline, people, or a table's column."),
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="Compare only unsafe, action, refusal, score or label. [default: all]")
    ] = None,
    rater: RaterOption = None,
    unsafe: UnsafeOption = None,
    scale: Annotated[
        str | None, typer.Option(help="What other labels mean: nominal, ordinal or interval. [default: told]")
    ] = None,
    worst: Annotated[int, typer.Option(help="Rows of worst disagreement to list.", min=0)] = 20,
    map_: LabelMapOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail-if", help="Exit 3 if this holds, as in 'kappa.low < 0.6'.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure how judges agree, people among them: kappa, alpha, F1, correlations, each with its interval.

    Example: hantei agreement runs/mine --judge builtin --against 'human:*' --by language
    """
    from hantei.cli.fail_if_agreement import held, parse  # these need NumPy, which other commands do not load
    from hantei.reports.rooms.agreement import agreement as sections_of
    from hantei.tasks.agreeing import AgreementOptions

    conditions = [parse(text) for text in fail or []]
    files = label_files(rater, unsafe, scale, encoding, rows, map_)
    options = AgreementOptions(
        judge=tuple(judge or ()),
        against=tuple(against or ()),
        heads=tuple(head or ()),
        by=tuple(by or ()),
        worst=worst,
        labels=tuple(labels or ()),
        files=files,
    )
    found = hantei.agreement(source, options)
    sections = list(sections_of(found))
    if out:
        from hantei.reports.sections_page import write_sections

        names = ", ".join(path.name or str(path) for path in source)
        verdict = f"{len(found.judges)} judges, {found.rows:,} rows of {names}."
        write_sections(out, "Agreement", "how judges agree", verdict, sections, found.notes)
    if json:
        from hantei.reports import to_json

        print_json(
            {
                "judges": list(found.judges),
                "rows": found.rows,
                "notes": list(found.notes),
                "sections": [to_json.section(one) for one in sections],
            }
        )
    else:
        print_sections(sections)
        for note in found.notes:
            say(f"Note: {note}")
        if out:
            say(f"Page: {out}")
    exit_if([line for condition in conditions for line in held(condition, (*found.pairs, *found.groups))])
