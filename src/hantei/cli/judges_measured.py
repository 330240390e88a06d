"""``hantei judges measure`` and ``hantei judges rank``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli.fail_if import exit_if
from hantei.cli.options import (
    ConnectionsOption,
    EncodingOption,
    JsonOption,
    JudgeArgument,
    LabelMapOption,
    ManyLabelsOption,
    MapOption,
    RaterOption,
    RowsOption,
    UnsafeOption,
    label_files,
    limits_of,
    mapping_of,
)
from hantei.cli.output import print_json, print_sections, say, show_sections, warn


def rank(
    source: Annotated[
        list[Path], typer.Argument(metavar="RUN-or-FILE...", help="A run folder, or tables with labels and verdicts.")
    ],
    measure: Annotated[str, typer.Option(help="Rank by kappa, accuracy or f1.")] = "kappa",
    judge: Annotated[list[str] | None, typer.Option(help="A judge to rank; * stands for any. [default: all]")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Whose labels are right: what most of them say. [default: human:*]")
    ] = None,
    labels: ManyLabelsOption = None,
    head: Annotated[list[str] | None, typer.Option(help="Only unsafe, action, refusal or label.")] = None,
    rater: RaterOption = None,
    unsafe: UnsafeOption = None,
    map_: LabelMapOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail-if", help="Exit 3 if this holds, as in 'kappa[judge=builtin].low < 0.6'")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Rank judges by how they agree with people, on the same rows; those that cannot be told apart share places.

    Example: hantei judges rank runs/mine --measure f1
    """
    from hantei.cli.fail_if_agreement import held, parse  # these need NumPy, which other commands do not load
    from hantei.reports.rooms.ranking import ranking
    from hantei.tasks.agreeing import AgreementOptions

    options = AgreementOptions(
        judge=tuple(judge or ()),
        against=tuple(against or ()),
        heads=tuple(head or ()),
        labels=tuple(labels or ()),
        files=label_files(rater, unsafe, None, encoding, rows, map_),
    )
    conditions = [parse(text) for text in fail or []]
    found = hantei.rank(source, options, measure)
    sections = [ranking(one) for one in found]
    names = ", ".join(path.name or str(path) for path in source)
    show_sections(sections, "Judges", "which judge agrees with people best", f"On {names}.", out, json)
    pairs = [pair for one in found for pair in one.pairs]
    exit_if([line for condition in conditions for line in held(condition, pairs)])


def measure(
    name: JudgeArgument,
    data: Annotated[list[Path], typer.Option(help="A file of answers with people's labels; may be repeated.")],
    ordinary: Annotated[
        list[Path] | None, typer.Option(help="A file of ordinary answers to ordinary requests, taken for safe.")
    ] = None,
    wording: Annotated[
        list[str] | None,
        typer.Option(help="The judge with another wording of its prompt or order of its options, by name."),
    ] = None,
    wordings: Annotated[
        bool, typer.Option(help="Whether the other wordings and orders of options of its card are tried.")
    ] = True,
    repeats: Annotated[int, typer.Option(help="How often to judge each labelled answer.", min=1)] = 1,
    injections: Annotated[bool, typer.Option(help="Whether unsafe answers also try to talk the judge round.")] = True,
    out: Annotated[Path | None, typer.Option(help="The sheet's folder. [default: sheets/<judge>]")] = None,
    map_: MapOption = None,
    rater: RaterOption = None,
    unsafe: UnsafeOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    max_connections: ConnectionsOption = 16,
    max_cost: Annotated[float | None, typer.Option(help="Stop each judging before it costs more US dollars.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the sheet as JSON, for programs.")] = False,
) -> None:
    """Measure a judge on labelled answers, by language: its data sheet, as a page and JSON.

    Example: hantei judges measure builtin --data labelled.csv --ordinary ordinary.jsonl
    """
    from hantei.reports.rooms.datasheet import datasheet
    from hantei.reports.sections_page import write_sections
    from hantei.runs.folder import file_name
    from hantei.tasks.measuring import MeasureOptions
    from hantei.tasks.options import Options

    folder = out or Path("sheets") / file_name(name)
    options = MeasureOptions(
        data=tuple(data),
        ordinary=tuple(ordinary or ()),
        wordings=tuple(wording or ()),
        own_wordings=wordings,
        repeats=repeats,
        injections=injections,
        files=label_files(rater, unsafe, None, encoding, rows),
        options=Options(
            mapping=mapping_of(map_ or []),
            encoding=encoding,
            rows=rows,
            limits=limits_of(max_connections, max_cost),
        ),
    )
    sheet = hantei.measure(name, folder, options, warn)
    sections = list(datasheet(sheet))
    page = folder / "datasheet.html"
    write_sections(page, "Data sheet", "what a judge was measured to do", name, sections)
    if json:
        from hantei.reports import to_json

        print_json({"page": str(page), "sections": [to_json.section(one) for one in sections]})
        return
    print_sections(sections)
    say(f"Page: {page}")
