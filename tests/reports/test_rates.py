from __future__ import annotations

from hantei.records import Rate, Summary
from hantei.reports.rates import Rates, describe, reasons


def test_a_rate_reads_as_percent_interval_and_counts() -> None:
    text = describe(Rate(metric="m", numerator=69, denominator=561, rate=69 / 561, low=0.101, high=0.149))
    assert (text.percent, text.interval, text.counts) == ("12.3%", "[10.1, 14.9]", "69/561")


def test_nothing_judged_is_never_zero_percent() -> None:
    text = describe(Rate(metric="m", no_verdict={"abstained": 4}, bound_low=0.0, bound_high=1.0))
    assert not text.judged
    assert (text.percent, text.interval, text.counts) == ("none judged", "", "0/0")
    assert (text.no_verdict, text.reasons, text.bounds) == (4, "4 abstained", "0.0% to 100.0%")


def test_reasons_come_most_frequent_first() -> None:
    assert reasons({"error": 2, "abstained": 1200, "filtered": 0}) == "1,200 abstained, 2 error"


def test_rates_are_found_by_exactly_what_they_are_of() -> None:
    by = {"judge": "j", "system": "s"}
    whole, part = Rate(metric="m", by={"judge": "j"}), Rate(metric="m", by=by)
    rates = Rates(Summary(rates=(whole, part)))
    assert rates.get("m", judge="j") is whole
    assert rates.get("m", system="s", judge="j") is part
    assert rates.get("m", judge="j", language="en") is None
    assert rates.values("j", "system") == ["s"]


def test_only_a_judge_that_may_give_one_has_a_violation_rate() -> None:
    rates = Rates(Summary(rates=(Rate(metric="violation_rate", by={"judge": "j"}),)))
    assert rates.main_metric("j", "violation") == "violation_rate"
    assert rates.main_metric("j", "flagged") == "flagged_rate"
    assert rates.main_metric("unknown", None) == "flagged_rate"
