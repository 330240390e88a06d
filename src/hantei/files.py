"""Files: writing one whole or not at all, its checksum, and where what can be had again is kept."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def cache_root() -> Path:
    """Return where what can be had again is kept: ``HANTEI_CACHE``, else ``hantei`` in the user's cache folder."""
    own = os.environ.get("HANTEI_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hantei"


def write_atomic(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file so that a reader sees the old or the new one, never a part; folders on the way are made.

    Raises:
        IsADirectoryError: ``path`` is a folder.
        OSError: the disk is full or gone; the old file is untouched.
    """
    if not path.name or path.is_dir():  # such as "." and "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        if part.is_file():
            part.unlink()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
