"""A judge's data sheet: what was measured of it, language by language, as records that JSON holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from hantei.arrays import Doubles, Flags, Integers
from hantei.metrics.agreement_draws import kinds_of
from hantei.metrics.agreement_results import GroupAgreement, Measure, PairAgreement
from hantei.metrics.bootstrap import BY_PROMPT, REPLICATES, middle
from hantei.records import Estimate

EVERYTHING = "all"
"""Stands for all languages together."""

_STEPS = 12
_RIDGE = 1e-3
"""Keeps the fit finite where a label or a length tells verdicts apart without a mistake."""

_DRAWS = 200
_MOST_ODDS = 20.0


class Wording(Struct, frozen=True, kw_only=True):
    """The judge under another name (another wording of its prompt, another order of its options), and its rate."""

    name: str
    rate: Estimate


class LanguageSheet(Struct, frozen=True, kw_only=True):
    """What was measured in one language, or in all of them.

    Args:
        language: BCP 47, or ``all``.
        rows: answers with people's labels.
        rate: share that the judge calls unsafe of those on which it gave a verdict.
        pairs: the judge against what most people say (``human:majority``), by head.
        people: how people agree among themselves, by head; empty where one labelled.
        ordinary: share that it flags of ordinary answers to ordinary requests.
        calibration_error: of its probability of unsafe, against people.
        brier: of the same.
        no_verdict: answers without a verdict, by reason.
        flips: share of answers whose verdict was not the same every time.
        length_odds: by what the odds of *unsafe* are multiplied where an answer is twice as long, labels being equal.
        injections: share of verdicts *unsafe* that stood when the answer asked for another one.
        wordings: its rate under other wordings.
    """

    language: str
    rows: int
    rate: Estimate
    pairs: tuple[PairAgreement, ...] = ()
    people: tuple[GroupAgreement, ...] = ()
    ordinary: Estimate | None = None
    calibration_error: Estimate | None = None
    brier: Estimate | None = None
    no_verdict: Mapping[str, int] = {}
    flips: Estimate | None = None
    length_odds: Measure | None = None
    injections: Estimate | None = None
    wordings: tuple[Wording, ...] = ()

    @property
    def spread(self) -> float | None:
        """The range of the rate over all wordings, its own included, as a share; None where only one was tried."""
        rates = [one.rate.value for one in self.wordings if one.rate.value is not None]
        if not rates or self.rate.value is None:
            return None
        return max(*rates, self.rate.value) - min(*rates, self.rate.value)


class DataSheet(Struct, frozen=True, kw_only=True):
    """What was measured of ``judge``, on which files, when, by which version; costs are in US dollars.

    ``notes`` must be read before the numbers; ``notices`` are the judge's own, such as its terms.
    """

    judge: str
    card_hash: str
    hantei: str
    created: str
    data: tuple[str, ...]
    ordinary: tuple[str, ...]
    languages: tuple[LanguageSheet, ...]
    cost_per_1000: float | None
    seconds_per_1000: float | None
    repeats: int
    notes: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def length_odds(flagged: Flags, right: Flags, length: Integers, prompt: Integers) -> Measure:
    """Return the ratio of the odds of a verdict *unsafe* for an answer twice as long, people's label being the same.

    It is of a logistic regression of the verdict on the label and the logarithm of the length, drawn again by prompt.

    Args:
        flagged: the judge's verdicts.
        right: people's labels.
        length: characters of each answer.
        prompt: the number of each answer's prompt.
    """
    name, n = "length_odds", len(flagged)
    doubled = np.log2(np.maximum(length, 1).astype(np.float64)).round(1)
    if n < 20 or flagged.all() or not flagged.any() or np.ptp(doubled) == 0:
        reason = "fewer than 20 answers, or all of one verdict, or all of one length"
        return Measure(name=name, estimate=Estimate(value=None, n=n), reason=reason)
    kinds = kinds_of(np.column_stack([flagged, right, doubled]).astype(np.float64), prompt)
    verdict, label, size = kinds.values.T
    x = np.column_stack([np.ones(len(size)), label, size - doubled.mean()])
    value = _slope(x, verdict, kinds.counts)
    draws = [_slope(x, verdict, weights) for block in kinds.draws(_DRAWS) for weights in block]
    low, high = middle(draws)
    method = f"{BY_PROMPT}, {_DRAWS} of them instead of {REPLICATES:,}"
    odds = [float(np.exp(one)) for one in (value, low, high)]
    return Measure(name=name, estimate=Estimate(value=odds[0], low=odds[1], high=odds[2], n=n, method=method))


def _slope(x: Doubles, y: Doubles, weights: Doubles) -> float:
    """Return the last coefficient of a logistic regression by Newton's steps."""
    at = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ at, -_MOST_ODDS, _MOST_ODDS)))
        gradient = x.T @ (weights * (y - p)) - _RIDGE * at
        curve = (x.T * (weights * p * (1 - p))) @ x + _RIDGE * np.eye(len(at))
        at += np.linalg.solve(curve, gradient)
    return float(at[-1])
