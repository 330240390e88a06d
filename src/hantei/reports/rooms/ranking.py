"""Judges by how they agree with people."""

from __future__ import annotations

from hantei.metrics.agreement.ranking import Ranked, Ranking
from hantei.metrics.agreement.results import AgreementMeasure
from hantei.reports.results import NAME_LIMIT
from hantei.reports.rooms.agreement import HEADS, MEASURES, cell
from hantei.reports.section import Column, ReportRow, ReportTable, Section, lead, notes
from hantei.reports.text import clip

_TIED = (
    "Judges whose difference on the same draws of the prompts may be 0 share their places: 1-3 is one of the first "
    "three. The intervals of differences are widened for how many pairs there are (Bonferroni)."
)


def ranking(found: Ranking) -> Section:
    """Return a head's judges in order, with the places that each may have."""
    title = MEASURES[found.measured][0]
    return Section(
        key=f"ranking-{found.head}",
        title=f"{HEADS[found.head]}, judges by agreement with people",
        tables=(
            ReportTable(
                caption=title,
                head="Judge",
                columns=(Column(title="Place"), Column(title=title), Column(title="Judged of the labelled")),
                rows=tuple(_row(found, one) for one in found.judges),
            ),
        ),
        notes=(
            lead(f"On the {found.rows:,} of {found.labelled:,} labelled rows on which all judges gave a verdict."),
            *notes(_TIED),
        ),
        data=found,
    )


def _row(found: Ranking, one: Ranked) -> ReportRow:
    place = f"{one.best}" if one.best == one.worst else f"{one.best}-{one.worst}"
    number = cell(AgreementMeasure(name=found.measured, estimate=one.estimate))
    return ReportRow(name=clip(one.judge, NAME_LIMIT), cells=(place, number, f"{one.judged:,}/{found.labelled:,}"))
