from __future__ import annotations

import pytest

from hantei.records import Rate
from hantei.reports.geometry import Bar, bar, heat_level, rate_ticks, stack
from hantei.reports.wording import RateText, describe


def text(k: int, n: int, low: float = 0.0, high: float = 1.0) -> RateText:
    return describe(Rate(metric="m", numerator=k, denominator=n, rate=k / n if n else None, low=low, high=high))


def test_a_bar_stands_where_the_rate_is_on_the_axis_of_all_rates() -> None:
    # Roots: 1% stands at a tenth, 25% at half of the axis, 4% at a fifth.
    assert bar(text(4, 100, 0.01, 0.25)) == Bar(left="10.00%", width="40.00%", at="20.00%")
    assert rate_ticks()[2:4] == [("31.62%", "10%"), ("50.00%", "25%")]


def test_nothing_judged_has_no_bar() -> None:
    assert bar(text(0, 0)) is None


@pytest.mark.parametrize(
    ("k", "n", "expected"), [(0, 10, 0), (9, 9, None), (0, 0, None), (2, 100, 1), (1, 10, 3), (3, 10, 4), (5, 10, 5)]
)
def test_a_colour_needs_ten_judged_answers(k: int, n: int, expected: int | None) -> None:
    assert heat_level(text(k, n)) == expected


def test_a_stack_puts_the_shares_end_to_end_and_labels_what_is_wide_enough() -> None:
    pieces = stack([0.5, 0.0, 0.03, 0.47])
    assert [(p.part, p.left, p.width, p.label) for p in pieces] == [
        (0, "0.00%", "50.00%", "0"),
        (2, "50.00%", "3.00%", ""),
        (3, "53.00%", "47.00%", "3"),
    ]
