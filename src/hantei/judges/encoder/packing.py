"""Batches of rows of like length: little padding, and no batch larger than what memory and cache hold well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Yield the numbers of rows in batches, longest rows first.

    A batch padded to its longest row has at most ``token_budget`` tokens; a row longer than that goes alone. Rows of
    equal length keep their order. Longest first, memory runs out at once or not at all.
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > token_budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
