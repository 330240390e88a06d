"""Whether a judge's critique helps or sways people who have labelled without it."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.estimates import Estimate
from hantei.metrics.intervals import share_difference
from hantei.reports.results import Results
from hantei.reports.section import Cell, Column, ReportRow, ReportTable, Section, lead, notes, numbers, percent

_ROWS = (
    ("changed", "Verdicts changed", "of all second looks"),
    ("towards", "Changed to the right one", "of answers of which it stands what is right"),
    ("away", "Changed away from it", "of the same"),
)
_READING = (
    "Each person labelled an answer, then looked at it again: half of the answers with the judge's critique, drawn by "
    "chance, half without. What the second half changes is what a second look does; the difference is what the "
    "critique does. Right is what stands after adjudication of the first labels, which alone count anywhere else."
)


def second_looks(results: Results) -> Iterator[Section]:
    """Yield what people changed with a critique and without, from ``Summary.second_looks``."""
    arms = {one.arm: one for one in results.summary.second_looks}
    if len(arms) < 2:
        return
    shown, hidden = arms["shown"], arms["hidden"]
    rows = []
    for name, title, note in _ROWS:
        pair: list[Estimate | None] = [getattr(arm, name) for arm in (shown, hidden)]
        rows.append(ReportRow(name=title, note=note, cells=(*map(_share, pair), _points(share_difference(*pair)))))
    yield Section(
        key="second-looks",
        title="Do critiques help or sway people?",
        tables=(
            ReportTable(
                caption="What people changed at a second look",
                head="Share",
                columns=(Column(title="Critique shown"), Column(title="Not shown"), Column(title="Difference")),
                rows=tuple(rows),
            ),
        ),
        notes=(
            lead(f"{shown.n:,} second looks with the critique and {hidden.n:,} without."),
            *notes(_READING),
        ),
        data=results.summary.second_looks,
    )


def _share(estimate: Estimate | None) -> Cell:
    if estimate is None or estimate.value is None:
        return None
    return percent(*numbers(estimate), counts=f"{round(estimate.value * estimate.n):,}/{estimate.n:,.0f}")


def _points(estimate: Estimate | None) -> Cell:
    return percent(*numbers(estimate), sign=" points") if estimate else None
