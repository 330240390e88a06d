"""Where a file's bytes are: on disk, compressed, or what came in on standard input; and which files a name means."""

from __future__ import annotations

import atexit
import gzip
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from hantei.cards import did_you_mean
from hantei.errors import InputError, UsageError

STDIN = "-"
_MOST = 4 << 30
"""So many bytes may come out of a compressed file."""
_RATIO = 200
"""Beyond 256 MB, so many times its own size: more is a decompression bomb."""
_HARMLESS = 256 << 20
_MARKS: dict[bytes, Literal["", ".gz", ".zst"]] = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it is stored. ``path`` names it in messages, without the ending of a compression."""

    path: Path
    file: Path
    compression: Literal["", ".gz", ".zst"] = ""

    def open(self, _mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open its bytes, decompressed.

        Raises:
            InputError: what is compressed is much larger than any table.
            UsageError: what decompresses it is not installed.
        """
        if not self.compression:
            return self.file.open("rb")
        most = min(_MOST, max(_HARMLESS, _RATIO * self.file.stat().st_size))
        raw = cast("BinaryIO", gzip.GzipFile(self.file)) if self.compression == ".gz" else _open_zstd(self.file)
        return cast("BinaryIO", io.BufferedReader(_Bounded(self.path, raw, most)))

    def __str__(self) -> str:
        return str(self.path)


class _Bounded(io.RawIOBase):
    """Decompressed bytes, up to a limit."""

    def __init__(self, path: Path, raw: BinaryIO, most: int) -> None:
        self._path, self._raw, self._left = path, raw, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._raw.read(len(buffer))
        except (OSError, EOFError, ValueError) as error:
            raise InputError(f"{self._path}: cannot be decompressed: {error}") from None
        self._left -= len(data)
        if self._left < 0:
            raise InputError(f"{self._path}: decompresses to far more than a table holds; decompress it first")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _open_zstd(file: Path) -> BinaryIO:
    try:
        import zstandard
    except ImportError:
        raise UsageError(f"{file}: reading .zst needs an extra: pip install 'hantei[zstd]'") from None
    return cast("BinaryIO", _Zstd(zstandard.open(file, "rb"), zstandard.ZstdError))


class _Zstd:
    """A zstd stream whose errors are those of any file."""

    def __init__(self, raw: Any, error: type[Exception]) -> None:
        self._raw, self._error = raw, error
        self.close: Callable[[], None] = raw.close

    def read(self, size: int) -> bytes:
        try:
            return cast("bytes", self._raw.read(size))
        except self._error as error:
            raise ValueError(str(error)) from None


def _near(path: Path) -> str:
    there = [one.name for one in path.parent.iterdir() if one.is_file()] if path.parent.is_dir() else []
    return did_you_mean(path.name, there)


def stored_file(path: Path) -> Stored:
    """Return the file that a path names; ``-`` is standard input, which is kept until the program ends.

    Raises:
        UsageError: no such file.
    """
    if str(path) == STDIN:
        kept = _kept(sys.stdin.buffer)
        return Stored(Path("stdin"), kept, _compression(kept))
    if not path.is_file():
        raise UsageError(f"{path}: no such file{_near(path)}")
    named = path.suffix.lower() in _MARKS.values()
    return Stored(path.with_suffix("") if named else path, path, _compression(path))


def _compression(file: Path) -> Literal["", ".gz", ".zst"]:
    """Return how a file is compressed, by its first bytes: browsers decompress .gz and keep the name."""
    with file.open("rb") as raw:
        start = raw.read(4)
    return next((kind for mark, kind in _MARKS.items() if start.startswith(mark)), "")


def _kept(stream: BinaryIO) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hantei-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = folder / "stdin"
    with kept.open("wb") as file:
        shutil.copyfileobj(stream, file)
    return kept


def is_url(name: str) -> bool:
    """Whether a name is that of something in a store, such as ``s3://bucket/answers/``."""
    return "://" in name


def expand(path: Path, endings: tuple[str, ...]) -> list[Path]:
    """Return the files that a path means: itself, the tables of a folder, or what fits a pattern (``*.csv``).

    Raises:
        UsageError: a folder holds no table, or nothing fits the pattern.
    """
    if path.is_dir():
        found = [file for file in sorted(path.iterdir()) if file.is_file() and _ending(file) in endings]
        if not found:
            raise UsageError(f"{path}: expected a run folder, or one with files ending in {', '.join(endings)}")
        return found
    if path.exists() or not any(mark in str(path) for mark in "*?["):
        return [path]
    root = Path(path.anchor) if path.is_absolute() else Path()
    found = sorted(file for file in root.glob(str(path.relative_to(path.anchor))) if file.is_file())
    if not found:
        raise UsageError(f"{path}: no file fits this pattern")
    return found


def _ending(file: Path) -> str:
    return (file.with_suffix("") if file.suffix.lower() in (".gz", ".zst") else file).suffix.lower()
