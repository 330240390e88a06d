"""Models behind an OpenAI-compatible server: OpenAI, Azure, vLLM, SGLang, llama.cpp, Ollama, OpenRouter.

This is the hot path. One session a model keeps its connections open; a call builds one small dictionary, sends it and
reads the reply whole. Redirects are not followed, so a key reaches no other host; no cookie and no netrc is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from time import perf_counter
from typing import Any, NoReturn

import aiohttp
from yarl import URL

from hantei.errors import UsageError
from hantei.models.base import CallError, Reply, Request
from hantei.models.endpoint import Endpoint
from hantei.models.http_errors import ServerError, clean, error_in_reply, read_error
from hantei.models.keys import without_keys
from hantei.models.openai_reply import read_reply
from hantei.models.openai_stream import is_stream, join_stream
from hantei.models.sampling import SYSTEM, Defaults, without_system
from hantei.models.tool_turns import TOOLS, as_text, sent
from hantei.records import Message

MAX_BODY = 32 * 2**20
"""The longest reply that is read, in bytes."""
CONNECT_S = 15.0
TIMEOUT_S = 600.0
_IDLE_S = 4.0  # below the five seconds after which common servers close a connection that waits
_LARGE = 2**20

STREAMS = "whole replies"
_Answered = tuple[int, Mapping[str, str], bytes]

_encode = json.JSONEncoder(separators=(",", ":")).encode


class OpenAIModel:
    """A model behind an OpenAI-compatible server; to be used in one event loop until it is closed.

    ``refused`` names what the server said the model does not take and what is left out since: ``max_tokens`` (sent as
    ``max_completion_tokens`` instead), ``temperature``, ``top_p``, ``seed``, ``logprobs``, ``response_format``,
    ``whole replies`` (asked for as a stream instead), ``system messages`` (put before the first user turn) or ``tool
    messages`` (sent as text).
    """

    def __init__(
        self,
        name: str,
        model: str,
        endpoint: Endpoint,
        defaults: Defaults,
        timeout_s: float = TIMEOUT_S,
        streams: bool = False,
    ) -> None:
        """Set the model up; nothing is sent.

        Args:
            name: the full name.
            model: what the server calls it.
            endpoint: where it is asked.
            defaults: what is added to every request.
            timeout_s: how long one call may take, in seconds.
            streams: ask for streams from the first call on.
        """
        self.name, self.server = name, endpoint.server
        self.refused: set[str] = set()
        self._model, self._endpoint, self._defaults = model, endpoint, defaults
        self._host = URL(endpoint.server).host or endpoint.server
        self._streams = streams
        # With each call, not with the session: aiohttp sends the headers of a session to a proxy, too.
        self._headers = {**endpoint.headers(), "Content-Type": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_S, timeout_s))
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[tuple[str, str], URL] = {}

    async def ask(self, request: Request) -> Reply:
        """Return the reply to one request.

        What the server refuses (a setting, a system message, a reply that is not a stream) is left out and the call
        made again, once for each.

        Raises:
            CallError: the call failed.
        """
        started = perf_counter()
        plain = False
        while True:
            body = self._body(request, plain)
            status, headers, raw = await self._post("/chat/completions", body)
            if status == 200:
                if plain:
                    self.refused.add("response_format")
                return self._reply(raw, perf_counter() - started)
            error = self._error(status, headers, raw)
            if error.filtered:
                return _filtered(perf_counter() - started)
            setting = self._refused(error, body)
            if setting is not None:
                self.refused.add(setting)
            elif status in (400, 422) and "response_format" in body:
                plain = True
            else:
                raise error.failure()

    async def post_json(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post JSON to another path of the server, such as ``/moderations``, and return the JSON of its reply.

        Raises:
            CallError: the call failed, or a content filter kept it back (``bad-request``).
        """
        status, headers, raw = await self._post(path, body)
        if status != 200:
            raise self._error(status, headers, raw).failure()
        return self._json(raw)

    def check_ready(self) -> None:
        """Raise what keeps calls from being made.

        Raises:
            UsageError: the key is not set, or is none that a header can hold.
        """
        if self._endpoint.lacks:
            raise UsageError(self._endpoint.lacks)

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _refused(self, error: ServerError, body: Mapping[str, Any]) -> str | None:
        """Return what the error says the model does not take and this body has, None where it says no such."""
        if error.stream_only and "stream" not in body:
            return STREAMS
        if error.no_system and any(message["role"] == "system" for message in body["messages"]):
            return SYSTEM
        if error.no_tools and any(m["role"] == "tool" or "tool_calls" in m for m in body["messages"]):
            return TOOLS
        return error.refused(body)

    def _body(self, request: Request, plain: bool) -> dict[str, Any]:
        sampling = self._defaults.sampling(request.sampling)
        body: dict[str, Any] = {"model": self._model, "messages": sent(self._turns(request))}
        if self._streams or STREAMS in self.refused:
            body["stream"] = True
            if "stream_options" not in self.refused:
                body["stream_options"] = {"include_usage": True}
        for setting in ("temperature", "top_p", "seed"):
            value = getattr(sampling, setting)
            if value is not None and setting not in self.refused:
                body[setting] = value
        if sampling.max_tokens is not None:
            body["max_completion_tokens" if "max_tokens" in self.refused else "max_tokens"] = sampling.max_tokens
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if request.top_logprobs and "logprobs" not in self.refused:
            body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        if request.schema is not None and not plain and "response_format" not in self.refused:
            schema = {"name": "reply", "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _turns(self, request: Request) -> tuple[Message, ...]:
        turns = self._defaults.messages(request)
        if TOOLS in self.refused:
            turns = as_text(turns)
        return without_system(turns) if SYSTEM in self.refused else turns

    def _reply(self, raw: bytes, latency_s: float) -> Reply:
        body = self._json(raw)
        error = error_in_reply(body, self._host, self._endpoint.key) if isinstance(body, dict) else None
        if error is None:
            reply = read_reply(body, latency_s)
            return without_keys(reply, (self._endpoint.key,)) if self._endpoint.key else reply
        if error.filtered:
            return _filtered(latency_s)
        raise error.failure()

    def _json(self, raw: bytes) -> Any:
        if is_stream(raw):
            return join_stream(raw)
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            start = clean(raw[:80].decode("utf-8", "replace"), self._endpoint.key)
            raise CallError("bad-reply", f"{self._host}: expected JSON, found: {start}") from None

    def _error(self, status: int, headers: Mapping[str, str], raw: bytes) -> ServerError:
        if 300 <= status < 400:
            text = "redirected, and redirects are not followed; put the final address into base_url"
            return ServerError(status=status, host=self._host, message=text)
        return read_error(status, headers, raw, self._host, self._endpoint.key)

    async def _post(self, path: str, body: Mapping[str, Any]) -> _Answered:
        """Post to a path of the server; where nothing is there and the base has no path, under ``/v1`` once."""
        answered = await self._post_to(self._endpoint, path, body)
        other = self._endpoint.with_v1() if answered[0] == 404 else None
        if other is None:
            return answered
        second = await self._post_to(other, path, body)
        if second[0] != 404:
            self._endpoint = other
        return second

    async def _post_to(self, endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> _Answered:
        url = self._url(endpoint, path)
        data = _encode(body).encode()
        payload = BytesIO(data) if len(data) > _LARGE else data
        try:
            async with self._open().post(
                url, data=payload, headers=self._headers, allow_redirects=False, proxy=self._endpoint.proxy
            ) as response:
                return response.status, response.headers, await self._read(response)
        except (aiohttp.ClientError, OSError) as error:
            self._raise(error)

    def _url(self, endpoint: Endpoint, path: str) -> URL:
        place = endpoint.base_url, path
        if place not in self._urls:
            self._urls[place] = URL(endpoint.url(path), encoded=True)
        return self._urls[place]

    def _open(self) -> aiohttp.ClientSession:
        if self._endpoint.lacks:
            raise CallError("auth", self._endpoint.lacks)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
            )
        return self._session

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > MAX_BODY:
                response.close()
                raise CallError("bad-reply", f"{self._host}: the reply is longer than {MAX_BODY:,} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    def _raise(self, error: Exception) -> NoReturn:
        """Raise a failed connection as a failed call. Of the error only what names no address is repeated.

        Raises:
            CallError: always.
        """
        if isinstance(error, TimeoutError):
            total = self._timeout.total or 0.0
            raise CallError("timeout", f"{self._host}: no whole reply within {total:g} s") from None
        if isinstance(error, aiohttp.ClientHttpProxyError):
            raise CallError("connection", f"{self._host}: the proxy answered HTTP {error.status}") from None
        if isinstance(error, aiohttp.ClientResponseError):
            raise CallError("bad-reply", f"{self._host}: the reply is not HTTP") from None
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise CallError("connection", f"{self._host}: {clean(str(reason), self._endpoint.key)}") from None


def _filtered(latency_s: float) -> Reply:
    return Reply(text="", status="filtered", finish_reason="content_filter", latency_s=latency_s)
