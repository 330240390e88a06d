"""Fetching a benchmark, or taking a file that is already there, and finding it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hantei.benchmarks.cache import LocalFile, Lock, cache_folder, paths, read_lock, verified, write_lock
from hantei.benchmarks.card import BenchmarkCard, FileSpec, load_card
from hantei.benchmarks.checking import CheckReport, check
from hantei.benchmarks.download import download, manual_download
from hantei.errors import FetchError
from hantei.files import sha256

PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a fetch ended with.

    ``files`` are the files by path with their SHA-256. ``verified`` is true where the card states checksums and they
    hold; else the checksums are recorded now and compared from now on. ``report`` is what the check said.
    """

    name: str
    revision: str | None
    files: Mapping[Path, str]
    verified: bool
    report: CheckReport
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "name": self.name,
            "revision": self.revision,
            "files": {str(path): digest for path, digest in self.files.items()},
            "verified": self.verified,
            "notes": list(self.notes),
            "check": self.report.to_dict(),
        }


def fetch(name: str, *, path: Path | None = None, cache: Path | None = None) -> Fetched:
    """Get a benchmark into the user's cache, or record a file or folder that the user has.

    With ``path`` nothing is copied and no network is needed: where the file is, its checksum and what the check said
    are recorded, and ``--benchmark NAME`` finds it from then on. A second fetch downloads only what is gone and
    compares everything with the recorded checksums.

    Raises:
        UsageError: no such benchmark, or ``path`` is not one of its files.
        FetchError: gated, missing, no network, no space, a checksum that differs, or a file without the columns.
    """
    card = load_card(name)
    folder = cache_folder(name, cache)
    before = read_lock(folder)
    if card.origin.kind == "package":
        return _fetched(card, before, None, packaged(card))
    if path is not None:
        return _keep(card, folder, before, card.origin.revision, _beside(card, folder, before, given(card, path)))
    if card.origin.kind == "user":
        raise FetchError(f"{name} is not published: {card.origin.access}; {manual_download(card)}")
    if before and _is_complete(card, folder, before):
        return _fetched(card, before, before.revision, paths(folder, before))
    revision, found = download(card, folder)
    _compare(card, folder, before, found)
    return _keep(card, folder, before, revision, [file for _, file in found])


def locate(name: str, cache: Path | None = None) -> list[Path]:
    """Return the files of a benchmark on this machine, compared with their recorded checksums.

    Raises:
        UsageError: no such benchmark.
        FetchError: it was not fetched yet, or a file is gone or changed.
    """
    card = load_card(name)
    if card.origin.kind == "package":
        return packaged(card)
    if card.folder is not None:
        return _as_stated(card, given(card, card.folder))
    folder = cache_folder(name, cache)
    lock = read_lock(folder)
    if lock is None:
        terms = f" ({card.origin.access})" if card.origin.access else ""
        raise FetchError(
            f"{name} is not on this machine: hantei benchmarks fetch {name}{terms}, {manual_download(card)}"
        )
    return paths(folder, lock)


def _as_stated(card: BenchmarkCard, files: list[Path]) -> list[Path]:
    """Return a folder's files, compared with the checksums that its card states, where it does.

    Raises:
        FetchError: one is another file.
    """
    for path in files:
        stated = card.match(path).sha256
        if stated is not None and sha256(path) != stated:
            raise FetchError(f"{path}: not the file that its card names (another SHA-256): put that one back")
    return files


def packaged(card: BenchmarkCard) -> list[Path]:
    """Return the files of a benchmark that comes with hantei."""
    return [PACKAGE / spec.path for spec in card.files]


def status(name: str, cache: Path | None = None) -> str:
    """Return ``packaged``, ``in its folder``, ``not fetched``, or whether the source's checksums hold: ``verified``.

    ``unverified`` files are those whose source gives no checksum: theirs was recorded on the first fetch.
    """
    card = load_card(name)
    if card.origin.kind == "package":
        return "packaged"
    if card.folder is not None:
        return "in its folder"
    folder = cache_folder(name, cache)
    lock = read_lock(folder)
    if lock is None:
        return "not fetched"
    return "verified" if verified(card, {folder / copy.path: copy.sha256 for copy in lock.files}) else "unverified"


