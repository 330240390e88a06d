"""Rows kept on the disk by a key, so that two files can be joined with neither of them in memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import Any


class DiskMap:
    """Values by key in the order in which they came; in memory are only the keys and where each value lies."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed, and gone, with the block
        self._places: dict[str, list[int]] = {}

    def __enter__(self) -> DiskMap:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, key: str, value: Any) -> None:
        """Keep a value, which is anything that JSON holds, beside others of the same key."""
        place = self._file.seek(0, 2)
        self._file.write(json.dumps(value, default=str).encode() + b"\n")
        self._places.setdefault(key, []).append(place)

    def get(self, key: str) -> list[Any]:
        """Return the values of a key, none where it is not there."""
        found = []
        for place in self._places.get(key, ()):
            self._file.seek(place)
            found.append(json.loads(self._file.readline()))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
