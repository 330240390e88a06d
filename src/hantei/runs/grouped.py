"""Lines appended to a journal a group at a time."""

from __future__ import annotations

from pathlib import Path

from hantei.runs.journal import Journal

_GROUP = 512


class GroupedJournal:
    """Appends lines to a journal a group at a time."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._group: list[bytes] = []
        self.offset = 0

    def add(self, line: bytes) -> None:
        """Append a line with the next group."""
        self._group.append(line)
        self.offset += len(line)
        if len(self._group) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._group:
            self._journal.append(self._group)
            self._group = []

    def __enter__(self) -> GroupedJournal:
        return self

    def __exit__(self, *error: object) -> None:
        with self._journal:
            if error[0] is None:
                self._flush()
