"""One person at work: the next answer, what the page is told of it, and taking what the person says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hantei.annotation.guideline import Guideline
from hantei.annotation.items import Items, LabelItem, shown
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
    """What one person labels, ``mine`` by key, in order."""

    def __init__(self, person: LabelJournal, items: Items, mine: Sequence[str], guideline: Guideline) -> None:
        self.person, self.items, self.guideline = person, items, guideline
        self.mine = list(mine)
        self._at = {key: number for number, key in enumerate(self.mine)}

    def item(self, key: str) -> dict[str, Any]:
        """Return what the page shows of an item, what this person said of it, and its neighbours.

        Raises:
            UsageError: it is none of this person's.
        """
        at, item = self._place(key), self._known(key)
        current = self.person.current(item.response_id)
        return {
            "item": key,
            "number": at + 1,
            "before": self.mine[at - 1] if at else None,
            "after": self.mine[at + 1] if at + 1 < len(self.mine) else None,
            "label": current.label_id if current else None,
            "said": msgspec.to_builtins(said_by(current)),
            **shown(*self.items.read(item)),
        }

    def next(self, after: str | None) -> str | None:
        """Return the first item behind ``after`` of which nothing is said yet, then one before it; None at the end."""
        start = self._at[after] + 1 if after in self._at else 0
        order = self.mine[start:] + self.mine[:start]
        return next((key for key in order if self.person.current(self.items.by_key[key].response_id) is None), None)

    def label(self, new: NewLabel) -> Label:
        """Put a label on the disk.

        Raises:
            UsageError: it is none that the guideline takes, or of an item that is not this person's.
            StaleError: the page showed another label than there is now.
            OSError: it could not be written.
        """
        self._place(new.item)
        new.said.check(self.guideline)
        item = self._known(new.item)
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
        return self.person.put(label, new.based_on)

    def undo(self, undo: Undo) -> str | None:
        """Take a label back; return the item that it was of.

        Raises:
            StaleError: something else is said of it by now.
            OSError: it could not be written.
        """
        line = self.person.undo(undo.id, undo.of)
        return next((key for key in self.mine if self.items.by_key[key].response_id == line.response_id), None)

    def state(self) -> dict[str, Any]:
        """Return progress and the label that could be taken back."""
        labels = self.person.labels()
        keys = {self.items.by_key[key].response_id for key in self.mine}
        done = sum(label.response_id in keys for label in labels)
        last = self.person.last()
        return {
            "progress": progress(done, len(self.mine), [label.latency_s or 0.0 for label in labels]),
            "last": last.label_id if last else None,
        }

    def _place(self, key: str) -> int:
        if key not in self._at:
            raise UsageError(f"item {key[:40]}: none of those that {self.person.judge} labels")
        return self._at[key]

    def _known(self, key: str) -> LabelItem:
        return self.items.by_key[key]
