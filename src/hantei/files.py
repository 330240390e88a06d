"""Files: writing one whole or not at all, what to say where that fails, checksums, and where caches are."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile

from hantei.errors import UsageError

AnyPath = str | os.PathLike[str]
"""A path as a text or as an object that is one, such as a ``Path`` or a ``Run``."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What an error says where there is no more space."""

_WHY = {
    errno.EEXIST: "a file is in the way",
    errno.ENOTDIR: "a file is in the way",
    errno.EISDIR: "it is a folder",
    errno.ENOENT: "no folder can be made there",
}


def cache_root() -> Path:
    """Return where what can be had again is kept: ``HANTEI_CACHE``, else ``hantei`` in the user's cache folder."""
    own = os.environ.get("HANTEI_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hantei"


def write_atomic(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file so that a reader sees the old or the new one, never a part; folders on the way are made.

    What is there and is no file, such as ``/dev/stdout`` or a pipe, is written into: nothing takes its place.

    Raises:
        IsADirectoryError: ``path`` is a folder.
        OSError: the disk is full or gone; the old file is untouched.
    """
    if not path.name or path.is_dir():  # such as "." and "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if is_device(path):
        with path.open("wb") as file:
            file.writelines(chunks)
        return
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


def is_device(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder: ``/dev/stdout``, a pipe."""
    return path.exists() and not path.is_file() and not path.is_dir()


def cannot_write(path: Path, error: OSError) -> str:
    """Return what to tell who named a place at which nothing can be written."""
    why = _WHY.get(error.errno or 0, (error.strerror or str(error)).lower())
    what = "free some space" if error.errno in FULL else "name another --out"
    return f"{path}: cannot be written ({why}): {what}"


def check_place(out: Path, folder: bool, pipes: bool) -> None:
    """Look whether a new file, or a ``folder`` with files, can stand at ``out``; folders on the way are made.

    ``pipes`` says that something which is neither will do as well: what is written there is text.

    Raises:
        UsageError: it cannot.
    """
    home = out if folder else out.parent
    try:
        if pipes and is_device(out):
            return
        if is_device(out) or (out.is_dir() and not folder):
            raise UsageError(cannot_write(out, OSError(errno.EISDIR if out.is_dir() else errno.EEXIST, "")))
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise UsageError(cannot_write(out, error)) from None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
