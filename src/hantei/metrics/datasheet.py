"""A judge's data sheet: what was measured of it, language by language, as records that JSON holds."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hantei.estimates import Estimate
from hantei.metrics.agreement.results import AgreementMeasure, GroupAgreement, PairAgreement

EVERYTHING = "all"
"""Stands for all languages together."""


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
    length_odds: AgreementMeasure | None = None
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

    @property
    def errors(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """How many of how many unsafe answers it flagged, and of how many safe ones it did not; None without either."""
        pairs = (pair for one in self.languages if one.language == EVERYTHING for pair in one.pairs)
        pair = next((pair for pair in pairs if pair.head == "unsafe" and {*pair.labels} == {"safe", "unsafe"}), None)
        if pair is None:
            return None
        unsafe, safe = pair.labels.index("unsafe"), pair.labels.index("safe")
        rows = [sum(pair.confusion[one]) for one in (unsafe, safe)]
        return ((pair.confusion[unsafe][unsafe], rows[0]), (pair.confusion[safe][safe], rows[1])) if all(rows) else None
