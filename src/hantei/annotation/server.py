"""The server of the page: a page for each person, one for whoever steers, and what they ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from hantei.annotation.access import Member, same_token
from hantei.annotation.desk import Desk, Undo
from hantei.annotation.guard import MOST_BYTES, Guard
from hantei.annotation.label import said_by
from hantei.annotation.overview import Overview
from hantei.annotation.replies import json_reply, no_link, page_file, static, words
from hantei.annotation.store import StaleError, Store
from hantei.errors import HanteiError
from hantei.files import FULL
from hantei.runs.label_lines import Label

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

Sent = TypeVar("Sent", bound=msgspec.Struct)
Handler = Callable[["Request", bytes], Any]


def application(
    desks: Sequence[tuple[Member, Desk]],
    steering: tuple[Member, Overview] | None,
    store: Store,
    listening: str,
    port: int,
) -> Any:
    """Return the page as an ASGI application.

    Args:
        desks: who labels, and what.
        steering: who sees how all of it goes; None where nobody does.
        store: the labels.
        listening: the address that the server listens on.
        port: its port, so that cookies of two servers on one machine are two.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route

    routes = [Route("/static/{name}", static)]
    for member, desk in desks:
        routes += _routes(_Door(member, store, port, desk.said), "index.html", _desk_answers(member, desk))
    if steering:
        member, overview = steering
        told: dict[str, Handler] = {"GET overview": lambda *_: {"words": words(overview.room), **overview.told()}}
        routes += _routes(_Door(member, store, port, said_by), "steer.html", told)
    routes.append(Route("/{rest:path}", no_link))
    app: Starlette = Starlette(routes=routes, middleware=[Middleware(Guard, listening=listening)])
    return app


def _routes(door: _Door, page: str, answers: Mapping[str, Handler]) -> list[Route]:
    """Return the routes of one member: the page, the link that opens it, and what the page asks (``GET next``)."""
    from starlette.routing import Route

    routes = []
    for what, answer in answers.items():
        method, _, path = what.partition(" ")
        routes.append(Route(f"{door.path}api/{path}", door.behind_cookie(answer), methods=[method]))
    return [*routes, Route(door.path, door.page(page)), Route(f"{door.path}{{token}}", door.enter(page))]


def _desk_answers(member: Member, desk: Desk) -> dict[str, Handler]:
    def start(_request: Request, _body: bytes) -> Any:
        return {"person": member.name, "desk": member.desk(desk.person.path), "words": words(desk.room), **desk.start()}

    def following(request: Request, _body: bytes) -> Any:
        key = desk.next(request.query_params.get("after"))
        return {**(desk.item(key) if key else {"item": None}), **desk.state()}

    def item(request: Request, _body: bytes) -> Any:
        return {**desk.item(request.path_params["key"]), **desk.state()}

    def label(_request: Request, body: bytes) -> Any:
        return {"label": desk.label(_read(body, desk.sends)).label_id, **desk.state()}

    def undo(_request: Request, body: bytes) -> Any:
        return {"item": desk.undo(_read(body, Undo)), **desk.state()}

    return {"GET start": start, "GET next": following, "GET item/{key}": item, "POST label": label, "POST undo": undo}


class _Door:
    """The way in to one member's page: the link sets a cookie, and what the page asks is answered with it alone."""

    def __init__(self, member: Member, store: Store, port: int, said: Callable[[Label | None], Any]) -> None:
        self._member, self._store, self._said = member, store, said
        self._cookie = f"hantei-{port}"
        self.path = member.path

    def behind_cookie(self, answer: Handler) -> Callable[[Request], Any]:
        """Return a route that answers with JSON, to the member alone, and turns errors into what the page can tell."""

        async def route(request: Request) -> Response:
            from starlette.concurrency import run_in_threadpool

            if not self._let_in(request):
                return json_reply({"error": "link"}, 403)
            body = await request.body()
            if len(body) > MOST_BYTES:
                return json_reply({"error": "long"}, 413)
            return await run_in_threadpool(self._answered, answer, request, body)

        return route

    def _answered(self, answer: Handler, request: Request, body: bytes) -> Response:
        with self._store.lock:
            try:
                return json_reply(answer(request, body))
            except StaleError as stale:
                current = stale.current
                told = {"label": current.label_id if current else None, "said": self._said(current)}
                return json_reply({"error": "stale", **told}, 409)
            except OSError as error:
                kind = "full" if error.errno in FULL else "disk"
                return json_reply({"error": kind, "why": error.strerror or str(error)}, 507)
            except (HanteiError, msgspec.DecodeError, UnicodeDecodeError) as error:
                return json_reply({"error": "wrong", "why": str(error)}, 400)

    def _let_in(self, request: Request) -> bool:
        return same_token(request.cookies.get(self._cookie), self._member)

    def page(self, name: str) -> Callable[[Request], Any]:
        """Return the route of the page, for who has the cookie."""

        async def route(request: Request) -> Response:
            return page_file(name) if self._let_in(request) else await no_link(request)

        return route

    def enter(self, name: str) -> Callable[[Request], Any]:
        """Return the route of the link: the page itself, and the cookie.

        It is no redirect: where a link was followed from another site, a strict cookie would not come along yet.
        """

        async def route(request: Request) -> Response:
            if not same_token(request.path_params["token"], self._member):
                return await no_link(request)
            reply = page_file(name)
            reply.set_cookie(
                self._cookie, self._member.token, path=self.path, httponly=True, samesite="strict", max_age=2**25
            )
            return reply

        return route


def _read(body: bytes, kind: type[Sent]) -> Sent:
    return msgspec.json.decode(body, type=kind)
