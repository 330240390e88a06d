"""Several servers for one model: a pool of vLLM servers, say. The engine chooses among them for each call.

    openai/my-model?base_url=http://10.0.0.1:8000/v1,http://10.0.0.2:8000/v1
    openai/my-model?base_url=@servers.txt

The file holds an address a line; ``#`` begins a comment. It is read again while a run goes on, so that servers come and
go; what cannot be read then changes nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hantei.errors import UsageError
from hantei.models.base import CallError, Model, Prepared, Reply, Request

_LOOK_AGAIN_S = 1.0
_ROOM = 16
"""Servers that a file may come to hold and be kept busy; it may hold more from the start."""

Addresses = Callable[[], Sequence[str]]
"""The addresses of a pool as they are now."""


class ServerPool:
    """One model at several servers, which answer alike.

    ``server`` is what was given in the place of an address: it names the pool, whatever servers it has.
    """

    def __init__(self, name: str, given: str, addresses: Addresses, at: Callable[[str], Model]) -> None:
        """Set the pool up; nothing is sent.

        Args:
            name: the model's full name.
            given: what was given for an address.
            addresses: returns the addresses as they are now.
            at: makes the model at an address.

        Raises:
            UsageError: the file of addresses cannot be read, or holds one that is none.
        """
        self.name, self.server = name, given
        self._addresses, self._at = addresses, at
        self._seen: Sequence[str] = ()
        self._members: dict[str, Model] = {}
        self._by_address: dict[str, Model] = {}
        self._servers: tuple[str, ...] = ()
        self._look()

    def servers(self) -> tuple[str, ...]:
        """Return the servers as they are now, each once."""
        self._look()
        return self._servers

    def member(self, server: str) -> Model:
        """Return the model at one of the servers that the pool has or had."""
        return self._members[server]

    @property
    def most_servers(self) -> int:
        """How many servers the pool may have while it is asked."""
        return max(_ROOM, len(self._servers)) if isinstance(self._addresses, AddressFile) else len(self._servers)

    def check_ready(self) -> None:
        """Raise what keeps calls from being made.

        Raises:
            UsageError: the key of a server is not set.
        """
        for server in self._servers:
            model = self._members[server]
            if isinstance(model, Prepared):
                model.check_ready()

    async def ask(self, request: Request) -> Reply:
        """Return the reply of the first server that gives one; the engine asks the servers itself.

        Raises:
            CallError: none did; the last one's.
        """
        failed = CallError("connection", "the pool has no server")
        for server in self.servers():
            try:
                return await self._members[server].ask(request)
            except CallError as error:
                failed = error
        raise failed

    async def close(self) -> None:
        """Close the connections to every server that the pool has or had."""
        for model in self._by_address.values():
            await model.close()

    def _look(self) -> None:
        addresses = self._addresses()
        if addresses is self._seen:
            return
        self._seen = addresses
        now = {}
        for address in addresses:
            if address not in self._by_address:
                self._by_address[address] = self._at(address)
            now[self._by_address[address].server] = self._by_address[address]
        self._members |= now
        self._servers = tuple(now)


def most_servers(model: Model) -> int:
    """Return how many servers a model may have while it is asked."""
    return model.most_servers if isinstance(model, ServerPool) else 1


def member(model: Model, server: str) -> Model:
    """Return who is asked at a server: the pool's member there, or the model itself."""
    return model.member(server) if isinstance(model, ServerPool) else model


class AddressFile:
    """The addresses in a file, looked at again every second at most.

    Raises:
        UsageError: at first, the file cannot be read, holds no address, or one that is none.
    """

    def __init__(self, path: Path, problem: Callable[[str], str | None]) -> None:
        self._path, self._problem = path, problem
        self._stamp = self._stamp_now()
        self._addresses = self._read()
        self._looked = time.monotonic()

    def __call__(self) -> Sequence[str]:
        """Return the addresses as they are now; what they were where the file cannot be read."""
        if time.monotonic() - self._looked < _LOOK_AGAIN_S:
            return self._addresses
        self._looked = time.monotonic()
        try:
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._addresses, self._stamp = self._read(), stamp
        except UsageError:
            pass  # it is being written, perhaps
        return self._addresses

    def _stamp_now(self) -> tuple[int, int, int]:
        try:
            found = os.stat(self._path)
        except (OSError, ValueError) as error:
            raise self._none(str(error)) from None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> list[str]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise self._none(str(error)) from None
        addresses = [one for line in lines if (one := line.partition("#")[0].strip())]
        if not addresses:
            raise self._none("it holds none")
        for number, address in enumerate(addresses, 1):
            if problem := self._problem(address):
                raise self._none(f"address {number}: {problem}")
        return list(dict.fromkeys(addresses))

    def _none(self, why: str) -> UsageError:
        return UsageError(f"base_url @{self._path}: expected a file with an address a line: {why}")
