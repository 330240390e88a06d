"""Batches hold every row once, within the budget, with little padding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hantei.judges.encoder.packing import batches

LENGTHS = st.lists(st.integers(1, 600), max_size=60)


@given(LENGTHS, st.integers(1, 4000))
def test_every_row_is_in_one_batch(lengths: list[int], budget: int) -> None:
    assert sorted(row for batch in batches(lengths, budget) for row in batch) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 4000))
def test_a_batch_stays_within_the_budget_unless_it_is_one_row(lengths: list[int], budget: int) -> None:
    for batch in batches(lengths, budget):
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


@given(LENGTHS, st.integers(1, 4000))
def test_no_batch_could_have_taken_the_first_row_of_the_next(lengths: list[int], budget: int) -> None:
    found = list(batches(lengths, budget))
    for batch in found[:-1]:
        assert (len(batch) + 1) * lengths[batch[0]] > budget


def test_rows_come_longest_first_and_equals_in_order() -> None:
    assert list(batches([3, 9, 3, 9, 1], 18)) == [[1, 3], [0, 2, 4]]
