"""How well guesses of a class agree with labels: accuracy, precision, recall, F1, average precision, Cohen's kappa."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Integers


@dataclass(frozen=True, slots=True)
class ClassScores:
    """One class: precision, recall and F1 (shares from 0 to 1), and how often it is the label and the guess."""

    precision: float
    recall: float
    f1: float
    labelled: int
    guessed: int


@dataclass(frozen=True, slots=True)
class Classification:
    """Scores of guesses: ``accuracy``, unweighted means over the classes that occur, and the classes one by one."""

    n: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    classes: tuple[ClassScores, ...]


def classification(label: Integers, guess: Integers, classes: int) -> Classification:
    """Return the scores of ``guess`` against ``label``, both whole numbers from 0 to ``classes`` - 1.

    A class that is never guessed has precision 0 and one that is never the label recall 0. The means are over the
    classes that occur as a label or a guess, as scikit-learn's macro averages are.

    Raises:
        ValueError: there is nothing to score.
    """
    if not len(label):
        raise ValueError("expected at least one label")
    table = confusion(label, guess, classes)
    hits, labelled, guessed = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    precision = hits / np.maximum(guessed, 1)
    recall = hits / np.maximum(labelled, 1)
    f1 = 2 * hits / np.maximum(labelled + guessed, 1)
    seen = labelled + guessed > 0
    columns = (values.tolist() for values in (precision, recall, f1, labelled, guessed))
    return Classification(
        n=len(label),
        accuracy=float(hits.sum() / len(label)),
        precision=float(precision[seen].mean()),
        recall=float(recall[seen].mean()),
        f1=float(f1[seen].mean()),
        classes=tuple(ClassScores(*numbers) for numbers in zip(*columns, strict=True)),
    )


def confusion(label: Integers, guess: Integers, classes: int) -> Integers:
    """Return how often each guess was given to each label, (classes, classes): a row a label, a column a guess."""
    table: Integers = np.bincount(label * classes + guess, minlength=classes * classes).reshape(classes, classes)
    return table


def macro_f1(label: Integers, guess: Integers, classes: int) -> float:
    """Return the mean over the classes that occur (as label or guess) of their F1."""
    return float(macro_f1_of(confusion(label, guess, classes)))


def macro_f1_of(table: Integers | Doubles) -> Doubles:
    """Return ``macro_f1`` of a table (classes, classes) of how often each guess was given to each label, or of many."""
    both = table.sum(axis=-2) + table.sum(axis=-1)
    f1 = 2 * np.diagonal(table, axis1=-2, axis2=-1) / np.maximum(both, 1)
    mean: Doubles = f1.sum(axis=-1) / (both > 0).sum(axis=-1)
    return mean


def average_precision(label: Integers, score: Doubles) -> float:
    """Return the mean of the precision at each positive, rows taken by falling ``score``; nan without a positive.

    Rows of equal score are taken together, so that their order does not matter (as in scikit-learn). A score that
    knows nothing gets the share of positives.
    """
    positives = int((label == 1).sum())
    if not positives:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order], append=-np.inf))
    hits = np.cumsum(label[order] == 1)[ends]
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / (ends + 1)).sum() / positives)


def auroc(label: Integers, score: Doubles) -> float:
    """Return the area under the ROC curve: the chance that a row labelled 1 scores above one labelled 0, ties as half.

    It is nan where one of the labels is missing.
    """
    positive = int((label == 1).sum())
    negative = len(label) - positive
    if not positive or not negative:
        return float("nan")
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    above = ranks[place][label == 1].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def kappa(label: Integers, guess: Integers, classes: int) -> float:
    """Return Cohen's kappa: agreement beyond chance over what chance leaves; nan where chance leaves nothing."""
    table = confusion(label, guess, classes) / len(label)
    chance = float(table.sum(axis=1) @ table.sum(axis=0))
    return float("nan") if chance == 1 else float((np.trace(table) - chance) / (1 - chance))
