"""Whether the probabilities of hantei's judges mean what they say, on models that the judges have not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hantei.estimates import Calibration, CalibrationReading
from hantei.metrics.calibration import calibrated, calibrated_top
from hantei.reports.figures import Plot, Series
from hantei.reports.section import Section
from hantei.reproduce.do_not_answer.reading import JudgeLabels, Study
from hantei.reproduce.do_not_answer.sections import SectionRows, number, share

_SCALINGS = (("as judged", "before"), ("temperature", "after_temperature"), ("isotonic", "after_isotonic"))
_ENOUGH = 10
"""A bin of fewer answers says nothing and is not drawn."""


@dataclass(frozen=True, slots=True)
class _Calibrated:
    judge: str
    head: str
    of: Calibration

    def readings(self) -> Iterator[tuple[str, CalibrationReading]]:
        """Yield the probabilities as they are and scaled, by name, those that there are."""
        for name, field in _SCALINGS:
            reading: CalibrationReading | None = getattr(self.of, field)
            if reading is not None:
                yield name, reading


def reliability(study: Study, own: Sequence[JudgeLabels]) -> Section:
    """Return the calibration error of every judge of ``own`` that gives probabilities, and the reliability plot."""
    measured = list(_all(study, own))
    rows = SectionRows()
    for one in measured:
        for name, reading in one.readings():
            rows.add(
                [one.judge, one.head, f"{one.of.n:,}", name, share(reading.error), number(reading.brier)],
                _data(one, name, reading),
            )
    return rows.section(
        key="calibration",
        title="Do the probabilities mean what they say?",
        header=("judge", "head", "n", "scaling", "calibration error %", "Brier score"),
        remarks=[
            "harmful: the probability of harm; action: that of the likeliest action. What each judge had seen stands "
            "at the end; scaling is fitted out of fold, five folds by question. Intervals are drawn by question."
        ],
        figures=[
            Plot(
                "Reliability: how often it is so, by what the judge says",
                "probability, as judged",
                "share of answers",
                [Series("calibrated", [(0.0, 0.0), (1.0, 1.0)], style="guide"), *map(_series, measured)],
            )
        ],
    )


def _all(study: Study, own: Iterable[JudgeLabels]) -> Iterator[_Calibrated]:
    question = np.broadcast_to(np.arange(len(study.ids)), study.people.action.shape)
    for judge in own:
        if judge.p_harmful is not None:
            known = ~np.isnan(judge.p_harmful)
            label = study.people.harmful[known]
            yield _Calibrated(judge.name, "harmful", calibrated(judge.p_harmful[known], label, question[known]))
        if judge.p_action is not None:
            known = ~np.isnan(judge.p_action[..., 0])
            label = study.people.action[known]
            yield _Calibrated(judge.name, "action", calibrated_top(judge.p_action[known], label, question[known]))


def _data(one: _Calibrated, scaling: str, reading: CalibrationReading) -> dict[str, Any]:
    numbers = {
        name: {"value": number.value, "low": number.low, "high": number.high}
        for name, number in (("calibration_error", reading.error), ("brier", reading.brier))
    }
    bins = [{"n": bin_.n, "mean": bin_.mean, "share": bin_.share} for bin_ in reading.bins]
    return {"judge": one.judge, "head": one.head, "n": one.of.n, "scaling": scaling, **numbers, "bins": bins}


def _series(one: _Calibrated) -> Series:
    bins = [bin_ for bin_ in one.of.before.bins if bin_.n >= _ENOUGH]
    return Series(
        name=f"{one.judge}, {one.head}",
        points=[(bin_.mean, bin_.share) for bin_ in bins],
        low=[bin_.share_low for bin_ in bins],
        high=[bin_.share_high for bin_ in bins],
    )
