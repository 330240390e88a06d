"""How far a person is, how fast, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

RECENT = 20
"""Labels that the pace is measured on."""


def progress(done: int, total: int, seconds: Sequence[float]) -> dict[str, Any]:
    """Return what the page shows of somebody's progress.

    Args:
        done: answers labelled or passed over.
        total: answers to label.
        seconds: how long each label took, the last one last; their middle is the pace, so that a pause does not count.
    """
    recent = [one for one in seconds if one > 0][-RECENT:]
    pace = median(recent) if recent else None
    return {
        "done": done,
        "total": total,
        "per_hour": round(3600 / pace) if pace else None,
        "seconds_left": round(pace * (total - done)) if pace else None,
    }
