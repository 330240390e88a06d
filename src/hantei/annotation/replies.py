"""Replies of the labelling page's server: JSON, the page's files, what it says in each language."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import msgspec

from hantei import cards

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LANGUAGES = ("en", "ja", "zh")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


def json_reply(data: Any, status: int = 200) -> Response:
    """Return data as JSON."""
    from starlette.responses import Response

    try:
        content = msgspec.json.encode(data)
    except UnicodeEncodeError:  # a lone surrogate of an answer
        content = json.dumps(msgspec.to_builtins(data)).encode()
    return Response(content, status, media_type="application/json")


async def no_link(_request: Request) -> Response:
    """Say that a page is opened by its link."""
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("hantei: open the link that hantei annotate printed for you\n", 403)


async def static(request: Request) -> Response:
    """Return a file of the page."""
    from starlette.responses import PlainTextResponse

    name = request.path_params["name"]
    return page_file(name) if name in _pages() else PlainTextResponse("hantei: no such file\n", 404)


def page_file(name: str) -> Response:
    """Return a file of the page by its name, which it has."""
    from starlette.responses import Response

    return Response(_pages()[name].read_bytes(), media_type=_TYPES[name[name.rindex(".") :]])


@cache
def _pages() -> dict[str, Traversable]:
    """Return the files of the page by name; colours and type are the report's."""
    there = {entry.name: entry for entry in (files("hantei.annotation") / "page").iterdir()}
    return {**there, "base.css": files("hantei.reports") / "assets" / "base.css"}


@cache
def words(room: str = "labels") -> dict[str, Any]:
    """Return what the page says, by language: ``words/LANGUAGE.toml``, for drafts with ``words/reviews.LANGUAGE.toml``
    over it."""
    folder = files("hantei.annotation") / "words"
    names = [""] if room == "labels" else ["", f"{room}."]
    return {one: _merged([_words(folder / f"{name}{one}.toml") for name in names]) for one in LANGUAGES}


def _words(file: Traversable) -> dict[str, Any]:
    return cards.parse(file.read_text(encoding="utf-8"), file.name)


def _merged(tables: list[dict[str, Any]]) -> dict[str, Any]:
    """Return tables of words one over the other; what stands in a table within them, too."""
    found: dict[str, Any] = {}
    for table in tables:
        for name, value in table.items():
            found[name] = {**found.get(name, {}), **value} if isinstance(value, dict) else value
    return found
