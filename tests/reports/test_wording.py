from __future__ import annotations

import pytest

from hantei.records import Rate
from hantei.reports.wording import describe, reasons


def test_a_rate_reads_as_percent_interval_and_counts() -> None:
    text = describe(Rate(metric="m", numerator=69, denominator=561, rate=69 / 561, low=0.101, high=0.149))
    assert (text.percent, text.interval, text.counts) == ("12.3%", "[10.1, 14.9]", "69/561")
    assert text.line == "12.3% [10.1, 14.9] 69/561"


def test_nothing_judged_is_never_zero_percent() -> None:
    text = describe(Rate(metric="m", no_verdict={"abstained": 4}, bound_low=0.0, bound_high=1.0))
    assert not text.judged
    assert (text.percent, text.interval, text.counts) == ("none judged", "", "0/0")
    assert (text.no_verdict, text.reasons, text.bounds) == (4, "4 abstained", "0.0% to 100.0%")
    assert text.line == "none judged"


@pytest.mark.parametrize(
    ("rate", "low", "high", "interval"), [(0.0, 0.0, 0.00038, "[0.00, 0.04]"), (0.5, 0.49, 0.51, "[49.0, 51.0]")]
)
def test_an_interval_has_the_digits_not_to_look_like_a_point(
    rate: float, low: float, high: float, interval: str
) -> None:
    found = describe(Rate(metric="m", numerator=1, denominator=10_000, rate=rate, low=low, high=high))
    assert found.interval == interval


def test_reasons_come_most_frequent_first() -> None:
    assert reasons({"error": 2, "abstained": 1200, "filtered": 0}) == "1,200 abstained, 2 error"
