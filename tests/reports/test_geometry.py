from __future__ import annotations

import pytest

from hantei.records import Rate
from hantei.reports.geometry import Bar, axis_end, bar, level, stack
from hantei.reports.wording import RateText, describe


def text(k: int, n: int, low: float = 0.0, high: float = 1.0) -> RateText:
    return describe(Rate(metric="m", numerator=k, denominator=n, rate=k / n if n else None, low=low, high=high))


def test_an_axis_ends_at_the_smallest_round_number_that_holds_every_interval() -> None:
    assert axis_end([text(1, 10, 0.0, 0.19), text(1, 20, 0.0, 0.04)]) == 0.2
    assert axis_end([text(1, 2, 0.1, 0.81)]) == 1.0
    assert axis_end([None, text(0, 0)]) == 0.05


def test_a_bar_stands_where_the_rate_is_on_its_axis() -> None:
    # On an axis to 40%: 5% is an eighth, 10% to 20% lie at a quarter and a half.
    assert bar(text(1, 20, 0.1, 0.2), 0.4) == Bar(left="25.00%", width="25.00%", at="12.50%")


def test_nothing_judged_has_no_bar() -> None:
    assert bar(text(0, 0), 1.0) is None


@pytest.mark.parametrize(
    ("k", "n", "expected"), [(0, 10, 0), (9, 9, None), (0, 0, None), (2, 100, 1), (1, 10, 3), (3, 10, 4), (5, 10, 5)]
)
def test_a_colour_needs_ten_judged_answers(k: int, n: int, expected: int | None) -> None:
    assert level(text(k, n)) == expected


def test_a_stack_puts_the_shares_end_to_end_and_labels_what_is_wide_enough() -> None:
    pieces = stack([0.5, 0.0, 0.03, 0.47])
    assert [(p.part, p.left, p.width, p.label) for p in pieces] == [
        (0, "0.00%", "50.00%", "0"),
        (2, "50.00%", "3.00%", ""),
        (3, "53.00%", "47.00%", "3"),
    ]
