"""What a judge's card or fit lets expect of its own rates (``JudgeInfo.expects``), and what a run does not meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hantei.metrics.definitions import title
from hantei.metrics.summary import overall
from hantei.records import Rate
from hantei.runs.info import JudgeInfo


def unmet_expectations(rates: Iterable[Rate], judges: Mapping[str, JudgeInfo]) -> Iterator[str]:
    """Yield a line for each expectation that a judge surely falls short of: its whole interval lies below it."""
    rates = tuple(rates)
    for judge, entry in judges.items():
        for expected in entry.expects:
            for rate in overall(rates, expected.metric):
                if rate.by["judge"] == judge and rate.high is not None and rate.high < expected.at_least:
                    found = f"{title(rate.metric)} {rate.rate:.1%}, expected at least {expected.at_least:.1%}"
                    yield f"{judge}: {found}: {expected.otherwise}"
