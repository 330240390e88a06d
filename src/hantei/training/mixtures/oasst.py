"""OpenAssistant's trees of messages as conversations: from each root the way along the best answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MessageCells = Mapping[str, Any]


def best_conversations(rows: Iterable[MessageCells]) -> Iterator[list[dict[str, str]]]:
    """Yield one conversation for each tree, as role and content: of several replies the one of the best rank.

    A way ends with an assistant's turn; deleted messages and trees without an answer are left out. ``rank`` counts
    from 0, the best; where people gave none, the first reply stands.
    """
    children: dict[str | None, list[MessageCells]] = {}
    for row in rows:
        if not row.get("deleted"):
            children.setdefault(row.get("parent_id"), []).append(row)
    for root in children.get(None, []):
        turns = list(_along(root, children))
        while turns and turns[-1]["role"] != "assistant":
            turns.pop()
        if turns:
            yield turns


def _along(row: MessageCells, children: Mapping[str | None, list[MessageCells]]) -> Iterator[dict[str, str]]:
    here: MessageCells | None = row
    while here is not None:
        role = "assistant" if here["role"] == "assistant" else "user"
        yield {"role": role, "content": str(here["text"])}
        here = min(children.get(here["message_id"], []), key=_rank, default=None)


def _rank(row: MessageCells) -> float:
    rank = row.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")
