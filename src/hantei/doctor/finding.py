"""One thing that was looked at."""

from __future__ import annotations

from typing import Literal

import msgspec

FindingState = Literal["ok", "missing", "problem"]
"""``missing`` is what hantei works without, such as an extra; ``problem`` is what keeps it from working."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one thing. ``room`` is its kind, ``cure`` what to do, None where it needs nothing."""

    room: str
    name: str
    state: FindingState
    says: str
    cure: str | None = None
