"""How many answers it takes until an interval no longer holds a threshold."""

from __future__ import annotations

from hantei.metrics.intervals import wilson

MOST = 10_000_000
"""Beyond so many nobody asks."""


def answers_to_settle(share: float, threshold: float) -> int | None:
    """Return of how many independent answers Wilson's interval of this share lies on one side of a threshold.

    None where it takes more than ten million, as where the share is the threshold.
    """
    if _holds(share, threshold, MOST):
        return None
    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _holds(share, threshold, middle) else (low, middle)
    return low


def _holds(share: float, threshold: float, n: int) -> bool:
    low, high = wilson(share * n, n)
    return low <= threshold <= high
