"""Getting a benchmark's files from Hugging Face or GitHub; every failure says what else can be done."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from hantei.benchmarks.cache import write_whole
from hantei.benchmarks.card import BenchmarkCard, FileSpec
from hantei.errors import FetchError

GITHUB = "https://raw.githubusercontent.com"
MAX_BYTES = 1 << 28
"""The largest file that is fetched."""
_TIMEOUT_S = 60
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
_CHUNK = 1 << 20


def download(card: BenchmarkCard, folder: Path) -> tuple[str | None, list[tuple[FileSpec, Path]]]:
    """Put a benchmark's files into ``folder``; return the revision and each file with its path.

    Raises:
        FetchError: access must be asked for, a file is not where the card says, the network or the disk fails.
    """
    if card.origin.kind == "huggingface":
        return _from_hub(card, folder)
    return card.origin.revision, [(spec, _from_github(card, spec, folder)) for spec in card.files]


def manual_download(card: BenchmarkCard) -> str:
    """Return the way that needs no network."""
    return f"or take a file you have: hantei benchmarks fetch {card.name} --path FILE"


def _from_github(card: BenchmarkCard, spec: FileSpec, folder: Path) -> Path:
    from urllib.parse import quote

    url = f"{GITHUB}/{card.origin.repository}/{card.origin.revision}/{quote(spec.path)}"
    target = _target(folder, spec, spec.path)
    write_whole(target, _get(card, url))
    return target


def _target(folder: Path, spec: FileSpec, name: str) -> Path:
    """Return where a file goes: in a folder named for its split, so that equal names stay apart.

    Raises:
        FetchError: the name, which a server may have given, is none of a file.
    """
    last = PurePosixPath(name).name
    if last in ("", "..") or "\\" in last or "\0" in last:
        raise FetchError(f"expected the name of a file, got '{name[:80]!a}'")
    return folder / spec.split / last


def _get(card: BenchmarkCard, url: str) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_TIMEOUT_S) as reply:  # noqa: S310 - the scheme is that of GITHUB
            return _read(card, url, reply)
    except HTTPError as error:
        error.close()
        if error.code == 404:
            raise FetchError(
                f"{card.name}: there is no {url}; look at {card.origin.page}, {manual_download(card)}"
            ) from None
        raise FetchError(
            f"{card.name}: {url} answered {error.code}; try again later, {manual_download(card)}"
        ) from None
    except (URLError, TimeoutError, OSError, HTTPException) as error:
        raise _offline(card, error) from None


def _read(card: BenchmarkCard, url: str, reply: Any) -> bytes:
    stated = reply.headers.get("Content-Length")
    chunks, size = [], 0
    while chunk := reply.read(_CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise FetchError(f"{card.name}: {url} is larger than {MAX_BYTES:,} bytes; {manual_download(card)}")
        chunks.append(chunk)
    if stated and stated.isdigit() and int(stated) != size:
        raise FetchError(f"{card.name}: {url} broke off after {size:,} of {int(stated):,} bytes; try again")
    return b"".join(chunks)


def _from_hub(card: BenchmarkCard, folder: Path) -> tuple[str | None, list[tuple[FileSpec, Path]]]:
    from huggingface_hub import HfApi, hf_hub_download

    repository = card.origin.repository or ""
    with _hub_errors(card, folder):
        info = HfApi().dataset_info(repository, revision=card.origin.revision, files_metadata=True)
        found = []
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as part:
            for spec, name in _siblings(card, info.siblings or []):
                got = hf_hub_download(repository, name, repo_type="dataset", revision=info.sha, local_dir=part)
                target = _target(folder, spec, name)
                _check_size(card, name, Path(got))
                target.parent.mkdir(exist_ok=True)
                shutil.move(got, target)
                found.append((spec, target))
    return info.sha, found


def _check_size(card: BenchmarkCard, name: str, file: Path) -> None:
    """Refuse what is larger than its listing said, or is no plain file, such as a link to another place.

    Raises:
        FetchError: it is.
    """
    if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_BYTES:
        raise FetchError(f"{card.name}: {name} is no file of at most {MAX_BYTES:,} bytes; {manual_download(card)}")


def _siblings(card: BenchmarkCard, siblings: list[Any]) -> list[tuple[FileSpec, str]]:
    wanted = []
    for spec in card.files:
        names = [item for item in siblings if fnmatchcase(item.rfilename, spec.path)]
        if not names:
            raise FetchError(f"{card.name}: no {spec.path} at {card.origin.page}; {manual_download(card)}")
        for item in names:
            if (item.size or 0) > MAX_BYTES:
                raise FetchError(
                    f"{card.name}: {item.rfilename} is larger than {MAX_BYTES:,} bytes; {manual_download(card)}"
                )
            wanted.append((spec, item.rfilename))
    return wanted


@contextmanager
def _hub_errors(card: BenchmarkCard, folder: Path) -> Iterator[None]:
    # Turns what the hub's client raises into what a person can do about it: always a FetchError.
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    try:
        yield
    except FetchError:
        raise
    except GatedRepoError:
        raise _gated(card) from None
    except RepositoryNotFoundError:
        raise FetchError(
            f"{card.name}: {card.origin.page} is not there or not public; set HF_TOKEN if you may see it, "
            f"{manual_download(card)}"
        ) from None
    except HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise _gated(card) from None
        raise FetchError(
            f"{card.name}: {card.origin.page} answered {status or error}; {manual_download(card)}"
        ) from None
    except OSError as error:
        if error.errno not in _DISK:
            raise _offline(card, error) from None
        raise FetchError(f"{folder}: cannot be written ({error.strerror}): free space or set HANTEI_CACHE") from None
    except Exception as error:  # the client's errors without a network differ by its version and transport
        raise _offline(card, error) from None


def _gated(card: BenchmarkCard) -> FetchError:
    how = card.origin.access or f"ask for access at {card.origin.page}"
    return FetchError(
        f"{card.name} is not open to everybody: {how}; then set the environment variable HF_TOKEN to a token of that "
        f"account and fetch again, {manual_download(card)}"
    )


def _offline(card: BenchmarkCard, error: Exception) -> FetchError:
    reason = " ".join(str(getattr(error, "reason", None) or error).split())[:160]
    return FetchError(
        f"{card.name}: {card.origin.page} cannot be reached ({type(error).__name__}: {reason}); without a network "
        f"take a file you have: hantei benchmarks fetch {card.name} --path FILE"
    )
