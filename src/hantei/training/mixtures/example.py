"""One training example: a conversation that ends with the assistant's answer, and where it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from hantei.records import Message


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row that is trained on; ``id`` is ``source/row``. The last of ``messages`` is the assistant's."""

    id: str
    source: str
    messages: tuple[Message, ...]
    language: str | None = None

    @property
    def questions(self) -> tuple[str, ...]:
        """What the user says, turn by turn."""
        return tuple(turn.content for turn in self.messages if turn.role == "user")


class TrainingPair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A preference: a conversation that ends with the user's turn, the better answer and the worse one."""

    id: str
    source: str
    messages: tuple[Message, ...]
    chosen: str
    rejected: str
    language: str | None = None

    @property
    def questions(self) -> tuple[str, ...]:
        """What the user says, turn by turn."""
        return tuple(turn.content for turn in self.messages if turn.role == "user")


def content_hash(rows: Iterable[Example | TrainingPair]) -> str:
    """Return one hash of what rows say, in their order."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(msgspec.json.encode(row) + b"\n")
    return whole.hexdigest()
