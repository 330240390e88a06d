"""Several people on the same answers: who labels which, where they are divided, and what stands in the end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from hantei.annotation.assignment import assigned
from hantei.annotation.guideline import Guideline
from hantei.annotation.items import Keyed
from hantei.annotation.label import Said, label_of, said_by
from hantei.annotation.store import LabelJournal, SaidLabels
from hantei.arrays import Doubles
from hantei.metrics.agreement.from_labels import LABELS, SCALES
from hantei.metrics.agreement.pairs import group
from hantei.metrics.agreement.ratings import HeadRatings, Ratings
from hantei.records import REFUSALS
from hantei.runs.info import now
from hantei.runs.label_lines import Label


class Panel:
    """The people who label; with ``rulings`` an adjudicator decides where they are divided.

    What stands in the end (``settled``) is what all of them said, or what the adjudicator did; it is a judge's file
    like anybody's, and follows every change.
    """

    heads: tuple[str, ...] = ("unsafe", "action", "refusal", "score")
    """The questions on which agreement is measured."""

    def __init__(
        self,
        items: Keyed,
        people: Mapping[str, SaidLabels],
        guideline: Guideline,
        each: int | None = None,
        rulings: SaidLabels | None = None,
        settled: LabelJournal | None = None,
    ) -> None:
        """Give everybody their answers.

        Args:
            items: the answers.
            people: those who label, by judge.
            guideline: what they are asked.
            each: how many people label an answer; default all.
            rulings: the adjudicator's labels.
            settled: what stands in the end; there where ``rulings`` is.
        """
        self.items, self.people, self.guideline = items, people, guideline
        self.each = min(each or len(people), len(people))
        self._rulings, self._settled = rulings, settled
        self.assigned = assigned(list(items.by_key), list(people), self.each, self._labelled())
        self._divided: dict[str, None] = {}
        for key in items.by_key:
            self.follow(key)

    def _labelled(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, item in self.items.by_key.items():
            found[key] = {judge for judge, one in self.people.items() if one.current(item.response_id)}
        return found

    def labels(self, key: str) -> list[Label]:
        """Return what was said of an answer by those who did not pass it over, in an order that names nobody."""
        response_id = self.items.by_key[key].response_id
        found = (one.current(response_id) for one in self.people.values())
        return sorted((one for one in found if one and one.status == "ok"), key=lambda one: one.label_id)

    def said(self, key: str) -> list[Said]:
        """Return what the people said of an answer, for whoever decides between them."""
        return [said_by(label) for label in self.labels(key)]

    def divided(self) -> list[str]:
        """Return the answers on which people are divided, whether they are decided or not, in order."""
        return [key for key in self.items.by_key if key in self._divided]

    def decided(self) -> int:
        """Return how many of these the adjudicator has decided."""
        return sum(self._ruling(key) is not None for key in self._divided)

    def outcome(self) -> dict[str, int]:
        """Return what else is counted of where the answers stand: of labels nothing."""
        return {}

    def follow(self, key: str) -> None:
        """Take account of a change to what is said of an answer.

        Raises:
            OSError: what stands now could not be written.
        """
        labels = self.labels(key)
        complete = len(labels) >= max(self.each, 2)
        alike = self._alike(labels)
        if complete and not alike:
            self._divided[key] = None
        elif self._ruling(key) is None:
            self._divided.pop(key, None)
        if self._settled is not None:
            ruling = self._ruling(key)
            self._settle(key, [ruling] if ruling else labels if complete and alike else [])

    def _alike(self, labels: Sequence[Label]) -> bool:
        """Whether these labels say the same, as far as it is needed."""
        return len({tuple(getattr(one, name) for name in self._needs()) for one in labels}) < 2

    def _needs(self) -> list[str]:
        names = {"harm": "categories"}
        return [names.get(name, name) for name in self.guideline.needs or self.guideline.asks[:1]]

    def _ruling(self, key: str) -> Label | None:
        found = self._rulings.current(self.items.by_key[key].response_id) if self._rulings else None
        return found if found and found.status == "ok" else None

    def _settle(self, key: str, labels: Sequence[Label]) -> None:
        assert self._settled is not None  # noqa: S101 - its caller looked
        item = self.items.by_key[key]
        before = self._settled.current(item.response_id)
        what = _common(labels)
        if (what is None and before is None) or (before is not None and said_by(before) == (what or Said())):
            return
        known = {
            "response_id": item.response_id,
            "judge": self._settled.judge,
            "card_hash": self.guideline.hash,
            "guideline": self.guideline.name,
            "sampling_p": item.sampling_p,
            "created": now(),
            "label_id": secrets.token_hex(16),
        }
        line = label_of(what, **known) if what else Label(**known, status="abstained", reason="taken back")  # type: ignore[arg-type]
        self._settled.put(line, before.label_id if before else None)

    def agreement(self) -> list[dict[str, Any]]:
        """Return Krippendorff's alpha of the people on each question, with its interval, as of now."""
        ratings = self._ratings()
        told: list[dict[str, Any]] = []
        for head in ratings.heads:
            found = group(ratings, head, range(len(ratings.judges)))
            alphas = [one for one in found.measures if one.name.startswith("alpha")]
            told += [{"head": head, "n": found.n, "measure": one.name, "estimate": one.estimate} for one in alphas[-1:]]
        return told

    def _ratings(self) -> Ratings:
        items = list(self.items.by_key.values())
        heads: dict[str, HeadRatings] = {}
        for head in (name for name in self.heads if name in self.guideline.asks):
            values = np.array(
                [[self._number(one.current(item.response_id), head) for one in self.people.values()] for item in items]
            )
            if not np.isnan(values).all():
                heads[head] = self._head(head, values)
        prompts = np.unique(np.array([item.place.prompt_offset for item in items]), return_inverse=True)[1]
        return Ratings(
            judges=tuple(self.people),
            heads=heads,
            prompt=prompts.astype(np.int64),
            system=np.zeros(len(items), dtype=np.int64),
            systems=("",),
        )

    def _head(self, head: str, values: Doubles) -> HeadRatings:
        return HeadRatings(values, SCALES[head], LABELS.get(head, ()), ("1-5",) * len(self.people))

    def _number(self, label: Label | None, head: str) -> float:
        value = getattr(label, head) if label else None
        if value is None:
            return float("nan")
        return float(REFUSALS.index(value)) if head == "refusal" else float(value)


def _common(labels: Sequence[Label]) -> Said | None:
    """Return what all of these labels say, field by field; None where there are none."""
    if not labels:
        return None
    said = [said_by(label) for label in labels]
    same = {
        name: getattr(said[0], name)
        for name in ("unsafe", "action", "score", "refusal", "harm")
        if len({getattr(one, name) for one in said}) == 1
    }
    return replace(Said(), **same, comment=said[0].comment if len(said) == 1 else None)
