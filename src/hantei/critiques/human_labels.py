"""What people say of critiques on the labelling page, and how a checker's verdicts and scores agree with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from hantei.arrays import Doubles
from hantei.critiques.critique import CheckedCritique
from hantei.critiques.people import PeopleAgreement, unit_agreement
from hantei.critiques.scoring import BY_CRITIQUE, Mode, item_scores
from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.metrics.agreement.measures import spearman
from hantei.metrics.bootstrap import bootstrap_counts, percentile_interval
from hantei.metrics.shares import share_of
from hantei.runs.folder import Run
from hantei.runs.label_lines import CritiqueLabel, critique_labels

FEWEST = 3
"""Critiques below which no correlation is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanScores:
    """What one person says of one judge's critiques.

    Args:
        person: who, ``human:NAME``.
        critic: the judge that wrote them.
        n: critiques.
        right: the share of units that are right, of those that are right or wrong; None where there are none.
        unclear: units of which the person cannot tell.
        score: the mean of the scores from 1 to 5.
    """

    person: str
    critic: str
    n: int
    right: Estimate | None
    unclear: int
    score: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedByPerson:
    """How a checker agrees with a person on one judge's critiques: unit by unit, and its precision with the score.

    ``rank`` is Spearman's correlation over critiques; ``unknown`` counts the person's units that the checker has not.
    """

    critic: str
    units: PeopleAgreement
    unknown: int
    rank: Estimate


def labels_of_people(run: Run, pattern: str) -> list[CritiqueLabel]:
    """Return the labels of critiques by the people whom a pattern such as ``human:*`` names.

    Raises:
        UsageError: there are none.
    """
    found = [label for label in critique_labels(run.path) if fnmatchcase(label.judge, pattern)]
    if not found:
        raise UsageError(
            f"--against {pattern}: nobody of that name labelled critiques in {run.path} (hantei annotate --critiques)"
        )
    return found


def by_person(labels: Sequence[CritiqueLabel]) -> dict[tuple[str, str], list[CritiqueLabel]]:
    """Return labels by person and judge."""
    found: dict[tuple[str, str], list[CritiqueLabel]] = {}
    for label in labels:
        found.setdefault((label.judge, label.critic), []).append(label)
    return found


def human_scores(labels: Sequence[CritiqueLabel]) -> list[HumanScores]:
    """Return what each person says of each judge's critiques."""
    return [_scores(person, critic, group) for (person, critic), group in by_person(labels).items()]


def _scores(person: str, critic: str, group: Sequence[CritiqueLabel]) -> HumanScores:
    verdicts = [(number, unit.verdict) for number, label in enumerate(group) for unit in label.units]
    critique = np.array([number for number, _ in verdicts], dtype=np.int64)
    right = np.array([verdict == "right" for _, verdict in verdicts], dtype=np.bool_)
    told = np.array([verdict != "unclear" for _, verdict in verdicts], dtype=np.bool_)
    scores = np.array([label.score for label in group if label.score is not None])
    return HumanScores(
        person=person,
        critic=critic,
        n=len(group),
        right=share_of(right, told, critique),
        unclear=int((~told).sum()),
        score=_mean(scores),
    )


def checked_by_people(
    labels: Sequence[CritiqueLabel], checked: Sequence[CheckedCritique], checker: str, mode: Mode
) -> list[CheckedByPerson]:
    """Return how a checker agrees with each person on each judge's critiques.

    Args:
        labels: people's.
        checked: the same critiques, checked.
        checker: who checked them.
        mode: how precision is counted.
    """
    known = {(one.judge, one.id): one for one in checked}
    precision = dict(zip(known, item_scores(list(known.values()), mode)[0].tolist(), strict=True))
    return [_against(group, known, precision, checker) for group in by_person(labels).values()]


def _against(
    group: Sequence[CritiqueLabel],
    known: Mapping[tuple[str, str], CheckedCritique],
    precision: Mapping[tuple[str, str], float],
    checker: str,
) -> CheckedByPerson:
    rows: list[tuple[int, int, float]] = []
    unknown = 0
    for number, one in enumerate(group):
        place = (one.critic, one.response_id)
        said = {unit.text: unit.right for unit in known[place].units} if place in known else {}
        told = [unit for unit in one.units if unit.verdict != "unclear"]
        unknown += sum(unit.text not in said for unit in told)
        rows += [
            (int(unit.verdict == "right"), number, _verdict(said[unit.text])) for unit in told if unit.text in said
        ]
    label, critique, verdict = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    units = (label.astype(np.int64), critique.astype(np.int64), verdict)
    scored = ((precision.get((one.critic, one.response_id)), one.score) for one in group)
    return CheckedByPerson(
        critic=group[0].critic,
        units=unit_agreement(group[0].judge, "precision", checker, units, None),
        unknown=unknown,
        rank=_rank([(p, score) for p, score in scored if p is not None and score is not None]),
    )


def _verdict(right: bool | None) -> float:
    return float("nan") if right is None else float(right)


def _rank(pairs: Sequence[tuple[float, float]]) -> Estimate:
    both = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    both = both[~np.isnan(both).any(axis=1)]
    n = len(both)
    if n < FEWEST:
        return Estimate(value=None, n=n, method=BY_CRITIQUE)
    value = float(spearman(both[:, 0], both[:, 1], np.ones((1, n)))[0])
    if np.isnan(value):
        return Estimate(value=None, n=n, method=BY_CRITIQUE)
    weights = np.array(list(bootstrap_counts(np.arange(n))), dtype=np.float64)
    drawn = spearman(both[:, 0], both[:, 1], weights)
    low, high = percentile_interval(drawn[~np.isnan(drawn)])
    return Estimate(value=value, low=low, high=high, n=n, method=BY_CRITIQUE)


def _mean(values: Doubles) -> Estimate:
    n = len(values)
    if not n:
        return Estimate(value=None, method=BY_CRITIQUE)
    drawn = np.array(list(bootstrap_counts(np.arange(n)))) @ values / n
    low, high = percentile_interval(drawn)
    return Estimate(value=float(values.mean()), low=low, high=high, n=n, method=BY_CRITIQUE)
