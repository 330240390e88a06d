"""The order in which rows are trained on, fixed before the first step: so a training that is resumed repeats nothing.

Rows of a like length stand together, so that little of a batch is padding; which batch comes when is chance.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

_POOL = 50
"""Batches among which rows are sorted by length: enough to save padding, few enough to leave the order to chance."""


def training_order(
    lengths: Sequence[int],
    copies: Sequence[int],
    *,
    batch_size: int,
    seed: int,
    epochs: int = 1,
    steps: int | None = None,
    group_by_length: bool = True,
) -> list[int]:
    """Return indices of rows, batch after batch; every row stands there ``copies`` times in each epoch, exactly.

    Args:
        lengths: tokens of each row.
        copies: how often each row stands in an epoch.
        batch_size: rows of a step.
        seed: decides the order.
        epochs: how often the whole is repeated.
        steps: so many batches instead, of as many epochs as that takes; the last may be cut.
        group_by_length: whether rows of a like length stand together.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    epoch = [index for index, count in enumerate(copies) for _ in range(count)]
    wanted = len(epoch) * epochs if steps is None else steps * batch_size
    order: list[int] = []
    while epoch and len(order) < wanted:
        rng.shuffle(epoch)
        order += epoch
    del order[wanted:]
    return _grouped(order, lengths, batch_size, rng) if group_by_length else order


def _grouped(order: list[int], lengths: Sequence[int], batch_size: int, rng: random.Random) -> list[int]:
    whole = len(order) - len(order) % batch_size  # a short batch stays the last: every other one is full
    grouped: list[int] = []
    for start in range(0, whole, batch_size * _POOL):
        pool = sorted(order[start : min(start + batch_size * _POOL, whole)], key=lambda index: -lengths[index])
        batches = [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
        rng.shuffle(batches)
        grouped += [index for batch in batches for index in batch]
    return grouped + order[whole:]
