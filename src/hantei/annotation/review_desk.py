"""Reviewing drafts: one person's desk, and the panel of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hantei.annotation.desk import Desk
from hantei.annotation.guideline import Guideline
from hantei.annotation.panel import Panel
from hantei.annotation.review import (
    DraftItems,
    NewReview,
    Reviewed,
    alike,
    check,
    review_of,
    reviewed_by,
    settled,
    version_of,
)
from hantei.annotation.store import LabelJournal, SaidLabels
from hantei.arrays import Doubles
from hantei.errors import UsageError
from hantei.metrics.agreement.ratings import HeadRatings
from hantei.runs.info import now
from hantei.runs.label_lines import Label, Review

CHOICES = {"decision": ("reject", "accept"), "transfer": ("universal", "region", "none")}
"""What of a review can be counted, beside the harm."""


def current(journal: SaidLabels, items: DraftItems, key: str) -> Review | None:
    """Return what a person says of a draft as it is now, None where that is nothing or of an earlier version."""
    draft = items.draft(key)
    found = journal.current(draft.id)
    return found if isinstance(found, Review) and found.seen == version_of(draft) else None


class ReviewPanel(Panel):
    """The people who review drafts; where they are divided, whoever decides sees what both say."""

    heads = ("decision", "harm", "transfer")

    def __init__(
        self,
        items: DraftItems,
        people: Mapping[str, SaidLabels],
        guideline: Guideline,
        each: int | None = None,
        rulings: SaidLabels | None = None,
    ) -> None:
        """Give everybody their drafts.

        Args:
            items: the drafts.
            people: those who review, by judge.
            guideline: what they are asked.
            each: how many people review a draft; default all.
            rulings: what whoever decides says.
        """
        self.drafts = items
        self._harms = [node.id for node in items.harms()]
        super().__init__(items, people, guideline, each, rulings)

    def labels(self, key: str) -> list[Label]:
        """Return what was said of a draft by those who did not pass it over, in an order that names nobody."""
        found = (current(one, self.drafts, key) for one in self.people.values())
        return sorted((one for one in found if one and one.status == "ok"), key=lambda one: one.label_id)

    def reviews(self, key: str) -> list[Review]:
        """Return the same as reviews."""
        return [one for one in self.labels(key) if isinstance(one, Review)]

    def said(self, key: str) -> list[Any]:
        """Return what the people said of a draft, for whoever decides between them."""
        return [reviewed_by(one) for one in self.reviews(key)]

    def settled_on(self, key: str) -> Review | None:
        """Return what stands of a draft, None while that is open."""
        ruling = self._ruling(key)
        return settled(self.reviews(key), ruling if isinstance(ruling, Review) else None, max(self.each, 2))

    def _ruling(self, key: str) -> Label | None:
        found = current(self._rulings, self.drafts, key) if self._rulings else None
        return found if found and found.status == "ok" else None

    def _alike(self, labels: Sequence[Label]) -> bool:
        return alike([one for one in labels if isinstance(one, Review)])

    def _head(self, head: str, values: Doubles) -> HeadRatings:
        return HeadRatings(values, "nominal", CHOICES.get(head) or tuple(self._harms))

    def _number(self, label: Label | None, head: str) -> float:
        if not isinstance(label, Review) or label.decision is None:
            return float("nan")
        if head == "harm":
            harm = label.harm or self._harm_of.get(label.response_id)
            return float(self._harms.index(harm)) if harm in self._harms else float("nan")
        value = getattr(label, head)
        return float("nan") if value is None else float(CHOICES[head].index(value))

    @property
    def _harm_of(self) -> dict[str, str | None]:
        return {item.response_id: self.drafts.draft(key).harm for key, item in self.items.by_key.items()}

    def outcome(self) -> dict[str, int]:
        """Return how many drafts are accepted, rejected, and open."""
        found = [self.settled_on(key) for key in self.items.by_key]
        said = [one.decision if one else "open" for one in found]
        return {name: said.count(name) for name in ("accept", "reject", "open")}


class ReviewDesk(Desk):
    """What one person reviews."""

    room = "reviews"
    sends: type[Any] = NewReview

    def __init__(
        self, person: LabelJournal, panel: ReviewPanel, guideline: Guideline, mine: Any, others: Any = None
    ) -> None:
        """Take the drafts of a panel.

        Args:
            person: who reviews.
            panel: of which.
            guideline: what is asked.
            mine: gives the keys of this person's drafts.
            others: gives what the others said of one, to whoever decides.
        """
        super().__init__(person, panel.drafts, guideline, mine, panel.follow, others)
        self.drafts = panel.drafts

    def start(self) -> dict[str, Any]:
        """Return what the page is told once, with all specific harms to choose from."""
        tree = self.drafts.tree
        harms = [
            {"id": node.id, "title": node.title, "group": above.title if (above := tree.node(node.parent)) else None}
            for node in self.drafts.harms()
        ]
        return {**super().start(), "harms": harms}

    def item(self, key: str) -> dict[str, Any]:
        """Return what the page shows of a draft; what it says of texts and harm is how they are to stand."""
        told = super().item(key)
        draft, now_said = self.drafts.draft(key), current(self.person, self.drafts, key)
        standing = {"harm": draft.harm, "text": draft.text, "reference": draft.reference or ""}
        said = msgspec.to_builtins(reviewed_by(now_said))
        told["said"] = {**said, **{name: value for name, value in standing.items() if said[name] is None}}
        return told

    def _done(self, key: str) -> bool:
        return current(self.person, self.drafts, key) is not None

    def said(self, label: Label | None) -> Reviewed:
        """Return what a line says, as the page shows it again."""
        return reviewed_by(label if isinstance(label, Review) else None)

    def label(self, new: Any) -> Label:
        """Put a review on the disk.

        Raises:
            UsageError: it is none, of a draft that is not this person's, or of an earlier version of it.
            StaleError: the page showed another review than there is now.
            OSError: it could not be written.
        """
        self._place(new.item, self.mine())
        draft = self.drafts.draft(new.item)
        if new.seen != version_of(draft):
            raise UsageError("the draft has changed since it was shown: reload the page")
        check(new.said, draft, self.drafts.harms(), self.drafts.paired(new.item))
        line = review_of(
            new.said,
            draft,
            judge=self.person.judge,
            card_hash=self.guideline.hash,
            guideline=self.guideline.name,
            created=now(),
            latency_s=new.seconds,
            label_id=new.id,
        )
        line_there = self.person.put(line, new.based_on)
        self._follow(new.item)
        return line_there
