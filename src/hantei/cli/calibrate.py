"""``hantei calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli.options import EncodingOption, JsonOption, LabelMapOption, LabelsOption, RowsOption, label_files
from hantei.cli.output import print_json, print_sections


def calibrate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a judge's verdicts.")],
    out: Annotated[Path, typer.Option(help="The file to write, which JUDGE?calibration=FILE then names.")],
    judge: Annotated[str | None, typer.Option(help="The judge. [default: the run's only one]")] = None,
    labels: LabelsOption = None,
    map_: LabelMapOption = None,
    encoding: EncodingOption = None,
    rows: RowsOption = None,
    json: JsonOption = False,
) -> None:
    """Fit a judge's probabilities to your own labels: ten of each class are enough to begin with.

    Example: hantei calibrate runs/mine --labels labels.csv --out judges/mine.json
    """
    from hantei.reports import to_json
    from hantei.reports.rooms.calibrated import calibrated_section

    fitted = hantei.calibrate(run, out, judge, labels, label_files(None, None, None, encoding, rows, map_))
    section = calibrated_section(fitted, out)
    if json:
        print_json({"sections": [to_json.section(section)]})
    else:
        print_sections([section])
