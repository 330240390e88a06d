"""A rate from a judge's flagged share and what is known of its errors elsewhere: Rogan and Gladen's estimate.

It takes for granted that the judge errs on these answers as often as where it was measured. Nothing in the data says
whether that is so: labels of some of these answers do (``metrics/estimation.py``).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from hantei.estimates import Estimate
from hantei.metrics.intervals import CONFIDENCE

NOT_IDENTIFIABLE = "not identifiable: sensitivity and specificity sum to 1 or less"
TOO_FEW = (
    "contradicted: fewer answers are flagged here than false flags alone would be, so the judge errs otherwise here"
)
TOO_MANY = "contradicted: more answers are flagged here than were the unsafe ones, so the judge errs otherwise here"
METHOD = "Rogan and Gladen, interval by Lang and Reiczigel"


def rogan_gladen(
    flagged: tuple[float, float], sensitivity: tuple[float, float], specificity: tuple[float, float]
) -> Estimate:
    """Return the share unsafe with its interval (Lang and Reiczigel 2014, doi:10.1016/j.prevetmed.2013.09.015).

    Each argument is hits and trials: answers flagged of all; unsafe answers flagged of the unsafe ones that the judge
    was measured on; safe answers not flagged of the safe ones. Without a value where the judge finds no more among
    unsafe answers than among safe ones (then every rate is as likely), and where the whole interval lies outside of 0
    to 1 (then the judge does not err here as it was measured).

    Raises:
        ValueError: hits are not from 0 to the trials, or there are no trials.
    """
    for hits, trials in (flagged, sensitivity, specificity):
        if not trials > 0 or not 0 <= hits <= trials:
            raise ValueError(f"expected hits from 0 to the trials, and trials above 0, got {hits:g}/{trials:g}")
    (k, n), (found, unsafe), (passed, safe) = flagged, sensitivity, specificity
    power = found / unsafe + passed / safe - 1
    if power <= 0:
        return Estimate(value=None, low=0.0, high=1.0, n=n, method=NOT_IDENTIFIABLE)
    low, high = _limits((k, n), (found + 1, unsafe + 2), (passed + 1, safe + 2))
    if high < 0 or low > 1:
        return Estimate(value=None, low=0.0, high=1.0, n=n, method=TOO_FEW if high < 0 else TOO_MANY)
    value = _within((k / n + passed / safe - 1) / power)
    return Estimate(value=value, low=min(_within(low), value), high=max(_within(high), value), n=n, method=METHOD)


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _limits(
    flagged: tuple[float, float], sensitivity: tuple[float, float], specificity: tuple[float, float]
) -> tuple[float, float]:
    """Return the limits, which may lie outside of 0 to 1; a hit and a miss were added to both measured shares."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    n = flagged[1] + z * z
    p, se, sp = (flagged[0] + z * z / 2) / n, sensitivity[0] / sensitivity[1], specificity[0] / specificity[1]
    power = se + sp - 1
    if power <= 0:
        return 0.0, 1.0
    rate = (p + sp - 1) / power
    of_se, of_sp = se * (1 - se) / sensitivity[1], sp * (1 - sp) / specificity[1]
    shift = 2 * z * z * (rate * of_se - (1 - rate) * of_sp)
    half = z * math.sqrt(p * (1 - p) / n + rate**2 * of_se + (1 - rate) ** 2 * of_sp) / power
    return rate + shift - half, rate + shift + half
