"""Which judge agrees with people best, on the same rows; judges that cannot be told apart share a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from hantei.arrays import Doubles, Flags, Integers
from hantei.cards import one_of
from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.metrics.agreement import measures
from hantei.metrics.agreement.draws import kinds_of
from hantei.metrics.agreement.pairs import measured
from hantei.metrics.agreement.ratings import Ratings
from hantei.metrics.agreement.results import AgreementMeasure, PairAgreement
from hantei.metrics.classification import macro_f1_of


class Ranked(Struct, frozen=True, kw_only=True):
    """One judge: how it agrees with people on the rows that all judges judged, and its place among them.

    Its place is from ``best`` (one more than the judges that are surely better) to ``worst`` (one more than those
    that are not surely worse). ``judged`` is how many of the labelled rows it gave a verdict on.
    """

    judge: str
    estimate: Estimate
    best: int
    worst: int
    judged: int


class Ranking(Struct, frozen=True, kw_only=True):
    """Judges by how they agree with people on one head: on ``rows`` of the ``labelled`` rows, those all judged."""

    head: str
    measure: str
    rows: int
    labelled: int
    judges: tuple[Ranked, ...]

    @property
    def measured(self) -> str:
        """The name of the measure: F1 of more than two labels is their macro-F1."""
        return "macro_f1" if self.measure == "f1" and self.head != "unsafe" else self.measure

    @property
    def pairs(self) -> tuple[PairAgreement, ...]:
        """The same as agreement of each judge with what most people say."""
        return tuple(
            PairAgreement(
                judge=one.judge,
                against="human:majority",
                head=self.head,
                n=self.rows,
                measures=(AgreementMeasure(name=self.measured, estimate=one.estimate),),
            )
            for one in self.judges
        )


def majority(values: Doubles) -> Doubles:
    """Return what more than half of the raters (columns) said of each row, nan where none did."""
    told = ~np.isnan(values)
    most = np.full(len(values), np.nan)
    for value in np.unique(values[told]):
        most[2 * (values == value).sum(axis=1) > told.sum(axis=1)] = value
    return most


def rank(ratings: Ratings, head: str, judges: Sequence[int], people: Sequence[int], measure: str = "kappa") -> Ranking:
    """Return the judges by a measure of agreement with what most of the people said.

    One judge is surely better than another where the interval of their difference on the same draws of prompts, widened
    for how many pairs there are (Bonferroni), leaves 0 out.

    Args:
        ratings: what was said.
        head: what is compared, of a few labels.
        judges: the numbers of the judges.
        people: the numbers of those whose labels are taken for right.
        measure: accuracy, kappa, or f1 (of unsafe, else the mean over labels).

    Raises:
        UsageError: no such measure, or no row that people labelled and all judges judged.
    """
    if measure not in _MEASURES:
        raise UsageError(f"--measure {measure}: {one_of(measure, _MEASURES)}")
    said = ratings.heads[head]
    right, values = majority(said.values[:, list(people)]), said.values[:, list(judges)]
    labelled = ~np.isnan(right)
    rows = labelled & ~np.isnan(values).any(axis=1)
    if not rows.any():
        raise UsageError(f"no row has a label of people and a verdict of all {len(judges)} judges on {head}")
    found, draws = _drawn(np.column_stack([right, values])[rows], ratings.prompt[rows], head, measure)
    better = _surely_better(draws)
    order = np.argsort(-np.nan_to_num(found, nan=-np.inf), kind="stable")
    ranked = [
        Ranked(
            judge=ratings.judges[judges[one]],
            estimate=measured(measure, float(found[one]), draws[:, one], int(rows.sum())).estimate,
            best=1 + int(better[:, one].sum()),
            worst=len(judges) - int(better[one].sum()),
            judged=int((labelled & ~np.isnan(values[:, one])).sum()),
        )
        for one in order.tolist()
    ]
    return Ranking(head=head, measure=measure, rows=int(rows.sum()), labelled=int(labelled.sum()), judges=tuple(ranked))


def _drawn(values: Doubles, prompt: Integers, head: str, measure: str) -> tuple[Doubles, Doubles]:
    """Return the measure of each judge (judges,), and of each draw of the prompts (draws, judges)."""
    kinds = kinds_of(values, prompt)
    levels = np.unique(values)
    levels = np.arange(2.0) if head == "unsafe" else levels
    name = "f1_unsafe" if measure == "f1" and head == "unsafe" else measure

    def of(weights: Doubles) -> Doubles:
        right, *judged = kinds.values.T
        return np.stack([_TABLES[name](measures.tables(one, right, weights, levels)) for one in judged], axis=1)

    return of(kinds.counts[None])[0], np.concatenate([of(weights) for weights in kinds.draws()])


def _surely_better(draws: Doubles) -> Flags:
    """Return whether the judge of a row is surely better than that of a column (judges, judges)."""
    judges = draws.shape[1]
    tail = 2.5 / max(1, judges * (judges - 1) // 2)
    with np.errstate(invalid="ignore"):
        differences = draws[:, :, None] - draws[:, None, :]
    low = np.nanpercentile(np.where(np.isnan(differences), 0.0, differences), tail, axis=0)
    better: Flags = low > 0
    return better


def _accuracy(table: Doubles) -> Doubles:
    share: Doubles = np.trace(table, axis1=1, axis2=2) / table.sum(axis=(1, 2))
    return share


def _kappa(table: Doubles) -> Doubles:
    return measures.kappa(table, measures.nominal(table.shape[1]))


def _f1_unsafe(table: Doubles) -> Doubles:
    either = table[:, 1, :].sum(axis=1) + table[:, :, 1].sum(axis=1)
    f1: Doubles = np.where(either > 0, 2 * table[:, 1, 1] / np.maximum(either, 1), np.nan)
    return f1


_MEASURES = ("kappa", "accuracy", "f1")
_TABLES: dict[str, Callable[[Doubles], Doubles]] = {
    "accuracy": _accuracy,
    "kappa": _kappa,
    "f1": macro_f1_of,
    "f1_unsafe": _f1_unsafe,
}
