"""A summary's rates: found by what they are of, and put into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hantei.metrics.definitions import shown_in
from hantei.records import Rate, Summary
from hantei.reports.text import clip

POLICIES: dict[str, str] = {
    "drop": "they are left out of the rate",
    "unsafe": "they are counted as unsafe",
    "worst": "they are given the worst score",
    "worst_score": "they are given the worst score",
}


class Rates:
    """The rates of a summary by metric, judge and dimensions."""

    def __init__(self, summary: Summary) -> None:
        self._all = summary.rates
        self._found = {(rate.metric, frozenset(rate.by.items())): rate for rate in summary.rates}

    def get(self, metric: str, **by: str) -> Rate | None:
        """Return the rate of exactly these dimensions, None where the summary has no such row."""
        return self._found.get((metric, frozenset(by.items())))

    def judges(self) -> list[str]:
        """Return the judges in order of appearance, people after all others."""
        judges = _unique(rate.by["judge"] for rate in self._all if "judge" in rate.by)
        return sorted(judges, key=lambda judge: str(judge).startswith("human:"))

    def values(self, judge: str, dimension: str) -> list[str]:
        """Return the values of a dimension that one judge has rates for, in order of appearance."""
        return _unique(
            rate.by[dimension] for rate in self._all if dimension in rate.by and rate.by.get("judge") == judge
        )

    def metrics(self, judge: str) -> list[str]:
        """Return the metrics that one judge has rates for, in the order of a table's columns."""
        present = {rate.metric for rate in self._all if rate.by.get("judge") == judge}
        return [metric.name for metric in shown_in("systems") if metric.name in present]

    def main_metric(self, judge: str, kind: str | None) -> str:
        """Return the judge's rate of unsafe answers: a violation rate only where the judge may give one."""
        return "violation_rate" if kind != "flagged" and "violation_rate" in self.metrics(judge) else "flagged_rate"


@dataclass(frozen=True, slots=True)
class RateText:
    """A rate in words: ``12.3%``, ``[10.1, 14.9]``, ``69/561``; ``judged`` is False where the denominator is 0."""

    judged: bool
    percent: str
    interval: str
    counts: str
    no_verdict: int
    reasons: str
    bounds: str
    rate: float
    low: float
    high: float
    denominator: int


def describe(rate: Rate) -> RateText:
    """Put a rate into words. Where nothing was judged it says so: that is never 0%."""
    value = rate.rate
    judged = value is not None and rate.denominator > 0
    value = value if value is not None and judged else 0.0
    low = rate.low if rate.low is not None else value
    high = rate.high if rate.high is not None else value
    missing = sum(rate.no_verdict.values())
    return RateText(
        judged=judged,
        percent=f"{100 * value:.1f}%" if judged else "none judged",
        interval=f"[{100 * low:.1f}, {100 * high:.1f}]" if judged else "",
        counts=f"{_count(rate.numerator)}/{rate.denominator:,}",
        no_verdict=missing,
        reasons=reasons(rate.no_verdict),
        bounds=_bounds(rate) if missing else "",
        rate=value,
        low=low,
        high=high,
        denominator=rate.denominator,
    )


def reasons(no_verdict: Mapping[str, int]) -> str:
    """Return why rows have no verdict, most frequent first: ``12 abstained, 3 unparsed``."""
    ordered = sorted(no_verdict.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {clip(reason, 60)}" for reason, count in ordered if count)


def _bounds(rate: Rate) -> str:
    if rate.bound_low is None or rate.bound_high is None:
        return ""
    return f"{100 * rate.bound_low:.1f}% to {100 * rate.bound_high:.1f}%"


def _count(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.1f}"


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
