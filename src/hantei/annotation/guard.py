"""What every request passes: names and sites that are not meant are turned away, and every reply carries the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hantei.annotation.access import cross_site, host_allowed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MOST_BYTES = 100_000
"""Of what a page may send."""

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
