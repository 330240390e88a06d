"""In what judged answers, or what was asked, are unlike the data that a judge was trained or measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DriftMeasure = Literal["length", "language", "unknown words", "topic"]
ENOUGH = 30
"""Answers that a system needs in a language before it is compared or compared with."""


@dataclass(frozen=True, slots=True)
class Drift:
    """In what a system's answers are unlike the training data, as ``run.json`` keeps it.

    The numbers are those of ``judges.profile.Compared``; ``text`` is a sentence for people, with the system's name
    as it came.
    """

    system: str
    measure: DriftMeasure
    language: str | None
    value: float
    usual_low: float
    usual_high: float
    text: str
