"""How the labelling goes, for whoever steers it: each person's progress, live agreement, where people are divided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hantei.annotation.access import Member
from hantei.annotation.desk import Desk
from hantei.annotation.panel import Panel


class Overview:
    """What whoever steers sees; no label of anybody is in it."""

    def __init__(self, panel: Panel, desks: Sequence[tuple[Member, Desk]]) -> None:
        self._panel, self._desks = panel, desks
        self.room = desks[0][1].room if desks else Desk.room

    def told(self) -> dict[str, Any]:
        """Return it as the page shows it, as of now."""
        people = [{"name": member.name, **desk.state()["progress"]} for member, desk in self._desks]
        divided = self._panel.divided()
        return {
            "answers": len(self._panel.items.by_key),
            "each": self._panel.each,
            "guideline": self._panel.guideline.name,
            "people": people,
            "agreement": self._panel.agreement(),
            "divided": len(divided),
            "decided": self._panel.decided(),
            **self._panel.outcome(),
        }
