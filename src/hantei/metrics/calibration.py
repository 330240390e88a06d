"""Whether probabilities mean what they say, and what makes them: temperature and isotonic scaling.

A judge that gives 0.8 to a hundred answers should be right about eighty of them. Whatever is fitted here is fitted on
other prompts than those on which it is measured (``out_of_fold``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.estimates import Bin, Calibration, CalibrationReading, Estimate
from hantei.metrics.bootstrap import BY_PROMPT, bootstrap_counts, percentile_interval
from hantei.metrics.intervals import wilson

BINS = 10
FOLDS = 5
_SURE = 1e-6
"""No probability is taken to be nearer to 0 or 1: the log odds of certainty have no number."""

_FACTORS = (0.01, 100.0)
"""Between these the factor of temperature scaling is looked for."""

_GOLDEN = (math.sqrt(5) - 1) / 2
_TOLERANCE = 1e-5

FittedT = TypeVar("FittedT")


def calibration_error(label: Integers, probability: Doubles, bins: int = BINS) -> float:
    """Return the expected calibration error of probabilities of label 1, in bins of equal width (arXiv 1706.04599)."""
    gaps = np.abs(np.bincount(_places(probability, bins), label - probability, bins))
    return float(gaps.sum() / len(label))


def brier(label: Integers, probability: Doubles) -> float:
    """Return the mean squared distance of probabilities from labels 0 and 1 (Brier 1950)."""
    return float(((label - probability) ** 2).mean())


def reliability(label: Integers, probability: Doubles, bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of equal width that hold a row, from low probabilities to high ones."""
    place = _places(probability, bins)
    counted = (
        np.bincount(place, minlength=bins),
        np.bincount(place, probability, bins),
        np.bincount(place, label, bins),
    )
    columns = zip(*(column.tolist() for column in counted), strict=True)
    return tuple(_bin(number, bins, *column) for number, column in enumerate(columns) if column[0])


def _bin(number: int, bins: int, n: int, total: float, hits: float) -> Bin:
    low, high = wilson(hits, n)
    return Bin(
        low=number / bins,
        high=(number + 1) / bins,
        n=n,
        mean=total / n,
        share=hits / n,
        share_low=low,
        share_high=high,
    )


def log_odds(probability: Doubles) -> Doubles:
    """Return logits (n, 2) of label 0 and 1 for probabilities of label 1."""
    p = np.clip(probability, _SURE, 1 - _SURE)
    return np.stack([np.zeros_like(p), np.log(p / (1 - p))], axis=1)


def fit_temperature(logits: Doubles, label: Integers) -> float:
    """Return the factor on logits (n, classes) under which the labels are most likely (arXiv 1706.04599).

    It is one over the temperature, between 0.01 and 100. The likelihood has one peak in it, which is found by golden
    section on its logarithm's scale.
    """

    def loss(exponent: float) -> float:
        scaled = logits * math.exp(exponent)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chosen = scaled[np.arange(len(label)), label]
        return float((np.log(np.exp(scaled).sum(axis=1)) - chosen).mean())

    low, high = (math.log(end) for end in _FACTORS)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > _TOLERANCE:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return math.exp((low + high) / 2)


def apply_temperature(factor: float, logits: Doubles) -> Doubles:
    """Return the probabilities (n, classes) of logits multiplied by ``factor``."""
    scaled = np.exp(factor * (logits - logits.max(axis=1, keepdims=True)))
    probabilities: Doubles = scaled / scaled.sum(axis=1, keepdims=True)
    return probabilities


def fit_isotonic(probability: Doubles, label: Integers, weight: Doubles | None = None) -> Doubles:
    """Return the knots (k, 2) of the rising step function nearest to the labels: probability, and what it becomes.

    Neighbours that are out of order are pooled until none are (Ayer et al. 1955); rows of equal probability count as
    one. ``weight`` (n,) is that of each row, 1 where it is left out.
    """
    each = np.ones(len(label)) if weight is None else weight
    place, row = np.unique(probability, return_inverse=True)
    total = np.bincount(row, each)
    mean = np.bincount(row, label * each) / total
    values: list[float] = []
    sizes: list[float] = []
    ends: list[int] = []
    for end, (value, size) in enumerate(zip(mean.tolist(), total.tolist(), strict=True)):
        while values and values[-1] >= value:
            before = sizes.pop()
            value, size = (values.pop() * before + value * size) / (before + size), before + size
            ends.pop()
        values.append(value)
        sizes.append(size)
        ends.append(end)
    starts = [0, *(end + 1 for end in ends[:-1])]
    corners = np.stack([place[starts], place[ends]], axis=1).ravel()
    knots: Doubles = np.stack([corners, np.repeat(values, 2)], axis=1)
    return knots


def apply_isotonic(knots: Doubles, probability: Doubles) -> Doubles:
    """Return what probabilities become: between two knots in a straight line, beyond the last ones as these."""
    return np.interp(probability, knots[:, 0], knots[:, 1])


