"""The made-up run with people's labels, a cascade and answers unlike the judge's training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from msgspec.structs import replace as changed

from hantei.estimates import AgainstPerson, ClassAgreement, Estimate, UnsafeAgreement
from hantei.metrics.calibration import calibrated
from hantei.reports.data import ReportInput

from .sample import SYSTEMS, rate, report_input

CURVE = [
    {
        "calls": calls / 10,
        "accuracy": 0.86 + 0.05 * calls / 10,
        "macro_f1": 0.8 + 0.09 * calls / 10,
        "kept_error": 0.14 * (1 - calls / 10) if calls < 10 else None,
        "kept_error_bound": 0.16 * (1 - calls / 10) if calls < 10 else None,
    }
    for calls in range(11)
]
CASCADE: Mapping[str, Any] = {
    "cheap": "builtin",
    "expensive": "rubric@openai/gpt-4o",
    "head": "action",
    "rule": "confidence",
    "threshold": 0.8123,
    "guarantee": "With 95% confidence at most 5% of the answers that the cheap judge keeps are judged wrongly.",
    "curve": CURVE,
    "operating": {"threshold": 0.8123, **CURVE[3]},
}
DRIFT: list[Mapping[str, Any]] = [
    {
        "system": list(SYSTEMS)[2],
        "measure": "length",
        "language": "en",
        "value": 914.2,
        "usual_low": 120.0,
        "usual_high": 610.0,
        "text": "longer",
    },
    {
        "system": list(SYSTEMS)[2],
        "measure": "unknown words",
        "language": None,
        "value": 0.123,
        "usual_low": 0.0,
        "usual_high": 0.041,
        "text": "unknown",
    },
]


def against(judge: str = "builtin", person: str = "human:given", in_training: int = 12) -> AgainstPerson:
    """Return an entry of ``Summary.calibration``: a judge that is too sure of itself, on 600 answers to 300 prompts."""
    rng = np.random.default_rng(4)
    odds = rng.normal(-1, 1.5, 600)
    label = (rng.random(600) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    found = calibrated(1 / (1 + np.exp(-2.5 * odds)), label, np.arange(600) // 2)
    number = Estimate(value=526 / 600, low=0.85, high=0.9, n=600)
    return AgainstPerson(
        judge=judge,
        against=person,
        n=600,
        no_verdict=7,
        in_training=in_training,
        unsafe=UnsafeAgreement(base_rate=number, accuracy=number, precision=None, recall=number, f1=number),
        p_unsafe=found,
        action=ClassAgreement(n=600, accuracy=number, macro_f1=number, calibration=found),
    )


def people_input(**changes: Any) -> ReportInput:
    """Return the report's input of ``sample`` with all of it."""
    data = report_input(copies=1)
    card = {**data.settings["judges"]["builtin"], "cascade": CASCADE, "drift": DRIFT}
    saved = rate("calls_saved_rate", 70, 100, {"judge": "builtin"})
    summary = changed(data.summary, rates=(*data.summary.rates, saved), calibration=(against(),))
    return replace(data, settings={**data.settings, "judges": {"builtin": card}}, summary=summary, **changes)
