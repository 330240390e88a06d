"""Replies that runs share, so that the same call is never paid twice: one SQLite file in a folder of the user's."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import msgspec

from hantei.database import connect
from hantei.errors import RunError
from hantei.models.base import Model, Reply, Request

_TRIES, _PAUSE_S = 300, 0.1


def call_key(model: Model, request: Request, sample: int, card_hash: str | None = None) -> bytes:
    """Return the SHA-256 of everything that could change a reply.

    That is the model's full name (revision, base URL and settings are in it), its server, the messages, the sampling,
    the reply's format, the number of the sample (or of the attempt), and for a judge its card and templates.

    Args:
        model: who is asked.
        request: what is asked.
        sample: the number of the sample, or of the attempt.
        card_hash: of the judge that asks; None where an answer is asked for.
    """
    asked = msgspec.to_builtins(request)
    parts = {"model": model.name, "server": model.server, "sample": sample, "card": card_hash, **asked}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


class ReplyCache:
    """Replies by key. Failures and filtered replies are never kept: another day they may be answers.

    Raises:
        RunError: the folder cannot be written, or holds something else under the cache's name.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "replies.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as on_failure:
                self._db = connect(path, timeout_s=30)
                on_failure.callback(self._db.close)
                _share(self._db)
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT) WITHOUT ROWID")
                on_failure.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise RunError(f"--cache {folder}: expected a folder that can be written: {error}") from None

    def get(self, key: bytes) -> Reply | None:
        """Return the reply of a call that was made before."""
        found = self._db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        data = json.loads(found[0])
        data["logprobs"] = tuple(data["logprobs"])
        return Reply(**data)

    def put(self, key: bytes, reply: Reply) -> None:
        """Keep a reply, unless it was filtered."""
        if reply.status != "filtered":
            row = (key, json.dumps(asdict(reply)))
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", row)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _share(database: sqlite3.Connection) -> None:
    """Let other processes read while one writes. SQLite does not wait for the others to do so, so this does.

    Raises:
        sqlite3.OperationalError: the file cannot be used, for another reason than that others are at work on it.
        RunError: others were at work on it for as long as this waits.
    """
    for _ in range(_TRIES):
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
    raise RunError("the cache is locked by another program")