def out_of_fold(
    fit: Callable[[Doubles, Integers], FittedT],
    apply: Callable[[FittedT, Doubles], Doubles],
    given: Doubles,
    label: Integers,
    group: Integers,
    folds: int = FOLDS,
) -> Doubles:
    """Return ``given`` scaled by what was fitted on the other folds only; all rows of a group are in one fold.

    Args:
        fit: takes probabilities or logits and labels.
        apply: takes what ``fit`` returned and probabilities or logits.
        given: probabilities (n,) or logits (n, classes).
        label: whole numbers (n,).
        group: of each row, such as the number of its prompt (n,).
        folds: how many, at most as many as there are groups.

    Raises:
        ValueError: there are not two groups.
    """
    _, number = np.unique(group, return_inverse=True)
    groups = int(number.max()) + 1 if len(number) else 0
    if groups < 2:
        raise ValueError("expected at least two groups, one to fit on and one to measure on")
    fold = (np.random.default_rng(0).permutation(groups) % min(folds, groups))[number]
    scaled = np.empty(given.shape)
    for held in range(min(folds, groups)):
        out = fold == held
        scaled[out] = apply(fit(given[~out], label[~out]), given[out])
    return scaled


def calibrated(probability: Doubles, label: Integers, group: Integers) -> Calibration:
    """Return how well probabilities (n,) of label 1 are calibrated, as they are and scaled out of fold.

    Args:
        probability: of label 1, from 0 to 1.
        label: 0 or 1.
        group: of each row; the rows of one group are drawn together and are in one fold.
    """
    logits = log_odds(probability)
    scaled = None
    if _two(group):
        scaled = out_of_fold(fit_temperature, apply_temperature, logits, label, group)[:, 1]
    return _calibration(probability, label, group, scaled, fit_temperature(logits, label))


def calibrated_top(probabilities: Doubles, label: Integers, group: Integers) -> Calibration:
    """Return how well the probability of the likeliest class is calibrated: how often that class is the label.

    Args:
        probabilities: of each class (n, classes).
        label: the class, from 0.
        group: of each row; the rows of one group are drawn together and are in one fold.
    """
    logits = np.log(np.clip(probabilities, _SURE, 1.0))
    right = (probabilities.argmax(axis=1) == label).astype(np.int64)
    scaled = None
    if _two(group):
        scaled = out_of_fold(fit_temperature, apply_temperature, logits, label, group).max(axis=1)
    return _calibration(probabilities.max(axis=1), right, group, scaled, fit_temperature(logits, label))


def _calibration(
    probability: Doubles, label: Integers, group: Integers, temperature: Doubles | None, factor: float
) -> Calibration:
    before, n = _reading(label, probability, group), len(label)
    if temperature is None:
        return Calibration(n=n, factor=factor, before=before)
    isotonic = out_of_fold(fit_isotonic, apply_isotonic, probability, label, group)
    warm, stepped = (_reading(label, p, group) for p in (temperature, isotonic))
    return Calibration(n=n, factor=factor, before=before, after_temperature=warm, after_isotonic=stepped)


def _reading(label: Integers, probability: Doubles, group: Integers) -> CalibrationReading:
    place, gap = _places(probability, BINS), label - probability
    square = gap**2
    gaps, squares = [], []
    for times in bootstrap_counts(group):
        total = times.sum()
        gaps.append(np.bincount(place, times * gap, BINS) / total)
        squares.append(float(times @ square / total))
    low, high = percentile_interval(squares)
    return CalibrationReading(
        error=_error(np.bincount(place, gap, BINS) / len(label), np.stack(gaps), len(label)),
        brier=Estimate(value=float(square.mean()), low=low, high=high, n=len(label), method=BY_PROMPT),
        bins=reliability(label, probability),
    )


def _error(gaps: Doubles, replicates: Doubles, n: int) -> Estimate:
    """Return the calibration error of gaps by bin (bins,), with an interval from their replicates (draws, bins).

    Chance alone makes gaps, so the error comes out too large, and that of a replicate larger still: an interval of
    percentiles would never reach down to a judge that is calibrated. By the triangle inequality the error is wrong by
    at most the sum of what the gaps are wrong by; the low end takes that off.
    """
    value = float(np.abs(gaps).sum())
    noise, high = (float(np.percentile(np.abs(one).sum(axis=1), 97.5)) for one in (replicates - gaps, replicates))
    low, method = max(0.0, value - noise), f"{BY_PROMPT}, the low end by the triangle inequality"
    return Estimate(value=value, low=low, high=max(value, high), n=n, method=method)


def _places(probability: Doubles, bins: int) -> Integers:
    place: Integers = np.minimum((probability * bins).astype(np.int64), bins - 1)
    return place


def _two(group: Integers) -> bool:
    return bool((group != group[0]).any())
