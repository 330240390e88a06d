"""A cascade's threshold from a labelled sample, with what can be guaranteed of it for new answers.

Both guarantees are for answers drawn as the sample's were, and need the score to be fixed before the sample is seen:
what the score is made of (a temperature, a confusion) is learnt from other rows. An answer is kept where its score is
at least the threshold, and asked about below it.
"""

from __future__ import annotations

import numpy as np

from hantei.arrays import Doubles, Integers
from hantei.judges.cascade.rule import ALWAYS, NEVER
from hantei.metrics.intervals import ClusterSums, effective_n

STARTS = (0.99, 0.95, 0.85, 0.7)
"""Where the walks of ``for_accuracy`` begin: fixed, because a start that is chosen from the sample proves nothing."""

_STEP = 0.005


def error_bound(wrong: Integers, question: Integers, level: float) -> float:
    """Return the highest error rate that these answers do not rule out: its chance to be exceeded is ``1 - level``.

    Clopper and Pearson's bound (1934), one-sided and exact, where each question has one answer. Answers to one question
    resemble each other: several count as the effective number of independent ones, as in Korn and Graubard (1998).

    Args:
        wrong: 1 for an error, 0 for none; (n,).
        question: the number of the question of each answer, (n,).
        level: from 0 to 1.
    """
    if not len(wrong):
        return 1.0
    number = np.unique(question, return_inverse=True)[1]
    n, k = np.bincount(number), np.bincount(number, wrong).astype(np.int64)
    sums = ClusterSums(len(n), len(wrong), int(k.sum()), int(n @ n), int(k @ n), int(k @ k))
    size = effective_n(sums)
    return _clopper_pearson(sums.k / sums.n * size, size, level)


def _clopper_pearson(errors: float, n: float, level: float) -> float:
    from scipy.special import betaincinv

    return 1.0 if errors >= n else float(betaincinv(errors + 1, n - errors, level))


def for_accuracy(score: Doubles, wrong: Integers, question: Integers, target: float, confidence: float) -> float:
    """Return the lowest threshold at which the kept answers' accuracy is surely at least ``target``.

    With a chance of at least ``confidence``, whatever the population, the accuracy among new answers that are kept is
    at least the target. From each of ``STARTS`` thresholds are tested downwards in fixed steps until the first whose
    ``error_bound`` is above what the target allows (fixed-sequence testing: Bauer 1991, doi:10.1002/sim.4780100609;
    from several starts that share the error probability: arXiv 2110.01052). The guarantee needs each question to have
    one answer; with several it holds as far as an effective sample size does.

    Args:
        score: of each answer, (n,), from -1 to 1.
        wrong: 1 where the cheap judge errs, (n,).
        question: the number of each answer's question, (n,).
        target: accuracy wanted among the kept, from 0 to 1.
        confidence: from 0 to 1.

    Returns:
        The threshold; ``ALWAYS``, above every score, where none can be shown to reach the target.
    """
    level = single_level(confidence)
    found = ALWAYS
    for start in STARTS:
        for step in range(int(start / _STEP) + 1):
            threshold = round(start - step * _STEP, 4)
            kept = score >= threshold
            if error_bound(wrong[kept], question[kept], level) > 1 - target:
                break
            found = min(found, threshold)
    return found


def single_level(confidence: float) -> float:
    """Return the level of each single test of ``for_accuracy``, whose starts share the error probability."""
    return 1 - (1 - confidence) / len(STARTS)


def for_budget(score: Doubles, question: Integers, budget: float) -> float:
    """Return the highest threshold below which at most the share ``budget`` of new answers is expected to be.

    The expectation is over samples and new answers to a new question. Split conformal prediction (Vovk et al. 2005):
    with one answer a question it is the order statistic of rank ``budget * (n + 1)``. Answers to one question are
    weighed to one together, as for data with a hierarchy (arXiv 2306.06342).

    Args:
        score: of each answer, (n,), from -1 to 1.
        question: the number of each answer's question, (n,).
        budget: from 0 to 1.

    Returns:
        The threshold; ``NEVER`` where the sample is too small for the budget, ``ALWAYS`` where the budget is 1.
    """
    if budget >= 1:
        return ALWAYS
    number = np.unique(question, return_inverse=True)[1]
    questions = int(number.max()) + 1
    weight = 1 / (np.bincount(number)[number] * (questions + 1))
    values, place = np.unique(score, return_inverse=True)
    at = np.bincount(place, weight)
    below = np.cumsum(at) - at
    # The new question's own weight counts as below; the tolerance is for sums of weights that should be whole.
    allowed = values[below + 1 / (questions + 1) <= budget + 1e-12]
    return float(allowed[-1]) if len(allowed) else NEVER
