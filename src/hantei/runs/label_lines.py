"""A person's label: a judgment with what is needed so that none is lost, doubled or taken back without a trace."""

from __future__ import annotations

from typing import Literal

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
