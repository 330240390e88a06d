"""``hantei agreement``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hantei import api
from hantei.cli.fail_if import exit_if
from hantei.cli.output import print_json, print_sections, say
from hantei.errors import UsageError

if TYPE_CHECKING:
    from hantei.metrics.agreement_tables import LabelFiles

SCALES = ("nominal", "ordinal", "interval")


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
    labels: Annotated[list[Path] | None, typer.Option(help="A file of more labels of the run's responses.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Divide by language, harm_type, risk_area, system, guideline, people, or a table's column."),
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="Compare only unsafe, action, refusal, score or label. [default: all]")
    ] = None,
    rater: Annotated[
        list[str] | None, typer.Option(help="A column of labels: --rater NAME=COLUMN, or --rater COLUMN.")
    ] = None,
    unsafe: Annotated[list[str] | None, typer.Option(help="A label that means unsafe; all others mean safe.")] = None,
    scale: Annotated[
        str | None, typer.Option(help="What other labels mean: nominal, ordinal or interval. [default: told]")
    ] = None,
    worst: Annotated[int, typer.Option(help="Rows of worst disagreement to list.", min=0)] = 20,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the files. [default: told by their bytes]")] = None,
    rows: Annotated[str | None, typer.Option(help="Where the rows are in a JSON object, as in results.items.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail-if", help="Exit 3 if this holds, as in 'kappa.low < 0.6'.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Measure how judges agree, people among them: kappa, alpha, F1, correlations, each with its interval.

    Example: hantei agreement runs/mine --judge builtin --against 'human:*' --by language
    """
    from hantei.cli.fail_if_agreement import held, parse  # these need NumPy, which other commands do not load
    from hantei.reports.rooms.agreement import agreement as sections_of
    from hantei.tasks.agreeing import AgreementOptions

    conditions = [parse(text) for text in fail or []]
    files = label_files(rater, unsafe, scale, encoding, rows)
    options = AgreementOptions(
        judge=tuple(judge or ()),
        against=tuple(against or ()),
        heads=tuple(head or ()),
        by=tuple(by or ()),
        worst=worst,
        labels=tuple(labels or ()),
        files=files,
    )
    found = api.agreement(source, options)
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
    exit_if([line for condition in conditions for line in held(condition, found)])


def _raters(items: list[str]) -> dict[str, str]:
    """Return judge to column of ``--rater``; a column alone is a person's, named like it."""
    raters = {}
    for item in items:
        name, sign, column = item.partition("=")
        if not name or (sign and not column):
            raise UsageError(f"--rater {item}: expected NAME=COLUMN or COLUMN, as in --rater alice=label_1")
        raters[name if sign else f"human:{item}"] = column or item
    return raters


def label_files(
    rater: list[str] | None,
    unsafe: list[str] | None,
    scale: str | None = None,
    encoding: str | None = None,
    rows: str | None = None,
) -> LabelFiles:
    """Return how tables of labels are read, from the options of a command.

    Args:
        rater: what ``--rater`` says.
        unsafe: what ``--unsafe`` says.
        scale: what ``--scale`` says.
        encoding: what ``--encoding`` says.
        rows: what ``--rows`` says.
    """
    from hantei.metrics.agreement_tables import LabelFiles

    if scale not in (None, *SCALES):
        raise UsageError(f"--scale {scale}: expected one of {', '.join(SCALES)}")
    return LabelFiles(
        raters=_raters(rater or []),
        unsafe=frozenset(one.strip().lower() for one in unsafe or []),
        scale=scale,  # type: ignore[arg-type]  # checked above
        encoding=encoding,
        rows=rows,
    )
