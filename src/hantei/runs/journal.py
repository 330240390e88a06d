"""Files of JSON lines that survive a kill: appended in groups of whole lines, a torn last line left out and cut off."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from hantei.files import write_atomic
from hantei.record_lines import lines

_SYNC_SECONDS = 1.0
"""After a power cut at most this much is lost."""


class Journal:
    """An append-only file of JSON lines. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.torn = _cut_torn_line(path)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._offset = path.stat().st_size
        self._synced = time.monotonic()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        os.fsync(self._file.fileno())
        self._file.close()

    def append(self, group: Sequence[bytes]) -> list[int]:
        """Append whole lines as one group; return the offset of each.

        Raises:
            OSError: the disk is full or gone, and what was written of the group is cut off again; or the file is gone.
        """
        offsets = [self._offset]
        for line in group:
            offsets.append(offsets[-1] + len(line))
        self._write(b"".join(group))
        self._offset = offsets.pop()
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._check_there()
            self._synced = time.monotonic()
        return offsets

    def append_synced(self, group: Sequence[bytes]) -> list[int]:
        """Append whole lines as one group and return the offset of each once they are on the disk.

        Raises:
            OSError: they are not, and nothing of the group is there; or the file is gone.
        """
        start = self._offset
        offsets = self.append(group)
        try:
            os.fsync(self._file.fileno())
            self._check_there()
        except OSError:
            self._file.truncate(start)
            self._offset = start
            raise
        self._synced = time.monotonic()
        return offsets

    def _check_there(self) -> None:
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "it was removed while hantei wrote it", str(self.path))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError as error:
            self._file.truncate(self._offset)
            raise OSError(error.errno, error.strerror, str(self.path)) from None


def _cut_torn_line(path: Path) -> bool:
    """Cut a last line that a kill tore; return whether there was one."""
    if not path.exists():
        return False
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        whole = _last_line_end(file, end)
        if whole == end:
            return False
        file.truncate(whole)
    return True


def _last_line_end(file: BinaryIO, end: int) -> int:
    step = 1 << 16
    for start in range(max(0, end - step), -step, -step):
        file.seek(max(0, start))
        at = file.read(min(step, end - max(0, start))).rfind(b"\n")
        if at >= 0:
            return max(0, start) + at + 1
        end = max(0, start)
    return 0


def in_order(path: Path, offsets: Iterable[int]) -> bool:
    """Whether the lines of a file stand exactly at ``offsets``, in that order, with nothing between."""
    wanted = iter(offsets)
    return all(next(wanted, None) == offset for offset, _ in lines(path)) and next(wanted, None) is None


def reorder(path: Path, offsets: Iterable[int]) -> None:
    """Rewrite a file with just the lines at ``offsets``, in that order, by atomic rename."""
    with path.open("rb") as file:

        def chosen() -> Iterator[bytes]:
            for offset in offsets:
                file.seek(offset)
                yield file.readline()

        write_atomic(path, chosen())
