"""Who labels which answer: each by so many people, evenly, and whoever has labelled one keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set


def assigned(
    keys: Sequence[str], judges: Sequence[str], each: int, labelled: Mapping[str, Set[str]]
) -> dict[str, list[str]]:
    """Return the answers of each person, in order.

    An answer goes to those who have labelled it already and, up to ``each``, to those who have the fewest so far; a
    hash decides between equals, so that every two people meet on some.

    Args:
        keys: the answers in order.
        judges: the people.
        each: how many people label an answer.
        labelled: by answer, who has labelled it.
    """
    mine: dict[str, list[str]] = {judge: [] for judge in judges}
    for key in keys:
        done = [judge for judge in judges if judge in labelled.get(key, ())]
        others = sorted(
            (judge for judge in judges if judge not in done), key=lambda one: (len(mine[one]), _lot(key, one))
        )
        for judge in [*done, *others[: max(0, each - len(done))]]:
            mine[judge].append(key)
    return mine


def _lot(key: str, judge: str) -> bytes:
    return hashlib.sha256(f"{key}\0{judge}".encode("utf-8", "surrogatepass")).digest()
