"""``hantei calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hantei import trust
from hantei.cli.options import EncodingOption, JsonOption, LabelMapOption, LabelsOption, RowsOption, label_files
from hantei.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from hantei.estimates import Estimate
    from hantei.judges.calibrated import Scaling


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
    fitted = trust.calibrate(run, out, judge, labels, label_files(None, None, None, encoding, rows, map_))
    if json:
        import msgspec

        print_json({**msgspec.to_builtins(fitted.calibration), "notes": list(fitted.notes)})
        return
    header = ["head", "labels", "scaling", "accuracy before", "after", "calibration error before", "after"]
    print_table(header, [_row(scaling) for scaling in fitted.calibration.scalings])
    for note in fitted.notes:
        say(f"Note: {note}")
    card, at, model = fitted.calibration.judge.partition("@")
    say(f"Use it: --judge '{card}{'&' if '?' in card else '?'}calibration={out}{at}{model}'")


def _row(scaling: Scaling) -> list[str]:
    kind = "Platt" if scaling.kind == "line" else "isotonic"
    counts = ", ".join(f"{count:,} {name}" for name, count in scaling.n.items() if count)
    numbers = (scaling.accuracy_before, scaling.accuracy, scaling.error_before, scaling.error)
    return [scaling.head, counts, kind, *(_percent(number) for number in numbers)]


def _percent(number: Estimate) -> str:
    if number.value is None or number.low is None or number.high is None:
        return "-"
    return f"{100 * number.value:.1f}% [{100 * number.low:.1f}, {100 * number.high:.1f}]"
