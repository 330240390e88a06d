"""Holding a run folder, so that one process at a time writes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hantei.errors import RunError
from hantei.files import FULL, cannot_write


def resolved(path: Path) -> Path:
    """Return the one true path of a folder, which need not exist yet.

    Raises:
        RunError: a symbolic link leads back to itself.
    """
    try:
        found = path.resolve()
    except (OSError, RuntimeError):
        found = None
    if found is None or os.path.islink(found):  # from Python 3.13 on a loop is returned; Path raises for a long name
        raise RunError(f"{path}: expected a folder, found a symbolic link that leads back to itself")
    return found


def hidden_sibling(path: Path, kind: str) -> Path:
    """Return the hidden file ``.NAME.KIND`` next to what a path resolves to: the same one for all of its names.

    Raises:
        RunError: a symbolic link leads back to itself.
    """
    target = resolved(path)
    return target.parent / f".{target.name}.{kind}"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the folder that a path resolves to, which need not exist yet, for writing.

    The lock is the kernel's, on a file beside the folder, so that it also covers the folder's making, and it goes with
    the process, however that ends.

    Raises:
        RunError: another process holds it, or nothing may be written there.
        OSError: the disk is full.
    """
    file = hidden_sibling(path, "lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = _held(file, path)
    except OSError as error:
        if error.errno in FULL:
            raise
        if not os.path.isfile(path / "run.json"):  # Path's raises for a long name
            raise RunError(cannot_write(path, error)) from None
        why = f"nothing may be written in {file.parent} ({error.strerror})"
        raise RunError(f"{path}: {why}: a run that can only be read is reported or exported with --out") from None
    with lock:
        try:
            yield
        finally:
            with suppress(PermissionError):  # Windows removes no file that is open; the lock goes with the process
                file.unlink(missing_ok=True)


def _held(file: Path, path: Path) -> IO[str]:
    """Return the lock file, open and locked, and still the one that has this name.

    Raises:
        RunError: another process holds it, or the file system keeps no locks.
    """
    from portalocker import AlreadyLocked, LockException, LockFlags
    from portalocker import lock as take

    while True:
        lock = file.open("w")
        try:
            take(lock, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
            if os.fstat(lock.fileno()).st_ino == file.stat().st_ino:
                return lock
        except FileNotFoundError:
            pass  # the one before removed it between our opening and locking it: what we hold is nobody's name
        except AlreadyLocked:
            lock.close()
            raise RunError(f"{path}: another hantei is writing this run; wait for it to end") from None
        except LockException as error:
            lock.close()
            raise RunError(
                f"{path}: the file system keeps no locks ({error}): choose a folder on another one"
            ) from None
        lock.close()
