"""Scores of a thousand draws at once: how often each guess met each label, as a product of matrices.

A draw takes as many questions as there are, with replacement, each with all its answers: the intervals are those of a
bootstrap over prompts. The first row of every array is the data as they are, the others are draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.estimates import Estimate
from hantei.metrics.bootstrap import REPLICATES

METHOD = "bootstrap by question, percentiles"


@dataclass(frozen=True, slots=True)
class ScoreTables:
    """Scores as ``metrics.classification`` defines them, one for each table of counts (...), or a class more (..., c).

    ``precision``, ``recall`` and ``f1`` are unweighted means over the classes that occur in a table.
    """

    accuracy: Doubles
    precision: Doubles
    recall: Doubles
    f1: Doubles
    kappa: Doubles
    class_precision: Doubles
    class_recall: Doubles
    class_f1: Doubles

    def means(self) -> Doubles:
        """Return accuracy, precision, recall and F1, (..., 4)."""
        return np.stack((self.accuracy, self.precision, self.recall, self.f1), axis=-1)


def draws(questions: int) -> Doubles:
    """Return how often each draw takes each question, (1 + draws, questions), with the seed 0; once each at first."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, questions, (REPLICATES, questions))
    times = [np.bincount(row, minlength=questions) for row in drawn]
    return np.stack([np.ones(questions), *times])


def tables(label: Integers, guess: Integers, classes: int, times: Doubles) -> Doubles:
    """Return the counts (draws, models, classes, classes), a row a label, a column a guess.

    ``label`` and ``guess`` are (models, questions); a negative one is no label, and its answer is not counted.

    Args:
        label: classes given by people, (models, questions); negative where there is none.
        guess: classes given by a judge, (models, questions); negative where there is none.
        classes: how many classes there are.
        times: how often each draw takes each question, (draws, questions).
    """
    known = (label >= 0) & (guess >= 0)
    cell = np.where(known, label * classes + guess, classes * classes)
    one_hot = np.eye(classes * classes + 1)[cell][..., :-1]
    counts: Doubles = np.einsum("dq,mqc->dmc", times, one_hot, optimize=True)
    return counts.reshape(*counts.shape[:2], classes, classes)


def scores(counts: Doubles) -> ScoreTables:
    """Return the scores of tables of counts (..., classes, classes); nan where a table is empty."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    labelled, guessed = counts.sum(axis=-1), counts.sum(axis=-2)
    total = labelled.sum(axis=-1)
    seen = labelled + guessed > 0
    precision = hits / np.maximum(guessed, 1)
    recall = hits / np.maximum(labelled, 1)
    f1 = 2 * hits / np.maximum(labelled + guessed, 1)
    accuracy = _ratio(hits.sum(axis=-1), total)
    chance = _ratio((labelled * guessed).sum(axis=-1), total**2)
    return ScoreTables(
        accuracy=accuracy,
        precision=_ratio(precision.sum(axis=-1), seen.sum(axis=-1)),
        recall=_ratio(recall.sum(axis=-1), seen.sum(axis=-1)),
        f1=_ratio(f1.sum(axis=-1), seen.sum(axis=-1)),
        kappa=_ratio(accuracy - chance, 1 - chance),
        class_precision=precision,
        class_recall=recall,
        class_f1=f1,
    )


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    out: Doubles = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return out


def estimate(values: Doubles) -> Estimate:
    """Return the first of ``values`` with the percentile interval of the others.

    Draws for which it is nan are left out; what is not defined is None.
    """
    known = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(known, (2.5, 97.5)).tolist() if len(known) else (None, None)
    value = None if np.isnan(values[0]) else float(values[0])
    return Estimate(value=value, low=low, high=high, method=METHOD)
