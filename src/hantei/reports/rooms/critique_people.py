"""What people say of critiques, and how a checker's verdicts and scores agree with it."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.critiques.human_labels import CheckedByPerson, HumanScores
from hantei.estimates import Estimate
from hantei.reports.section import Cell, Section, decimal, lead, notes, numbers, percent, text_table

_PEOPLE = ("Person", "Judge", "Critiques", "Units right", "Cannot tell", "Score, 1-5")
_CHECKED = ("Person", "Judge", "Units", "No verdict", "Others", "Same verdict", "Kappa", "Precision with the score")
_READING = (
    "Others are units of the person's that the checker does not have, as where a model found the units. Precision with "
    "the score is Spearman's correlation, over critiques, of the checker's precision with the person's 1 to 5."
)


def critique_people(scores: Sequence[HumanScores], checked: Sequence[CheckedByPerson], checker: str) -> Section:
    """Return what people say, and how ``checker`` agrees with them."""
    return Section(
        key="critiques-by-people",
        title="Critiques, by people",
        tables=(
            text_table("What people say of the critiques", _PEOPLE, [_person(one) for one in scores]),
            text_table(f"{checker} against them", _CHECKED, [_checker(one) for one in checked]),
        ),
        notes=(lead("Labels of the page: hantei annotate RUN --critiques JUDGE."), *notes(_READING)),
        data={"people": list(scores), "checked": list(checked)},
    )


def _person(one: HumanScores) -> tuple[Cell, ...]:
    return (one.person, one.critic, f"{one.n:,}", _share(one.right), f"{one.unclear:,}", _number(one.score, 2))


def _checker(one: CheckedByPerson) -> tuple[Cell, ...]:
    units = one.units
    counts = (f"{units.n:,}", f"{units.no_verdict:,}", f"{one.unknown:,}")
    return (units.labels, one.critic, *counts, _share(units.accuracy), _number(units.kappa), _number(one.rank))


def _share(estimate: Estimate | None) -> Cell:
    return percent(*numbers(estimate)) if estimate else None


def _number(estimate: Estimate, digits: int = 3) -> Cell:
    return decimal(*numbers(estimate), digits=digits)
