from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the extra encoder is not installed: torch")

from hantei.training.encoder.fit import share


@pytest.mark.parametrize(("batches", "processes"), [(6, 1), (6, 3), (7, 3), (1, 4), (3, 8)])
def test_every_process_has_as_many_batches_and_none_is_left_out(batches: int, processes: int) -> None:
    drawn = [[number] for number in range(batches)]
    shares = [share(drawn, rank, processes) for rank in range(processes)]
    assert len({len(own) for own in shares}) == 1
    assert {row for own in shares for batch in own for row in batch} == set(range(batches))
    assert sum(map(len, shares)) < batches + processes


def test_one_process_takes_the_batches_as_they_come() -> None:
    assert share([[3], [1], [2]], 0, 1) == [[3], [1], [2]]
