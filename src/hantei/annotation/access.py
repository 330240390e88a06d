"""Who may open the page: each person by an own link, no other site, nobody whom the browser was led astray by."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from hantei.files import cache_root
from hantei.runs.folder import file_name
from hantei.runs.lock import resolved


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a link: a person who labels, as ``human:NAME``, or whoever steers."""

    judge: str
    token: str

    @property
    def name(self) -> str:
        """The name that the person gave."""
        return self.judge.removeprefix("human:").partition("+")[0]

    @property
    def path(self) -> str:
        """Where the person's page lies, with a slash at both ends: a cookie of one person is not that of another."""
        return f"/{file_name(self.judge)}/"

    def desk(self, file: Path) -> str:
        """Return a name of this person's file at this run, which opens nothing: what a browser keeps goes there."""
        return hashlib.sha256(f"{self.token} {file.name}".encode()).hexdigest()[:16]

    @property
    def link(self) -> str:
        """The part of the address after the host that opens the page."""
        return f"{self.path}{self.token}"


def members(run: Path, judges: Sequence[str]) -> list[Member]:
    """Return a member for each judge; the same names have the same links at every start on this machine.

    Raises:
        OSError: the secret that links are made of can neither be read nor written.
    """
    key = _secret(run)
    return [
        Member(judge, hmac.new(key, judge.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:40])
        for judge in judges
    ]


def _secret(run: Path) -> bytes:
    """Return the secret of a run's links, kept outside the run folder, which is passed on to others."""
    name = hashlib.sha256(os.fsencode(resolved(run))).hexdigest()[:32]
    path = cache_root() / "annotate" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    key = path.read_bytes()
    if len(key) != 32:  # a full disk or a kill cut it short
        path.unlink()
        return _secret(run)
    return key


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address to listen on."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_allowed(header: str, listening: str) -> bool:
    """Whether a request's Host is one by which this server is meant.

    A page of another site whose name was made to lead here (DNS rebinding) comes with that name. So on loopback only
    loopback's names are taken, else also numbers and the machine's own name, neither of which a site can have.
    """
    name = _without_port(header).lower()
    if name == "localhost" or (not _is_number(name) and not is_loopback(listening)):
        return name in ("localhost", listening.lower(), socket.gethostname().lower(), socket.getfqdn().lower())
    return _is_number(name) and (not is_loopback(listening) or ip_address(name).is_loopback)


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def cross_site(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request that changes or reads labels comes from anything but this page itself."""
    site = headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none") or (site == "none" and method != "GET"):
        return True
    if method == "GET":
        return False
    own = (f"http://{headers.get('host', '')}", f"https://{headers.get('host', '')}")
    return headers.get("origin") not in own or headers.get("content-type", "").partition(";")[0] != "application/json"


def same_token(given: str | None, member: Member) -> bool:
    """Whether a cookie or link holds a member's token."""
    return given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), member.token.encode())