def given(card: BenchmarkCard, path: Path) -> list[Path]:
    """Return the card's files at ``path``: the file itself, or those in a folder.

    Raises:
        UsageError: the file is not one of the card's.
        FetchError: nothing is there.
    """
    path = path.expanduser().resolve()
    if path.is_file():
        card.match(path)
        return [path]
    if not path.is_dir():
        raise FetchError(f"--path {path}: no such file or folder")
    found = [file for file in sorted(path.rglob("*")) if file.is_file() and _is_one(card, file)]
    if not found:
        names = ", ".join(Path(spec.path).name for spec in card.files)
        raise FetchError(f"--path {path}: none of {card.name}'s files are in it; expected {names}")
    return found


def _is_complete(card: BenchmarkCard, folder: Path, before: Lock) -> bool:
    there = {copy.split for copy in before.files}
    return there >= set(card.splits) and all((folder / copy.path).is_file() for copy in before.files)


def _beside(card: BenchmarkCard, folder: Path, before: Lock | None, new: Sequence[Path]) -> list[Path]:
    """Return the new files, and those recorded earlier for other splits."""
    splits = {card.match(path).split for path in new}
    known = before.files if before else ()
    old = [folder / copy.path for copy in known if copy.split not in splits]
    return [*(path for path in old if path.is_file()), *new]


def _is_one(card: BenchmarkCard, file: Path) -> bool:
    return any(spec.is_named(file) for spec in card.files)


def _compare(card: BenchmarkCard, folder: Path, before: Lock | None, found: Sequence[tuple[FileSpec, Path]]) -> None:
    """Refuse files that are not those of the first fetch, or not those that the card states.

    Raises:
        FetchError: a file is not the one that was recorded or stated; it is removed.
    """
    recorded = {copy.path: copy.sha256 for copy in before.files} if before else {}
    for spec, file in found:
        digest = sha256(file)
        for known, whose in (
            (spec.sha256, "the card says"),
            (recorded.get(str(_relative(file, folder))), "the first fetch recorded"),
        ):
            if known and known != digest:
                file.unlink()
                raise FetchError(
                    f"{card.name}: {file.name} is not the file that {whose} (SHA-256 {digest[:12]}, expected "
                    f"{known[:12]}): its source has changed; remove {folder} to take the new one"
                )


def _keep(
    card: BenchmarkCard, folder: Path, before: Lock | None, revision: str | None, files: Sequence[Path]
) -> Fetched:
    fetched = _fetched(card, before, revision, files)
    missing = [f"{part.file}: no column {', '.join(part.missing)}" for part in fetched.report.parts if part.missing]
    if missing:
        raise FetchError(f"{card.name}: not its files: {'; '.join(missing)}; see 'hantei benchmarks show {card.name}'")
    copies = tuple(
        LocalFile(split=card.match(file).split, path=str(_relative(file, folder)), sha256=digest)
        for file, digest in fetched.files.items()
    )
    write_lock(
        folder,
        Lock(
            revision=revision,
            fetched=datetime.now(UTC).isoformat(timespec="seconds"),
            files=copies,
            problems=tuple(fetched.report.problems),
            notes=tuple(fetched.report.notes),
        ),
    )
    return fetched


def _relative(file: Path, folder: Path) -> Path:
    return file.relative_to(folder) if file.is_relative_to(folder) else file


def _fetched(card: BenchmarkCard, before: Lock | None, revision: str | None, files: Sequence[Path]) -> Fetched:
    digests = {file: sha256(file) for file in files}
    known = {copy.path: copy.sha256 for copy in before.files} if before else {}
    changed = [file for file, digest in digests.items() if known.get(str(file), digest) != digest]
    return Fetched(
        name=card.name,
        revision=revision,
        files=digests,
        verified=verified(card, digests),
        report=check(card, files),
        notes=tuple(f"{file}: changed since {before.fetched}" for file in changed if before),
    )
