"""The endpoint: routes, and what happens when a client goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hantei.serving import entrance
from hantei.serving.decisions import Decisions, RequestRecord
from hantei.serving.entrance import ClientGoneError, Entrance, Room
from hantei.serving.errors import ProxyError
from hantei.serving.exchange import read_request
from hantei.serving.moderations import moderation, read_inputs
from hantei.serving.proxy import Proxy

T = TypeVar("T")


def application(proxy: Proxy, decisions: Decisions, may_enter: Entrance) -> Starlette:
    """Return the ASGI application."""
    room = Room(may_enter, decisions)
    endpoints = _Endpoints(proxy, decisions, room)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await proxy.upstream.close()
        for model in proxy.guard.judge.models:
            await model.close()
        decisions.close()

    return Starlette(
        routes=[
            Route("/v1/chat/completions", endpoints.chat, methods=["POST"]),
            Route("/v1/moderations", endpoints.moderations, methods=["POST"]),
            Route("/v1/models", endpoints.models, methods=["GET"]),
            Route("/health", endpoints.health, methods=["GET"]),
            Route("/metrics", endpoints.metrics, methods=["GET"]),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_route, ProxyError: _unkept},
    )


def _no_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _json(ProxyError(status, "invalid_request_error", "no such path or method here").body(), status)


def _unkept(_request: Request, error: Exception) -> Response:
    """Answer where the journal cannot be written: what nobody would know of does not leave."""
    if not isinstance(error, ProxyError):
        raise error
    return _json(error.body(), error.status)


class _Endpoints:
    """What each route does."""

    def __init__(self, proxy: Proxy, decisions: Decisions, room: Room) -> None:
        self._proxy, self._decisions, self._room = proxy, decisions, room

    async def chat(self, request: Request) -> Response:
        record = RequestRecord("chat")
        stack = AsyncExitStack()
        async with _kept(self._decisions, record, stack) as handed_over:
            await stack.enter_async_context(self._room.entered(request))
            asked = read_request(await self._room.body(request))
            record.of(asked)
            key = self._room.key(request)
            if not asked.streams:
                body = await while_connected(request, self._proxy.whole(asked, key, record))
                return _json(body, headers={"x-hantei-decision": record.decision})
            stream = await while_connected(request, self._proxy.opened(asked, key, record, stack))
            handed_over()
            parts = self._proxy.parts(asked, key, record, stream)
            return _Stream(parts, record, stack, self._decisions)
        return _failed(record)

    async def moderations(self, request: Request) -> Response:
        record = RequestRecord("moderations")
        stack = AsyncExitStack()
        async with _kept(self._decisions, record, stack):
            await stack.enter_async_context(self._room.entered(request))
            readings = await self._proxy.read(read_inputs(await self._room.body(request)))
            record.decision = "judged"
            guard = self._proxy.guard
            return _json(moderation(readings, guard.judge.name, guard.policy.input.threshold))
        return _failed(record)

    async def models(self, request: Request) -> Response:
        record = RequestRecord("models")
        stack = AsyncExitStack()
        async with _kept(self._decisions, record, stack):
            self._room.check(request)
            body = await while_connected(request, self._proxy.upstream.models(self._room.key(request)))
            record.decision = "passed on"
            return _json(body)
        return _failed(record)

    async def health(self, _request: Request) -> Response:
        return _json({"status": "ok", "judge": self._proxy.guard.judge.name})

    async def metrics(self, request: Request) -> Response:
        try:
            self._room.check(request)
        except ProxyError as error:
            return _json(error.body(), error.status)
        return Response(self._decisions.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


@asynccontextmanager
async def _kept(
    decisions: Decisions, record: RequestRecord, stack: AsyncExitStack
) -> AsyncIterator[Callable[[], None]]:
    """Keep the record of a request at its end, unless that is handed over to a stream; a failure is kept in it."""
    mine = True

    def handed_over() -> None:
        nonlocal mine
        mine = False

    try:
        yield handed_over
    except ProxyError as error:
        record.decision, record.error = "error", error
    except ClientGoneError:
        record.decision = "client gone"
    except Exception as error:  # a mistake of ours is an error to the client, never an answer
        record.decision, record.error = "error", _our_mistake(error)
    finally:
        if mine:
            await stack.aclose()
            decisions.keep(record)


def _failed(record: RequestRecord) -> Response:
    if record.error is None:
        return Response(status_code=499)  # nobody reads it
    after = record.error.retry_after_s
    return _json(record.error.body(), record.error.status, {"retry-after": str(after)} if after is not None else {})


def _our_mistake(error: Exception) -> ProxyError:
    return ProxyError(500, "internal_error", f"the proxy failed: {type(error).__name__}")


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    data = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
    return Response(data, status_code=status, headers=headers, media_type="application/json")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` gives; it is cancelled when the client goes away.

    Raises:
        ClientGoneError: it does.
    """
    return await _while_connected(request.receive, work)


async def _while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGoneError
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Stream(Response):
    """A reply as server-sent events, whole ones; an error is an event, too, as OpenAI's client reads it."""

    def __init__(
        self,
        parts: AsyncIterator[Any],
        record: RequestRecord,
        stack: AsyncExitStack,
        decisions: Decisions,
    ) -> None:
        super().__init__(media_type="text/event-stream", headers={"cache-control": "no-cache"})
        del self.headers["content-length"]
        self._parts, self._record, self._stack, self._decisions = parts, record, stack, decisions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await _while_connected(receive, self._events(send))
        except (ClientGoneError, OSError):
            self._record.decision = "client gone"
        finally:
            await self._stack.aclose()
            self._decisions.keep(self._record)

    async def _events(self, send: Send) -> None:
        async def event(data: str, more: bool = True) -> None:
            body = f"data: {data}\n\n".encode()
            try:
                async with asyncio.timeout(entrance.SLOW_S):
                    await send({"type": "http.response.body", "body": body, "more_body": more})
            except TimeoutError:
                raise ClientGoneError from None  # it reads no more

        try:
            async with aclosing(self._parts) as parts:  # type: ignore[type-var]
                async for part in parts:
                    await event(json.dumps(part, ensure_ascii=True, separators=(",", ":")))
        except ClientGoneError:
            raise
        except ProxyError as error:
            self._record.decision, self._record.error = "error", error
            await event(json.dumps(error.body()), more=False)
        except Exception as error:  # a mistake of ours ends the stream as an error
            self._record.decision, self._record.error = "error", _our_mistake(error)
            await event(json.dumps(self._record.error.body()), more=False)
        else:
            await event("[DONE]", more=False)
