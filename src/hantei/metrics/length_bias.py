"""Whether a judge is harder on long answers than people are."""

from __future__ import annotations

import numpy as np

from hantei.arrays import Doubles, Flags, Integers
from hantei.estimates import Estimate
from hantei.metrics.agreement.draws import kinds_of
from hantei.metrics.agreement.results import AgreementMeasure
from hantei.metrics.bootstrap import BY_PROMPT, REPLICATES, percentile_interval

_NAME = "length_odds"
_STEPS = 12
_RIDGE = 1e-3
"""Keeps the fit finite where a label or a length tells verdicts apart without a mistake."""

_DRAWS = 200
_MOST_ODDS = 20.0
_WIDEST = 30.0
"""An interval whose ends are further apart than by this factor tells nothing: length nearly gives the verdict away."""


def length_odds(flagged: Flags, right: Flags, length: Integers, prompt: Integers) -> AgreementMeasure:
    """Return the ratio of the odds of a verdict *unsafe* for an answer twice as long, people's label being the same.

    It is of a logistic regression of the verdict on the label and the logarithm of the length, drawn again by prompt.

    Args:
        flagged: the judge's verdicts.
        right: people's labels.
        length: characters of each answer.
        prompt: the number of each answer's prompt.
    """
    n = len(flagged)
    doubled = np.log2(np.maximum(length, 1).astype(np.float64)).round(1)
    if n < 20 or flagged.all() or not flagged.any() or np.ptp(doubled) == 0:
        return _not_measurable(n, "fewer than 20 answers, or all of one verdict, or all of one length")
    kinds = kinds_of(np.column_stack([flagged, right, doubled]).astype(np.float64), prompt)
    verdict, label, size = kinds.values.T
    x = np.column_stack([np.ones(len(size)), label, size - doubled.mean()])
    value = _slope(x, verdict, kinds.counts)
    draws = [_slope(x, verdict, weights) for block in kinds.draws(_DRAWS) for weights in block]
    low, high = percentile_interval(draws)
    method = f"{BY_PROMPT}, {_DRAWS} of them instead of {REPLICATES:,}"
    odds = [float(np.exp(one)) for one in (value, low, high)]
    if not odds[2] < odds[1] * _WIDEST:
        return _not_measurable(
            n, f"anything from {odds[1]:.2g} to {odds[2]:.2g}: label and length nearly give the verdict"
        )
    return AgreementMeasure(name=_NAME, estimate=Estimate(value=odds[0], low=odds[1], high=odds[2], n=n, method=method))


def _not_measurable(n: int, reason: str) -> AgreementMeasure:
    return AgreementMeasure(name=_NAME, estimate=Estimate(value=None, n=n), reason=f"not measurable: {reason}")


def _slope(x: Doubles, y: Doubles, weights: Doubles) -> float:
    """Return the last coefficient of a logistic regression by Newton's steps."""
    at = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ at, -_MOST_ODDS, _MOST_ODDS)))
        gradient = x.T @ (weights * (y - p)) - _RIDGE * at
        curve = (x.T * (weights * p * (1 - p))) @ x + _RIDGE * np.eye(len(at))
        at += np.linalg.solve(curve, gradient)
    return float(at[-1])
