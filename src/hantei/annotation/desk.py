"""One person at work: the next answer, what the page is told of it, and taking what the person says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hantei.annotation.critiques import WrittenCritiques
from hantei.annotation.guideline import Guideline
from hantei.annotation.items import Keyed, item_key
from hantei.annotation.label import LabelId, Said, Seconds, label_of, said_by
from hantei.annotation.progress import RECENT, progress
from hantei.annotation.second_look import SecondLook
from hantei.annotation.store import LabelJournal, StaleError
from hantei.errors import UsageError
from hantei.runs.info import now
from hantei.runs.label_lines import Label


class NewLabel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends: ``id`` made at the click, ``based_on`` the id of the label that it showed, if any."""

    id: LabelId
    item: str
    said: Said
    based_on: str | None = None
    look: Literal[1, 2] = 1
    seconds: Seconds = 0.0


class Undo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends to take back the label ``of``."""

    id: LabelId
    of: str


class Desk:
    """What one person labels.

    ``mine`` gives the answers by key, in order; ``others`` gives what others said of one, to whoever decides between
    them and to nobody else; ``follow`` is told of each answer of which something else is said now; ``second`` holds
    second looks at what was labelled; where there are ``critiques``, these are what is labelled.
    """

    room = "labels"
    """Which words the page says."""
    sends: type[NewLabel] = NewLabel
    """What the page sends of an item."""

    def __init__(
        self,
        person: LabelJournal,
        items: Keyed,
        guideline: Guideline,
        mine: Callable[[], Sequence[str]],
        follow: Callable[[str], None],
        others: Callable[[str], Sequence[Said]] | None = None,
        second: SecondLook | None = None,
        critiques: WrittenCritiques | None = None,
    ) -> None:
        self.person, self.items, self.guideline = person, items, guideline
        self.mine, self._follow, self._others = mine, follow, others
        self._second, self._critiques = second, critiques

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
        first = self.person.current(item.response_id)
        second = self._second if self._second and self._second.due(key, first) else None
        again = second.labels.current(item.response_id) if second else None
        current = again if second else first
        critique = second.critiques[key] if second else None
        if self._critiques:
            critique = self._critiques.text(item.response_id)
        return {
            "item": key,
            "number": at + 1,
            "before": mine[at - 1] if at else None,
            "after": mine[at + 1] if at + 1 < len(mine) else None,
            "label": current.label_id if current else None,
            "look": 2 if second else 1,
            "critique": critique,
            "units": self._critiques.units(item.response_id) if self._critiques else [],
            "said": msgspec.to_builtins(self.said(current or first)),
            "others": [msgspec.to_builtins(one) for one in self._others(key)] if self._others else [],
            **self.items.shown(item),
        }

    def next(self, after: str | None) -> str | None:
        """Return the first item behind ``after`` that is not done, then one before it; None at the end.

        A second look comes right after the first.
        """
        mine = list(self.mine())
        start = mine.index(after) if after in mine else 0
        if after in mine and not self._looks_again(after):
            start += 1
        order = mine[start:] + mine[:start]
        return next((key for key in order if not self._done(key)), None)

    def _looks_again(self, key: str | None) -> bool:
        if self._second is None or key is None:
            return False
        return self._second.pending(key, self.person.current(self.items.by_key[key].response_id))

    def _done(self, key: str) -> bool:
        return self.person.current(self.items.by_key[key].response_id) is not None and not self._looks_again(key)

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
        if new.look == 2:
            return self._look_again(label, new)
        if self._critiques:
            label = self._critiques.labelled(label, new.said)
        label = self.person.put(label, new.based_on)
        self._follow(new.item)
        return label

    def _look_again(self, label: Label, new: NewLabel) -> Label:
        """Put a second look on the disk.

        Raises:
            StaleError: there is another one, or the first label was taken back.
            OSError: it could not be written.
        """
        first = self.person.current(label.response_id)
        if self._second is None or not self._second.due(new.item, first):
            raise StaleError(first)
        journal = self._second.labels
        return journal.put(replace(label, judge=journal.judge, arm=self._second.arm(new.item)), new.based_on)

    def said(self, label: Label | None) -> Any:
        """Return what a label says, as the page shows it again."""
        return said_by(label)

    def undo(self, undo: Undo) -> str | None:
        """Take a label back; return the item that it was of.

        Raises:
            StaleError: something else is said of it by now.
            OSError: it could not be written.
        """
        second = self._second.labels if self._second and self._second.labels.knows(undo.of) else None
        line = (second or self.person).undo(undo.id, undo.of)
        key = item_key(line.response_id)
        if key not in self.items.by_key:
            return None
        self._follow(key)
        return key

    def state(self) -> dict[str, Any]:
        """Return progress and the label that could be taken back."""
        labels, mine = self.person.labels(), self.mine()
        last = self._last()
        return {
            "progress": progress(
                sum(map(self._done, mine)), len(mine), [label.latency_s or 0.0 for label in labels[-RECENT:]]
            ),
            "last": last.label_id if last else None,
        }

    def _last(self) -> Label | None:
        """Return the label that was given last: where the last first look has a second one, that."""
        last = self.person.last()
        again = self._second.labels.last() if self._second else None
        return again if last and again and again.response_id == last.response_id else last

    def _place(self, key: str, mine: Sequence[str]) -> int:
        if key not in mine:
            raise UsageError(f"item {key[:40]}: none of those that {self.person.judge} labels")
        return mine.index(key)
