"""A row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One data row: its number from 1, and its cells by column name."""

    number: int
    cells: Mapping[str, Any]
