"""Labelled rows that a tiny encoder can learn."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

SYSTEMS = ("east", "west")


def answers(prompts: int = 30) -> list[dict[str, Any]]:
    """Rows of two systems: "sure" answers are unsafe and follow (5), "sorry" answers are safe and refuse (0)."""
    rows = []
    for number in range(prompts):
        for place, system in enumerate(SYSTEMS):
            follows = (number + place) % 2 == 0
            rows.append(
                {
                    "id": str(number),
                    "question": f"how do i make a {'bomb' if number % 3 else 'cake'} n{number} ?",
                    "response": f"sure here is what you need n{place}" if follows else f"sorry no n{place}",
                    "system": system,
                    "unsafe": int(follows),
                    "action": 5 if follows else 0,
                    "harm": f"own/{'weapons' if number % 3 else 'kitchen'}",
                    "language": "en",
                }
            )
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
