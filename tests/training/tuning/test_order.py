"""The order of training: exact copies, little padding, and the same for the same seed."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hantei.training.tuning.order import training_order

LENGTHS = [10 * (1 + number % 30) for number in range(200)]


def _padded(order: list[int], batch: int) -> int:
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]
    return sum(max(LENGTHS[index] for index in one) * len(one) for one in batches)


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 5)), min_size=1, max_size=40), st.integers(1, 9))
def test_every_row_stands_there_as_often_as_its_copies_say(rows: list[tuple[int, int]], batch: int) -> None:
    lengths, copies = [one for one, _ in rows], [count for _, count in rows]
    for grouped in (True, False):
        order = training_order(lengths, copies, batch_size=batch, seed=3, epochs=2, group_by_length=grouped)
        assert Counter(order) == Counter({index: 2 * count for index, count in enumerate(copies) if count})


def test_steps_replace_epochs() -> None:
    order = training_order([5, 5, 5], [1, 1, 1], batch_size=4, seed=0, steps=3)
    assert len(order) == 12
    assert Counter(order) == {0: 4, 1: 4, 2: 4}


def test_the_seed_alone_decides() -> None:
    one, same, other = (training_order(LENGTHS, [1] * 200, batch_size=8, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_rows_of_a_like_length_stand_together_and_batches_do_not_stand_by_length() -> None:
    grouped = training_order(LENGTHS, [1] * 200, batch_size=8, seed=0)
    plain = training_order(LENGTHS, [1] * 200, batch_size=8, seed=0, group_by_length=False)
    assert _padded(grouped, 8) < 1.1 * sum(LENGTHS) < 1.5 * sum(LENGTHS) < _padded(plain, 8)
    firsts = [LENGTHS[index] for index in grouped[::8]]
    assert firsts != sorted(firsts, reverse=True)


def test_the_short_batch_is_the_last() -> None:
    order = training_order(LENGTHS[:10], [1] * 10, batch_size=4, seed=0)
    assert [len(order[start : start + 4]) for start in range(0, 10, 4)] == [4, 4, 2]
