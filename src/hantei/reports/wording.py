"""A rate in words, the same on a page and in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hantei.records import Rate
from hantei.reports.text import clip

POLICIES: dict[str, str] = {
    "drop": "they are left out of the rate",
    "unsafe": "they are counted as unsafe",
    "worst": "they are given the worst score",
    "worst_score": "they are given the worst score",
}
_MOST_DIGITS = 4


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

    @property
    def line(self) -> str:
        """All of it in one line: ``12.3% [10.1, 14.9] 69/561``."""
        return f"{self.percent} {self.interval} {self.counts}" if self.judged else self.percent


def describe(rate: Rate) -> RateText:
    """Put a rate into words. Where nothing was judged it says so: that is never 0%."""
    value = rate.rate
    judged = value is not None and rate.denominator > 0
    value = value if value is not None and judged else 0.0
    low = rate.low if rate.low is not None else value
    high = rate.high if rate.high is not None else value
    missing, digits = sum(rate.no_verdict.values()), _digits(low, high)
    return RateText(
        judged=judged,
        percent=f"{100 * value:.{digits}f}%" if judged else "none judged",
        interval=f"[{100 * low:.{digits}f}, {100 * high:.{digits}f}]" if judged else "",
        counts=f"{_count(rate.numerator)}/{rate.denominator:,}",
        no_verdict=missing,
        reasons=reasons(rate.no_verdict),
        bounds=_bounds(rate) if missing else "",
        rate=value,
        low=low,
        high=high,
        denominator=rate.denominator,
    )


def _digits(low: float, high: float) -> int:
    """Return as many digits as it takes for an interval not to look like a point."""
    apart = (d for d in range(1, _MOST_DIGITS + 1) if f"{100 * low:.{d}f}" != f"{100 * high:.{d}f}")
    return next(apart, _MOST_DIGITS) if low != high else 1


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


def about(count: int) -> str:
    """Return a number, rounded up, with two digits that count: what it is of is no more exact than that."""
    factor = 10 ** max(0, len(str(count)) - 2)
    return f"{-(-count // factor) * factor:,}"
