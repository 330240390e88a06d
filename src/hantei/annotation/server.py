"""The server of the page: Starlette routes, and the guard that every request passes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hantei import cards
from hantei.annotation.access import Member, cross_site, host_allowed, same_token
from hantei.annotation.desk import Desk, NewLabel, Undo
from hantei.annotation.label import said_by
from hantei.annotation.store import StaleError, Store
from hantei.errors import HanteiError
from hantei.files import FULL

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

LANGUAGES = ("en", "ja", "zh")
MOST_BYTES = 100_000
"""Of what a page may send."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

Sent = TypeVar("Sent", bound=msgspec.Struct)


class Guard:
    """Turns away what comes by another name or from another site, and puts the page's policy on every reply."""

    def __init__(self, app: ASGIApp, listening: str) -> None:
        self._app, self._listening = app, listening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from starlette.requests import Request

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        app = self._app
        if not host_allowed(request.headers.get("host", ""), self._listening):
            app = _refused(421, "this server is not meant by that name")
        elif "/api/" in request.url.path and cross_site(request.method, request.headers):
            app = _refused(403, "another site may not ask this")
        elif int(request.headers.get("content-length") or 0) > MOST_BYTES:
            app = _refused(413, "too long")
        await app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *own]}
        await send(message)

    return sent


def _refused(status: int, why: str) -> ASGIApp:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(f"hantei: {why}\n", status)


def application(members: Sequence[Member], desks: Mapping[str, Desk], store: Store, listening: str, port: int) -> Any:
    """Return the page as an ASGI application.

    Args:
        members: who may come in.
        desks: what each labels, by judge.
        store: the labels.
        listening: the address that the server listens on.
        port: its port, so that cookies of two servers on one machine are two.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route

    routes = [Route("/static/{name}", _static)]
    for member in members:
        routes += _Pages(member, desks[member.judge], store, port).routes()
    routes.append(Route("/{rest:path}", _no_link))
    app: Starlette = Starlette(routes=routes, middleware=[Middleware(Guard, listening=listening)])
    return app


class _Pages:
    """The routes of one person."""

    def __init__(self, member: Member, desk: Desk, store: Store, port: int) -> None:
        self._member, self._desk, self._store = member, desk, store
        self._cookie = f"hantei-{port}"

    def routes(self) -> list[Any]:
        from starlette.routing import Route

        base = self._member.path
        return [
            Route(f"{base}api/start", self._behind_cookie(self._start)),
            Route(f"{base}api/next", self._behind_cookie(self._next)),
            Route(f"{base}api/item/{{key}}", self._behind_cookie(self._item)),
            Route(f"{base}api/label", self._behind_cookie(self._label), methods=["POST"]),
            Route(f"{base}api/undo", self._behind_cookie(self._undo), methods=["POST"]),
            Route(base, self._page),
            Route(f"{base}{{token}}", self._enter),
        ]

    def _behind_cookie(self, answer: Callable[[Request, bytes], Any]) -> Callable[[Request], Any]:
        """Return a route that answers with JSON, to the member alone, and turns errors into what the page can tell."""

        async def route(request: Request) -> Response:
            from starlette.concurrency import run_in_threadpool

            if not same_token(request.cookies.get(self._cookie), self._member):
                return _json({"error": "link"}, 403)
            body = await request.body()
            if len(body) > MOST_BYTES:
                return _json({"error": "long"}, 413)
            return await run_in_threadpool(self._answered, answer, request, body)

        return route

    def _answered(self, answer: Callable[[Request, bytes], Any], request: Request, body: bytes) -> Response:
        with self._store.lock:
            try:
                return _json(answer(request, body))
            except StaleError as stale:
                current = stale.current
                told = {"label": current.label_id if current else None, "said": said_by(current)}
                return _json({"error": "stale", **told}, 409)
            except OSError as error:
                full = error.errno in FULL
                return _json({"error": "full" if full else "disk", "why": error.strerror or str(error)}, 507)
            except (HanteiError, msgspec.DecodeError, UnicodeDecodeError) as error:
                return _json({"error": "wrong", "why": str(error)}, 400)

    def _start(self, _request: Request, _body: bytes) -> Any:
        guideline = self._desk.guideline
        return {
            "person": self._member.name,
            "words": words(),
            "guideline": {"name": guideline.name, "hash": guideline.hash, "text": guideline.text},
            "asks": guideline.asks,
            "needs": guideline.needs,
            "harms": [{"id": node.id, "title": node.title} for node in guideline.harms()],
            "first": self._desk.mine[0] if self._desk.mine else None,
            **self._desk.state(),
        }

    def _next(self, request: Request, _body: bytes) -> Any:
        key = self._desk.next(request.query_params.get("after"))
        return {**(self._desk.item(key) if key else {"item": None}), **self._desk.state()}

    def _item(self, request: Request, _body: bytes) -> Any:
        return {**self._desk.item(request.path_params["key"]), **self._desk.state()}

    def _label(self, _request: Request, body: bytes) -> Any:
        label = self._desk.label(_read(body, NewLabel))
        return {"label": label.label_id, **self._desk.state()}

    def _undo(self, _request: Request, body: bytes) -> Any:
        key = self._desk.undo(_read(body, Undo))
        return {"item": key, **self._desk.state()}

    async def _page(self, request: Request) -> Response:
        if not same_token(request.cookies.get(self._cookie), self._member):
            return await _no_link(request)
        return _file("index.html")

    async def _enter(self, request: Request) -> Response:
        if not same_token(request.path_params["token"], self._member):
            return await _no_link(request)
        # The page itself, and no redirect to it: where a link was followed from another site, a strict cookie would
        # not yet come along.
        reply = _file("index.html")
        reply.set_cookie(
            self._cookie, self._member.token, path=self._member.path, httponly=True, samesite="strict", max_age=2**25
        )
        return reply


def _read(body: bytes, kind: type[Sent]) -> Sent:
    return msgspec.json.decode(body, type=kind)


def _json(data: Any, status: int = 200) -> Response:
    from starlette.responses import Response

    try:
        content = msgspec.json.encode(data)
    except UnicodeEncodeError:  # a lone surrogate of an answer
        content = json.dumps(msgspec.to_builtins(data)).encode()
    return Response(content, status, media_type="application/json")


async def _no_link(_request: Request) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("hantei: open the link that hantei annotate printed for you\n", 403)


async def _static(request: Request) -> Response:
    from starlette.responses import PlainTextResponse

    name = request.path_params["name"]
    return _file(name) if name in _pages() else PlainTextResponse("hantei: no such file\n", 404)


def _file(name: str) -> Response:
    from starlette.responses import Response

    return Response(_pages()[name].read_bytes(), media_type=_TYPES[name[name.rindex(".") :]])


@cache
def _pages() -> dict[str, Traversable]:
    """Return the files of the page by name; colours and type are the report's."""
    there = {entry.name: entry for entry in (files("hantei.annotation") / "page").iterdir()}
    return {**there, "base.css": files("hantei.reports") / "assets" / "base.css"}


@cache
def words() -> dict[str, Any]:
    """Return what the page says, by language: ``words/LANGUAGE.toml``."""
    folder = files("hantei.annotation") / "words"
    return {one: cards.parse((folder / f"{one}.toml").read_text(encoding="utf-8"), f"{one}.toml") for one in LANGUAGES}
