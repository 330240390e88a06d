"""A second look at what one has labelled: half of the answers with a judge's critique, half without.

Whether a critique helps or sways people is what both halves change, compared; see ``metrics/second_looks.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hantei.annotation.store import LabelJournal
from hantei.runs.label_lines import Arm, Label


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The second labels of one person, a file of their own; ``critiques`` by key, None where none is shown."""

    labels: LabelJournal
    critiques: Mapping[str, str | None]

    def due(self, key: str, first: Label | None) -> bool:
        """Whether an answer that was labelled once is looked at again."""
        return first is not None and first.status == "ok" and key in self.critiques

    def pending(self, key: str, first: Label | None) -> bool:
        """Whether the second look is still to come."""
        return first is not None and self.due(key, first) and self.labels.current(first.response_id) is None

    def arm(self, key: str) -> Arm:
        """Return in which half an answer is."""
        return "hidden" if self.critiques[key] is None else "shown"


def half_shown(keys: Sequence[str], critiques: Mapping[str, str]) -> dict[str, str | None]:
    """Return the critiques of those answers that have one, of every two neighbours one hidden, drawn by a hash.

    Args:
        keys: the answers in order; more of them later change nothing of those before.
        critiques: by key.
    """
    having = [key for key in keys if critiques.get(key)]
    shown: dict[str, str | None] = {}
    for start in range(0, len(having), 2):
        two = having[start : start + 2]
        first = _coin(two[0])
        for number, key in enumerate(two):
            shown[key] = critiques[key] if (number == 0) == first else None
    return shown


def _coin(key: str) -> bool:
    return bool(hashlib.sha256(f"second look\0{key}".encode()).digest()[0] & 1)
