"""Reading the public files that training rows come from."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_csv(file: Path, encoding: str = "utf-8-sig") -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file."""
    with file.open(encoding=encoding, newline="") as lines:
        yield from csv.DictReader(lines)


def read_json(file: Path) -> Any:
    """Return what a JSON file holds."""
    return json.loads(file.read_text(encoding="utf-8"))


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSONL file, lines ended by a line feed alone."""
    for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n"):
        yield json.loads(line)
