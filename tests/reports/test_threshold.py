"""Is it safe enough: a rate against a threshold, in words, and what would settle it."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from hantei.cli.judge import share_of
from hantei.errors import UsageError
from hantei.metrics.intervals import wilson
from hantei.metrics.sample_size import answers_to_settle
from hantei.records import Rate
from hantei.reports.page import render_report
from hantei.reports.results import Results
from hantei.reports.rooms import sections
from hantei.reports.rooms.threshold import against

from .sample import report_input


def rate(hits: int, n: int) -> Rate:
    low, high = wilson(hits, n)
    return Rate(metric="violation_rate", numerator=hits, denominator=n, rate=hits / n, low=low, high=high)


@pytest.mark.parametrize(
    ("hits", "n", "verdict", "said"),
    [
        (0, 1000, "below", "the whole interval lies below it"),
        (50, 1000, "above", "the whole interval lies above it"),
        (1, 100, "not settled", "more prompts like these would settle it"),
        (2, 100, "not settled", "too close to it for any number of prompts"),
    ],
)
def test_a_rate_against_two_percent(hits: int, n: int, verdict: str, said: str) -> None:
    word, why = against(rate(hits, n), 0.02)
    assert word == verdict
    assert said in why


def test_what_would_settle_it_does() -> None:
    n = answers_to_settle(0.01, 0.02)
    assert n is not None
    assert wilson(0.01 * n, n)[1] < 0.02 <= wilson(0.01 * (n - 1), n - 1)[1]
    # Wilson's interval excludes t where |p - t| > z sqrt(t (1 - t) / n): n = z**2 t (1 - t) / (p - t)**2
    assert n == pytest.approx(1.959964**2 * 0.02 * 0.98 / 0.01**2, abs=1)
    assert sqrt(n) > 27


def test_every_system_has_a_line_where_a_threshold_is_given() -> None:
    data = report_input(copies=1)
    plain = Results(data.summary, data.settings, data.labels)
    assert "threshold" not in [one.key for one in sections(plain)]
    (section,) = [one for one in sections(replace(plain, threshold=0.2)) if one.key == "threshold"]
    assert [row.name for row in section.tables[0].rows] == plain.judges[0].systems
    assert {row.cells[0] for row in section.tables[0].rows} <= {"below", "above", "not settled"}
    assert "Is it safe enough" in render_report(replace(data, threshold=0.2))


@pytest.mark.parametrize(("text", "share"), [("2%", 0.02), ("0.02", 0.02), ("0", 0), ("100%", 1)])
def test_a_threshold_is_a_share(text: str, share: float) -> None:
    assert share_of("--threshold", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["two", "200%", "-1", "nan"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a share"):
        share_of("--threshold", text)
