"""SQLite files in which a full disk is what it is everywhere else: an ``OSError`` that names the file."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_MOST_VALUES = 999
"""Values of one statement that every SQLite takes."""
_PRIMARY = 0xFF
"""The part of an extended error code that says what kind of error it is."""


def connect(path: Path, timeout_s: float = 5.0) -> Connection:
    """Open a file, each statement by itself; see ``Connection``."""
    database = Connection(path, isolation_level=None, timeout=timeout_s)
    database.path = path
    return database


def new_tables(path: Path, schema: str) -> Connection:
    """Open a new file, make its tables and begin a transaction; it is closed again where that fails.

    Raises:
        OSError: the disk is full or fails.
    """
    with ExitStack() as on_failure:
        database = connect(path)
        on_failure.callback(database.close)
        database.executescript(schema)
        database.execute("BEGIN")
        on_failure.pop_all()
    return database


class Connection(sqlite3.Connection):
    """A connection whose ``execute`` raises ``OSError`` where the disk is full or fails; ``failed`` says if it did."""

    path: Path
    failed = False

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Execute a statement.

        Raises:
            OSError: the disk is full or fails.
        """
        try:
            return super().execute(*arguments)
        except sqlite3.OperationalError as error:
            raise self._disk_error(error) from None

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        """Execute a statement for each of many rows.

        Raises:
            OSError: the disk is full or fails.
        """
        try:
            return super().executemany(*arguments)
        except sqlite3.OperationalError as error:
            raise self._disk_error(error) from None

    def insert(self, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of one length, many a statement.

        ``executemany`` lets other threads have the interpreter before and after each row, and waits for it again.

        Args:
            into: the statement up to ``VALUES``.
            rows: the rows.
        """
        each = _MOST_VALUES // len(rows[0]) if rows else 1
        for start in range(0, len(rows), each):
            part = rows[start : start + each]
            one = f"({', '.join('?' * len(part[0]))})"
            self.execute(f"{into} VALUES {', '.join([one] * len(part))}", list(chain.from_iterable(part)))

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        """Execute several statements.

        Raises:
            OSError: the disk is full or fails.
        """
        try:
            return super().executescript(script)
        except sqlite3.OperationalError as error:
            raise self._disk_error(error) from None

    def _disk_error(self, error: sqlite3.OperationalError) -> Exception:
        """Return the error as what it is everywhere else, itself where it is none of the disk's."""
        if error.sqlite_errorcode & _PRIMARY not in _FULL:
            return error
        self.failed = True
        number = errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
        return OSError(number, os.strerror(number), str(self.path))


def storable(text: str) -> str:
    """Return text as SQLite can hold it: where it has a lone surrogate, which UTF-8 cannot hold, marked and escaped."""
    if text.isascii():
        return text
    escaped = text.encode("utf-8", "backslashreplace").decode()
    return text if escaped == text else f"\x01{escaped}"


def storable_or_none(text: str | None) -> str | None:
    """Return text as SQLite can hold it, None as it is."""
    return None if text is None else storable(text)
