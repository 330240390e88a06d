"""Who may come in, with how much, how many at a time and how slowly."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request

from hantei.models.endpoint import is_loopback
from hantei.serving.decisions import Decisions
from hantei.serving.errors import BadRequestError, ProxyError

SLOW_S = 30.0
"""Seconds that a client may take to send its request, or to read a part of a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Who and how much may come in: ``token`` where one is needed, ``max_requests`` at a time, ``max_body`` bytes."""

    token: str | None = None
    max_requests: int = 256
    max_body: int = 8 * 2**20


class ClientGoneError(Exception):
    """The client went away before its reply was whole."""


class Room:
    """Lets requests in: those with the token, of bounded size, so many at a time."""

    def __init__(self, entrance: Entrance, decisions: Decisions) -> None:
        """Count the requests inside in the metrics."""
        self._entrance, self._decisions = entrance, decisions
        self._inside = 0

    @asynccontextmanager
    async def entered(self, request: Request) -> AsyncIterator[None]:
        """Hold a place for a request.

        Raises:
            ProxyError: it may not come in, or there is no place.
        """
        self.check(request)
        if self._inside >= self._entrance.max_requests:
            raise ProxyError(503, "overloaded", "too many requests at a time", retry_after_s=1)
        self._inside += 1
        self._decisions.in_flight.set(self._inside)
        try:
            yield
        finally:
            self._inside -= 1
            self._decisions.in_flight.set(self._inside)

    def check(self, request: Request) -> None:
        """Look who asks.

        Raises:
            ProxyError: somebody without the token, or where none is needed, not from this machine.
        """
        token = self._entrance.token
        given = request.headers.get("authorization", "")
        if token is None and not _from_this_machine(request):
            raise ProxyError(
                403, "permission_error", "without a token only this machine is served: Host or Origin is another"
            )
        if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise ProxyError(401, "authentication_error", "expected the token of this server as the API key")

    def key(self, request: Request) -> str | None:
        """Return the client's own key for the model's server; where it is the token of this server, none."""
        return request.headers.get("authorization") if self._entrance.token is None else None

    async def body(self, request: Request) -> Any:
        """Return the JSON of a request.

        Raises:
            BadRequestError: it is none.
            ClientGoneError: the client went away.
            ProxyError: it is too large or too slow.
        """
        try:
            async with asyncio.timeout(SLOW_S):
                raw = await self._raw(request)
            return json.loads(raw)
        except TimeoutError:
            raise ProxyError(408, "request_timeout", "the request did not come in time") from None
        except ClientDisconnect:
            raise ClientGoneError from None
        except (ValueError, RecursionError):
            raise BadRequestError("expected JSON") from None

    async def _raw(self, request: Request) -> bytearray:
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > self._entrance.max_body:
                limit = f"expected at most {self._entrance.max_body:,} bytes"
                raise ProxyError(413, "request_too_large", limit)
        return raw


def _from_this_machine(request: Request) -> bool:
    """Whether a request names this machine: a page in a browser here may ask under another name, or for another."""
    names = (f"//{request.headers.get('host', '')}", request.headers.get("origin"))
    try:
        return all(is_loopback(urlsplit(name).hostname or "") for name in names if name is not None)
    except ValueError:
        return False
