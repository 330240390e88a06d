"""``hantei judges ablate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import (
    ConnectionsOption,
    EncodingOption,
    JsonOption,
    JudgeArgument,
    MapOption,
    MaxCostOption,
    RaterOption,
    RowsOption,
    UnsafeOption,
    label_files,
    limits_of,
    mapping_of,
)
from hantei.cli.output import show_sections, warn


def ablate(
    name: JudgeArgument,
    data: Annotated[list[Path], typer.Option(help="A file of answers with people's labels; may be repeated.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(help="A judge to compare with it, in place of the card's own variants; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/ablate-<judge>]")] = None,
    map_: MapOption = None,
    rater: RaterOption = None,
    unsafe: UnsafeOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    max_connections: ConnectionsOption = 16,
    max_cost: MaxCostOption = None,
    page: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare a judge with variants of itself on labelled answers: order, reference, length of the critique.

    Example: hantei judges ablate critique@openai/gpt-4o --data labelled.csv
    """
    from hantei.reports.rooms.ablation import ablation_section
    from hantei.runs.folder import file_name
    from hantei.tasks.ablating import AblateOptions, ablate
    from hantei.tasks.options import Options

    options = AblateOptions(
        data=tuple(data),
        variants=tuple(variant or ()),
        files=label_files(rater, unsafe, None, encoding, rows),
        options=Options(
            mapping=mapping_of(map_ or []),
            encoding=encoding,
            rows=rows,
            limits=limits_of(max_connections, max_cost),
        ),
    )
    section = ablation_section(ablate(name, out or Path("runs") / f"ablate-{file_name(name)}", options, warn))
    show_sections([section], "Ablation", "what changes when one thing of a judge changes", name, page, json)
