"""A person's label: a judgment with what is needed so that none is lost, doubled or taken back without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hantei.record_lines import read_records
from hantei.records import Judgment

Arm = Literal["shown", "hidden"]
"""Of a second look: whether the judge's critique was shown."""


class Label(Judgment, frozen=True, kw_only=True, omit_defaults=True):
    """A judgment of ``human:NAME``, one line of that person's file.

    ``label_id`` is made by the page at the moment of the click, so that a label that is sent twice is one. ``undoes``
    is the label that this line takes back; its other fields then say again what was said before that. ``guideline`` is
    the name of the card whose hash is ``card_hash``. ``arm`` is set where it was given at a second look. ``latency_s``
    is how long the person looked at it.
    """

    label_id: str = ""
    undoes: str | None = None
    guideline: str = ""
    arm: Arm | None = None

    @property
    def skipped(self) -> bool:
        """Whether the person passed this answer over."""
        return self.reason == "skipped"


UnitVerdict = Literal["right", "wrong", "unclear"]


class LabelledUnit(Struct, frozen=True, kw_only=True):
    """A unit of a critique and what a person says of it."""

    text: str
    verdict: UnitVerdict


class CritiqueLabel(Label, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says of the critique that ``critic`` wrote of an answer: each unit, and ``score`` of the whole.

    These lie in ``labels/critiques``, a file each person, for they are no judgments of answers.
    """

    critic: str = ""
    units: tuple[LabelledUnit, ...] = ()


ReviewDecision = Literal["accept", "reject"]
Transfer = Literal["universal", "region", "none"]
"""Whether the concern of a prompt survives in another culture: everywhere, depending on the region, not at all."""


class Review(Label, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says of a draft of a benchmark, whose id is the ``response_id``.

    ``text``, ``reference`` and ``harm`` are what the person made of these, None where they stay as they are; an empty
    ``reference`` takes it away. ``transfer`` is asked of translations and adaptations. ``seen`` is the SHA-256 (12
    digits) of the draft as it was shown.
    """

    decision: ReviewDecision | None = None
    text: str | None = None
    reference: str | None = None
    harm: str | None = None
    transfer: Transfer | None = None
    seen: str = ""


def critique_labels(run: Path) -> Iterator[CritiqueLabel]:
    """Yield the last word of each person on each critique of a run folder; passed over ones are left out."""
    for path in sorted((run / "labels" / "critiques").glob("*.jsonl")):
        lines: Iterator[Judgment] = read_records(path, CritiqueLabel)
        last = {(line.critic, line.response_id): line for line in lines if isinstance(line, CritiqueLabel)}
        yield from (line for line in last.values() if line.status == "ok")
