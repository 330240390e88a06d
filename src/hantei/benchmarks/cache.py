"""The user's own copies of benchmarks: where they are, what their checksums were, and whether they still hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hantei.benchmarks.card import BenchmarkCard
from hantei.errors import FetchError
from hantei.files import cache_root, sha256, write_atomic

_LOCK = "files.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """One file of a benchmark on this machine. ``path`` is absolute, or relative to the benchmark's folder."""

    split: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What was fetched, from which revision, when, and what the check said of it."""

    revision: str | None
    fetched: str
    files: tuple[LocalFile, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def cache_folder(name: str, cache: Path | None = None) -> Path:
    """Return the folder of a benchmark: below ``cache``, else below ``cache_root``."""
    return (cache or cache_root()) / "benchmarks" / name


def read_lock(folder: Path) -> Lock | None:
    """Return what is recorded of a benchmark, None where nothing is.

    Raises:
        FetchError: the record was damaged.
    """
    path = folder / _LOCK
    if not path.exists():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(LocalFile(**item) for item in data.pop("files"))
        data = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return Lock(files=files, **data)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FetchError(f"{path}: not the record that a fetch wrote ({error}): remove it and fetch again") from None


def write_lock(folder: Path, lock: Lock) -> None:
    """Record what was fetched, whole or not at all."""
    write_whole(folder / _LOCK, json.dumps(asdict(lock), indent=2, ensure_ascii=False).encode() + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file by way of a temporary one, so that no half of it is ever found under its name.

    Raises:
        FetchError: it cannot be written.
    """
    try:
        write_atomic(path, [data])
    except OSError as error:
        raise FetchError(f"{path}: cannot be written ({error.strerror}): free space or set HANTEI_CACHE") from None


def verified(card: BenchmarkCard, files: Mapping[Path, str]) -> bool:
    """Whether every file has a checksum on the card and it is the file's."""
    stated = {path: card.match(path).sha256 for path in files}
    return bool(files) and all(stated[path] == digest for path, digest in files.items())


def paths(folder: Path, lock: Lock) -> list[Path]:
    """Return the recorded files, compared with their recorded checksums.

    Raises:
        FetchError: one is gone or was changed.
    """
    found = []
    for copy in lock.files:
        path = folder / copy.path
        if not path.is_file():
            raise FetchError(f"{path}: the file of {folder.name} recorded on {lock.fetched} is gone: fetch it again")
        _compare(path, copy, lock)
        found.append(path)
    return found


def _compare(path: Path, copy: LocalFile, lock: Lock) -> None:
    digest = sha256(path)
    if digest != copy.sha256:
        raise FetchError(
            f"{path}: changed since {lock.fetched} (SHA-256 was {copy.sha256[:12]}, is {digest[:12]}): put the old "
            "file back, or remove it and fetch again, or name the new one with --path"
        )


def outline(folder: Path) -> dict[str, Any] | None:
    """Return the record of a benchmark as a dictionary, None where nothing was fetched."""
    lock = read_lock(folder)
    return asdict(lock) if lock else None
