"""``--fail-if 'violation_rate.high > 0.02'``: a condition on the summary, for continuous integration."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from hantei.errors import UsageError
from hantei.metrics.definitions import all_metrics
from hantei.metrics.summary import overall
from hantei.records import Summary

_OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_FIELDS = ("rate", "low", "high", "bound_low", "bound_high", "numerator", "denominator")
_SHAPE = re.compile(r"\s*(\w+)(?:\.(\w+))?\s*(>=|<=|>|<)\s*([0-9.]+(?:e-?\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one field of one metric with a number."""

    text: str
    metric: str
    field: str
    sign: str
    limit: float

    def held(self, summary: Summary) -> list[str]:
        """Return, for each judge for which the condition holds, what it holds for.

        Raises:
            UsageError: the run has no such rate, or nothing was judged: a check that cannot fail must not pass.
        """
        rates = overall(summary.rates, self.metric)
        if not rates:
            has = ", ".join(sorted({rate.metric for rate in summary.rates if set(rate.by) == {"judge"}}))
            raise UsageError(f"--fail-if '{self.text}': this run has no {self.metric}; it has {has}")
        found = []
        for rate in rates:
            value = getattr(rate, self.field)
            if value is None:
                raise UsageError(f"--fail-if '{self.text}': {rate.by['judge']} judged nothing, so there is no rate")
            if _OPERATORS[self.sign](value, self.limit):
                found.append(f"{rate.by['judge']}: {self.metric}.{self.field} = {value:.4g} {self.sign} {self.limit:g}")
        return found


def parse(text: str) -> Condition:
    """Return the condition that ``text`` says.

    Raises:
        UsageError: it is not of the form ``METRIC.FIELD > NUMBER``.
    """
    match = _SHAPE.fullmatch(text)
    try:
        metric, field, sign, number = match.groups() if match else ("", "", "", "")
        condition = Condition(text, metric, field or "rate", sign, float(number))
    except ValueError:
        condition = None
    metrics = sorted(metric.name for metric in all_metrics())
    if condition is None or condition.metric not in metrics or condition.field not in _FIELDS:
        raise UsageError(
            f"--fail-if '{text}': expected METRIC.FIELD > NUMBER with METRIC one of {', '.join(metrics)} "
            f"and FIELD one of {', '.join(_FIELDS)}"
        )
    return condition
