"""The parts of a run's report, one room each: a function from a run's results to the sections that it adds.

A new part (of a page, a terminal's output and ``--json`` alike) is one function, and one entry in ``ROOMS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hantei.reports.results import Results
from hantei.reports.rooms.actions import actions
from hantei.reports.rooms.answers import answers
from hantei.reports.rooms.budget import budgets
from hantei.reports.rooms.cascade import cascade
from hantei.reports.rooms.correction import correction
from hantei.reports.rooms.drift import drift
from hantei.reports.rooms.harms import harms, harms_by_the_judge
from hantei.reports.rooms.overview import overview, weaknesses
from hantei.reports.rooms.people import people
from hantei.reports.rooms.provenance import provenance
from hantei.reports.rooms.second_looks import second_looks
from hantei.reports.rooms.slices import slices
from hantei.reports.rooms.systems import judges, systems
from hantei.reports.rooms.threshold import threshold
from hantei.reports.rooms.trust import trust
from hantei.reports.rooms.turns import turns
from hantei.reports.section import Section

ROOMS: tuple[Callable[[Results], Iterator[Section]], ...] = (
    judges,
    correction,
    overview,
    trust,
    budgets,
    threshold,
    weaknesses,
    systems,
    turns,
    harms,
    harms_by_the_judge,
    actions,
    slices,
    people,
    second_looks,
    cascade,
    drift,
    answers,
    provenance,
)
"""In the order in which a page shows them; those of one judge stand together."""


def sections(results: Results) -> list[Section]:
    """Return the sections of a run, in the order of ``ROOMS``."""
    return [section for room in ROOMS for section in room(results)]
