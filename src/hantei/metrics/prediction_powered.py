"""A rate from many verdicts of a judge and few labels of people: stratified prediction-powered inference.

The answers are split by the judge's verdict. In each stratum the labels give a share, which is moved by ``power`` times
the distance between the judge's mean probability over all its answers and over those labelled (PPI++, arXiv 2311.01453;
by strata: arXiv 2406.04291); each label weighs 1 / ``sampling_p``. Whatever the judge is worth, the estimate is right:
a bad judge makes it no narrower. The interval is that of ``metrics/stratified.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hantei.arrays import Doubles, Flags
from hantei.metrics.stratified import Strata, limits, total

FEWEST = 5
"""Labels that a stratum needs where all have the same chance; with fewer it is put together with the others."""

FEWEST_CHOSEN = 1
"""The same where flagged answers were chosen more often, so that their number is no accident."""

ENOUGH_TO_TUNE = 10
"""Labels of each kind in a stratum from which on the judge's probability is used within it."""


FEWEST_HITS = 3
"""With fewer hits, or fewer misses, among labels drawn with equal chances the verdicts would make nothing narrower."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted means over the labels of each stratum, and the judge's over all its answers, in arrays (..., strata).

    ``answers`` counts the answers, ``drawn`` the labels, ``unsafe`` the hits among them; ``labels`` is how many labels
    of equal weight would be as precise, ``units`` the sum of the weights by the largest. ``hit`` is the mean of the
    labels, ``score`` of the judge's probability, ``both`` of the product, ``square`` of the probability squared;
    ``every_score`` and ``every_square`` are the judge's over all answers.
    """

    answers: Doubles
    drawn: Doubles
    unsafe: Doubles
    labels: Doubles
    units: Doubles
    hit: Doubles
    score: Doubles
    both: Doubles
    square: Doubles
    every_score: Doubles
    every_square: Doubles


@dataclass(frozen=True, slots=True)
class Powered:
    """Shares by stratum after the judge's help: ``power`` is PPI++'s lambda, ``explained`` the variance (of one answer)
    that the judge's probability explains within a stratum.
    """

    share: Doubles
    size: Doubles
    power: Doubles
    explained: Doubles


def powered(moments: Moments) -> Powered:
    """Return PPI++'s share of each stratum with lambda tuned to the labels, 0 where there are few of either kind."""
    m = moments
    spread = np.maximum(m.square - m.score**2, 0.0)
    every_spread = np.maximum(m.every_square - m.every_score**2, 0.0)
    shared = m.both - m.hit * m.score
    enough = (np.minimum(m.unsafe, m.drawn - m.unsafe) >= ENOUGH_TO_TUNE) & (every_spread > 0)
    power = np.where(enough, np.clip(shared / np.where(enough, every_spread, 1.0), 0.0, 1.0), 0.0)
    share = np.clip(m.hit + power * (m.every_score - m.score), 0.0, 1.0)
    alone = m.hit * (1 - m.hit)
    rest = np.maximum(alone - 2 * power * shared + power**2 * spread, 0.05 * alone)
    moved = np.where(power > 0, share * (1 - share) / np.where(rest > 0, rest, 1.0), 1.0)
    return Powered(share, m.labels * moved, power, np.maximum(alone - rest, 0.0))


def worth_splitting(moments: Moments, equal: bool) -> Flags:
    """Return whether there are labels enough (...) to take the strata apart; ``equal``: drawn with equal chances."""
    filled = ((moments.drawn >= (FEWEST if equal else FEWEST_CHOSEN)) | (moments.answers == 0)).all(axis=-1)
    hits = moments.unsafe.sum(axis=-1)
    misses = moments.drawn.sum(axis=-1) - hits
    several: Flags = (np.minimum(hits, misses) >= FEWEST_HITS) | np.logical_not(equal)
    return np.asarray(filled & several)


def of_these_answers(moments: Moments) -> tuple[Powered, Doubles, Doubles, Doubles]:
    """Return the shares by stratum, and the rate among exactly these answers with its limits (...)."""
    found = powered(moments)
    left = 1 - np.minimum(moments.units / np.maximum(moments.answers, 1), 1.0)
    strata = Strata(_weight(moments.answers), found.share, found.size, moments.units, left)
    return (found, total(strata), *limits(strata))


def of_the_population(moments: Moments, answers: Doubles) -> tuple[Powered, Doubles, Doubles, Doubles]:
    """Return the shares by stratum, and the rate among all that these answers are a sample of, with its limits (...).

    ``answers`` (...) is how many independent answers they are worth.
    """
    found = powered(moments)
    weight = _weight(moments.answers)
    strata = Strata(weight, found.share, found.size, moments.units, np.ones_like(weight))
    value = total(strata)
    off = found.share - value[..., None]
    between = (weight * (off**2 + found.explained)).sum(axis=-1) / answers
    third = (weight * off**3).sum(axis=-1) / answers**2
    return (found, value, *limits(strata, (between, third)))


def _weight(answers: Doubles) -> Doubles:
    weight: Doubles = answers / answers.sum(axis=-1, keepdims=True)
    return weight


def moments_of(
    stratum: Doubles, strata: int, score: Doubles, labelled: Flags, hit: Doubles, weight: Doubles
) -> Moments:
    """Return the moments of answers, a row each.

    Args:
        stratum: number of each answer's stratum (n,).
        strata: how many strata there are.
        score: the judge's probability that it is a hit (n,).
        labelled: whether it has a label (n,).
        hit: the label (n,), whatever where it has none.
        weight: 1 / chance of being chosen (n,), whatever where it has no label.
    """
    place = stratum.astype(np.int64)
    chosen, w, y, f = place[labelled], weight[labelled], hit[labelled], score[labelled]

    def summed(values: Doubles) -> Doubles:
        return np.bincount(chosen, values, strata).astype(np.float64)

    answers = np.bincount(place, minlength=strata).astype(np.float64)
    whole, largest = summed(w), np.zeros(strata)
    np.maximum.at(largest, chosen, w)
    safe = np.where(whole > 0, whole, 1.0)
    share = summed(w * y) / safe
    return Moments(
        answers=answers,
        drawn=summed(np.ones_like(w)),
        unsafe=summed(y),
        labels=_as_precise(share, whole**2, summed(w * w), summed(w * w * (y - share[chosen]) ** 2)),
        units=whole / np.where(largest > 0, largest, 1.0),
        hit=share,
        score=summed(w * f) / safe,
        both=summed(w * f * y) / safe,
        square=summed(w * f * f) / safe,
        every_score=np.bincount(place, score, strata) / np.maximum(answers, 1),
        every_square=np.bincount(place, score**2, strata) / np.maximum(answers, 1),
    )


def _as_precise(share: Doubles, whole: Doubles, squares: Doubles, deviations: Doubles) -> Doubles:
    """Return how many labels of equal weight are as precise: by the variance of a ratio, by Kish where all are alike.

    Args:
        share: of hits.
        whole: the sum of the weights, squared.
        squares: the sum of the squared weights.
        deviations: the sum of the squared weights times the squared distances of the labels from the share.
    """
    mixed = (share > 0) & (share < 1)
    by_ratio = share * (1 - share) * whole / np.where(mixed, deviations, 1.0)
    size: Doubles = np.where(mixed, by_ratio, whole / np.where(squares > 0, squares, 1.0))
    return size
