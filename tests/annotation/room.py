"""A run to label, a person at a desk, and requests to the page without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.record_lines import to_line
from hantei.records import Message, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.info import new_info
from hantei.runs.plan import Plan


def made_run(path: Path, answers: int = 3, text: str = "answer {n}") -> Run:
    """Make a run folder with so many answers of the system ``m``, judged by nobody."""
    path.mkdir(parents=True)
    run = Run(path)
    prompts = [Prompt(id=f"q{n}", messages=(Message(role="user", content=f"question {n}"),)) for n in range(answers)]
    run.prompts_path.write_bytes(b"".join(map(to_line, prompts)))
    responses = [Response(id=f"m/q{n}/0", prompt_id=f"q{n}", system="m", text=text.format(n=n)) for n in range(answers)]
    run.responses_path.write_bytes(b"".join(map(to_line, responses)))
    run.write_info(new_info(Plan()))
    return run


@dataclass(frozen=True)
class Reply:
    """What came back of a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    app: Any, method: str, path: str, body: Any = None, headers: Mapping[str, str | None] | None = None
) -> Reply:
    """Send one request to an ASGI application as the page itself would; a header of None is left out."""
    given: dict[str, str | None] = {"host": "127.0.0.1:8137", "sec-fetch-site": "same-origin"}
    if method == "POST":
        given |= {"origin": "http://127.0.0.1:8137", "content-type": "application/json"}
    given |= dict(headers or {})
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    raw = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    place, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": raw,
        "server": ("127.0.0.1", 8137),
        "client": ("127.0.0.1", 50000),
    }
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent if method == "POST" else b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    asyncio.run(app(scope, receive, send))
    head = {name.decode(): value.decode() for name, value in got[0]["headers"]}
    return Reply(got[0]["status"], head, b"".join(message.get("body", b"") for message in got[1:]))
