"""The model's server: one call in, a whole reply or a stream of parts out; it ends when whoever reads it goes away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
from yarl import URL

from hantei.models.endpoint import Endpoint
from hantei.serving.errors import ProxyError, UpstreamError, said_by_upstream

MAX_REPLY = 32 * 2**20
"""The longest reply, and the longest line of a stream, that is read, in bytes."""
_IDLE_S = 4.0


class Upstream:
    """Calls one server; to be used in one event loop until it is closed."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(5.0, timeout_s))
        self._session: aiohttp.ClientSession | None = None

    async def chat(self, body: Mapping[str, Any], key: str | None) -> Any:
        """Return the JSON of a whole reply; ``key`` is the client's own, sent where the server has none of ours.

        Raises:
            ProxyError: the call failed.
        """
        async with self._call("POST", "/chat/completions", key, body) as response:
            return await _json(response)

    async def models(self, key: str | None) -> Any:
        """Return what the server says of its models.

        Raises:
            ProxyError: the call failed.
        """
        async with self._call("GET", "/models", key) as response:
            return await _json(response)

    @asynccontextmanager
    async def stream(self, body: Mapping[str, Any], key: str | None) -> AsyncIterator[AsyncIterator[Any]]:
        """Hold a call whose reply comes in parts; yield these, None at the end that the server marks.

        Raises:
            UpstreamError: the call failed, at first or in the middle.
            ProxyError: it took too long.
        """
        async with self._call("POST", "/chat/completions", key, body) as response:
            if response.content_type != "text/event-stream":
                raise UpstreamError("the model's server sent no stream where one was asked for")
            yield _parts(response)

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def _call(
        self, method: str, path: str, key: str | None, body: Mapping[str, Any] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Content-Type": "application/json", **self._endpoint.headers()}
        if self._endpoint.key is None and key:
            headers["Authorization"] = key
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        url = URL(self._endpoint.url(path), encoded=True)
        with _typed():
            async with self._open().request(
                method, url, data=data, headers=headers, allow_redirects=False, proxy=self._endpoint.proxy
            ) as response:
                if response.status != 200:
                    raise said_by_upstream(response.status, await _error(response))
                yield response

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                read_bufsize=2**16,
            )
        return self._session


@contextmanager
def _typed() -> Iterator[None]:
    """Turn a call that failed into an error that clients know; of the error only its name is repeated.

    Raises:
        ProxyError: it took too long.
        UpstreamError: it failed.
    """
    try:
        yield
    except TimeoutError:
        raise ProxyError(504, "upstream_timeout", "the model's server gave no whole reply in time") from None
    except (aiohttp.ClientError, OSError) as error:
        raise UpstreamError(f"the model's server cannot be reached ({type(error).__name__})") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_REPLY:
            raise UpstreamError(f"the model's server sent more than {MAX_REPLY:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def _json(response: aiohttp.ClientResponse) -> Any:
    try:
        return json.loads(await _read(response))
    except (ValueError, RecursionError):
        raise UpstreamError("the model's server sent no JSON") from None


async def _error(response: aiohttp.ClientResponse) -> Any:
    try:
        return json.loads(await _read(response))
    except (ValueError, RecursionError):
        return None


async def _parts(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Yield the parts of a stream; it must end with the mark that says so.

    Raises:
        UpstreamError: it does not, or a part is too long or no JSON.
    """
    rest = b""
    while chunk := await _next(response):
        rest += chunk
        if len(rest) > MAX_REPLY:
            raise UpstreamError("the model's server sent a part of a stream that is too long")
        *lines, rest = rest.split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            yield _part(data)
    raise UpstreamError("the model's server ended its stream in the middle")


async def _next(response: aiohttp.ClientResponse) -> bytes:
    with _typed():  # what fails here fails outside of the call, in whoever reads the stream
        return await response.content.readany()


def _part(data: bytes) -> Any:
    try:
        part = json.loads(data)
    except (ValueError, RecursionError):
        raise UpstreamError("the model's server sent a part of a stream that is no JSON") from None
    if isinstance(part, dict) and part.get("error"):
        raise said_by_upstream(502, part)
    return part
