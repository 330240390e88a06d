"""What a person says on the page, and the label that it becomes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from hantei.annotation.guideline import Guideline
from hantei.errors import UsageError
from hantei.records import Action, Refusal
from hantei.runs.label_lines import CritiqueLabel, Label, UnitVerdict

SCALE = "1-5"
LabelId = Annotated[str, Meta(pattern=r"^[0-9a-f-]{8,64}$")]
Comment = Annotated[str, Meta(max_length=10_000)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of an answer on the page; None where nothing was said."""

    unsafe: bool | None = None
    action: Action | None = None
    score: Annotated[int, Meta(ge=1, le=5)] | None = None
    refusal: Refusal | None = None
    harm: str | None = None
    comment: Comment | None = None
    units: tuple[UnitVerdict, ...] | None = None
    skip: bool = False

    def check(self, guideline: Guideline) -> None:
        """Look whether a guideline takes this as a label.

        Raises:
            UsageError: something that it needs is not said, or something is said that it does not ask.
        """
        if self.skip:
            return
        missing = [name for name in guideline.needs if getattr(self, name) is None]
        asked = ("unsafe", "action", "score", "refusal", "harm", "units")
        strange = [name for name in asked if getattr(self, name) is not None and name not in guideline.asks]
        if missing or strange:
            raise UsageError(f"expected {', '.join(guideline.needs)}; missing: {missing}, not asked: {strange}")
        if self.harm is not None and self.harm not in {node.id for node in guideline.harms()}:
            raise UsageError(f"harm: no harm type of {guideline.taxonomy}")


def label_of(said: Said, **known: object) -> Label:
    """Return what was said as a label; ``known`` are the fields of ``Label`` that the page does not decide."""
    comment = (said.comment or "").strip() or None
    if said.skip:
        return Label(**known, status="abstained", reason="skipped", comment=comment)  # type: ignore[arg-type]
    return Label(
        **known,  # type: ignore[arg-type]
        unsafe=said.unsafe,
        action=said.action,
        score=None if said.score is None else float(said.score),
        scale=None if said.score is None else SCALE,
        refusal=said.refusal,
        categories=(said.harm,) if said.harm else (),
        comment=comment,
    )


def said_by(label: Label | None) -> Said:
    """Return what a label says, as the page shows it again."""
    if label is None:
        return Said()
    return Said(
        unsafe=label.unsafe,
        action=label.action,
        score=None if label.score is None else int(label.score),
        refusal=label.refusal,
        harm=next(iter(label.categories), None),
        comment=label.comment,
        units=tuple(unit.verdict for unit in label.units) if isinstance(label, CritiqueLabel) and label.units else None,
        skip=label.skipped,
    )
