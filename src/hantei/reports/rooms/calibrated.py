"""What a judge's probabilities were before and after they were fitted to labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hantei.judges.base import CALIBRATION, with_setting
from hantei.judges.calibrated import Scaling
from hantei.reports.section import Number, Section, notes, numbers, percent, text_table

if TYPE_CHECKING:
    from hantei.estimates import Estimate
    from hantei.training.calibration import Fitted

_HEADER = ("head", "labels", "scaling", "accuracy before", "after", "calibration error before", "after")


def calibrated_section(fitted: Fitted, out: Path) -> Section:
    """Return the section that ``hantei calibrate`` prints; ``out`` is the file that it wrote."""
    made = fitted.calibration
    name = with_setting(made.judge, CALIBRATION, str(out))
    return Section(
        key="calibration",
        title=f"Fitted to labels of {made.labels}",
        tables=(
            text_table(
                "As judged, and fitted: measured on prompts left out of the fit",
                _HEADER,
                [_row(one) for one in made.scalings],
            ),
        ),
        notes=notes(*fitted.notes, f"Use it: --judge '{name}'"),
        data=made,
        judge=made.judge,
    )


def _row(scaling: Scaling) -> tuple[str | Number, ...]:
    kind = "Platt" if scaling.kind == "line" else "isotonic"
    counts = ", ".join(f"{count:,} {name}" for name, count in scaling.n.items() if count)
    found = (scaling.accuracy_before, scaling.accuracy, scaling.error_before, scaling.error)
    return (scaling.head, counts, kind, *(_percent(one) for one in found))


def _percent(estimate: Estimate) -> Number:
    return percent(*numbers(estimate))
