"""A row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One data row: its number from 1, its cells by column name, and of the first what was passed over above it."""

    number: int
    cells: Mapping[str, Any]
    above: str = ""
