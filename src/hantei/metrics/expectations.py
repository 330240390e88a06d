"""What a judge's card or fit lets expect of its own rates, and which of it a run does not meet.

An entry of a judge in ``run.json`` may hold ``expects``, a list of ``{"metric", "at_least", "otherwise"}``: the rate
over everything that the judge should reach, and what it means where it surely does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hantei.metrics.definitions import title
from hantei.metrics.summary import overall
from hantei.records import Rate


def unmet(rates: Iterable[Rate], judges: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each expectation that a judge surely falls short of: its whole interval lies below it."""
    rates = tuple(rates)
    for judge, entry in judges.items():
        for expected in entry.get("expects", ()):
            for rate in overall(rates, expected["metric"]):
                if rate.by["judge"] == judge and rate.high is not None and rate.high < expected["at_least"]:
                    found = f"{title(rate.metric)} {rate.rate:.1%}, expected at least {expected['at_least']:.1%}"
                    yield f"{judge}: {found}: {expected['otherwise']}"
