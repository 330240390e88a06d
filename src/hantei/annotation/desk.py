"""One person at work: the next answer, what the page is told of it, and taking what the person says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hantei.annotation.guideline import Guideline
from hantei.annotation.items import Items, item_key, shown
from hantei.annotation.label import Label, LabelId, Said, Seconds, label_of, said_by
from hantei.annotation.progress import progress
from hantei.annotation.store import LabelJournal
from hantei.errors import UsageError
from hantei.runs.info import now


class NewLabel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends: ``id`` made at the click, ``based_on`` the id of the label that it showed, if any."""

    id: LabelId
    item: str
    said: Said
    based_on: str | None = None
    seconds: Seconds = 0.0


class Undo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends to take back the label ``of``."""

    id: LabelId
    of: str


class Desk:
    """What one person labels.

    ``mine`` gives the answers by key, in order; ``others`` gives what others said of one, to whoever decides between
    them and to nobody else; ``follow`` is told of each answer of which something else is said now.
    """

    def __init__(
        self,
        person: LabelJournal,
        items: Items,
        guideline: Guideline,
        mine: Callable[[], Sequence[str]],
        follow: Callable[[str], None],
        others: Callable[[str], Sequence[Said]] | None = None,
    ) -> None:
        self.person, self.items, self.guideline = person, items, guideline
        self.mine, self._follow, self._others = mine, follow, others

    def start(self) -> dict[str, Any]:
        """Return what the page is told once: the guideline, what it asks, the harm types, where to begin."""
        guideline, mine = self.guideline, self.mine()
        return {
            "guideline": {"name": guideline.name, "hash": guideline.hash, "text": guideline.text},
            "asks": guideline.asks,
            "needs": guideline.needs,
            "harms": [{"id": node.id, "title": node.title} for node in guideline.harms()],
            "decides": self._others is not None,
            "first": mine[0] if mine else None,
            **self.state(),
        }

    def item(self, key: str) -> dict[str, Any]:
        """Return what the page shows of an item, what this person said of it, and its neighbours.

        Raises:
            UsageError: it is none of this person's.
        """
        mine = self.mine()
        at, item = self._place(key, mine), self.items.by_key[key]
        current = self.person.current(item.response_id)
        return {
            "item": key,
            "number": at + 1,
            "before": mine[at - 1] if at else None,
            "after": mine[at + 1] if at + 1 < len(mine) else None,
            "label": current.label_id if current else None,
            "said": msgspec.to_builtins(said_by(current)),
            "others": [msgspec.to_builtins(one) for one in self._others(key)] if self._others else [],
            **shown(*self.items.read(item)),
        }

    def next(self, after: str | None) -> str | None:
        """Return the first item behind ``after`` of which nothing is said yet, then one before it; None at the end."""
        mine = list(self.mine())
        start = mine.index(after) + 1 if after in mine else 0
        order = mine[start:] + mine[:start]
        return next((key for key in order if self.person.current(self.items.by_key[key].response_id) is None), None)

    def label(self, new: NewLabel) -> Label:
        """Put a label on the disk.

        Raises:
            UsageError: it is none that the guideline takes, or of an item that is not this person's.
            StaleError: the page showed another label than there is now.
            OSError: it could not be written.
        """
        self._place(new.item, self.mine())
        new.said.check(self.guideline)
        item = self.items.by_key[new.item]
        label = label_of(
            new.said,
            response_id=item.response_id,
            judge=self.person.judge,
            card_hash=self.guideline.hash,
            guideline=self.guideline.name,
            sampling_p=item.sampling_p,
            created=now(),
            latency_s=new.seconds,
            label_id=new.id,
        )
        label = self.person.put(label, new.based_on)
        self._follow(new.item)
        return label

    def undo(self, undo: Undo) -> str | None:
        """Take a label back; return the item that it was of.

        Raises:
            StaleError: something else is said of it by now.
            OSError: it could not be written.
        """
        line = self.person.undo(undo.id, undo.of)
        key = item_key(line.response_id)
        if key not in self.items.by_key:
            return None
        self._follow(key)
        return key

    def state(self) -> dict[str, Any]:
        """Return progress and the label that could be taken back."""
        labels, mine = self.person.labels(), self.mine()
        keys = {self.items.by_key[key].response_id for key in mine}
        done = sum(label.response_id in keys for label in labels)
        last = self.person.last()
        return {
            "progress": progress(done, len(mine), [label.latency_s or 0.0 for label in labels]),
            "last": last.label_id if last else None,
        }

    def _place(self, key: str, mine: Sequence[str]) -> int:
        if key not in mine:
            raise UsageError(f"item {key[:40]}: none of those that {self.person.judge} labels")
        return mine.index(key)
