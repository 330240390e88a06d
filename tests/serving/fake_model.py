"""A model's server that the tests steer; ``python -m tests.serving.fake_model PORT`` is one that can be killed."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BAD = "BAD"
SAFE = " ".join(f"word{number}" for number in range(40))


@dataclass
class FakeModel:
    """A chat server: answers with ``text``, word by word where a stream is asked for.

    ``message`` is merged into the message, ``by_question`` says BAD late where the question does; ``pause_s`` lies
    between the parts of a stream; ``open`` counts calls under way, ``sent`` the parts of streams; ``bodies`` and
    ``headers`` are what it was asked.
    """

    text: str = "All is well."
    message: dict[str, Any] = field(default_factory=dict)
    again: str | None = None
    pause_s: float = 0.0
    delay_s: float = 0.0
    status: int = 200
    cut: bool = False
    by_question: bool = False
    open: int = 0
    sent: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/models", self.models),
            ]
        )

    async def models(self, _request: Request) -> Response:
        model = {"id": "m", "object": "model", "created": 1, "owned_by": "x"}
        return JSONResponse({"object": "list", "data": [model]})

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if self.status != 200:
            return JSONResponse({"error": {"message": "no", "code": "because"}}, self.status)
        text = self.text
        if self.again is not None and len(body["messages"]) > 2:
            text = self.again
        if self.by_question:
            text = f"{SAFE} {BAD} {SAFE}" if BAD in str(body["messages"][0]["content"]) else SAFE
        if body.get("stream"):
            return StreamingResponse(self.parts(text, body), media_type="text/event-stream")
        self.open += 1
        try:
            end = time.monotonic() + self.delay_s
            while time.monotonic() < end and not await request.is_disconnected():
                await asyncio.sleep(min(self.delay_s, 0.02))
        finally:
            self.open -= 1
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, **self.message},
            "finish_reason": "tool_calls" if "tool_calls" in self.message else "stop",
        }
        return JSONResponse({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE})

    async def parts(self, text: str, body: dict[str, Any]) -> AsyncIterator[str]:
        self.open += 1
        try:
            words = text.split(" ")
            for number, word in enumerate(words):
                delta = {"content": word if number == len(words) - 1 else word + " "}
                yield self.event([{"index": 0, "delta": delta, "finish_reason": None}])
                self.sent += 1
                await asyncio.sleep(self.pause_s)
            for call in self.message.get("tool_calls", []):
                yield self.event([{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}])
            if self.cut:
                return
            yield self.event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
            if (body.get("stream_options") or {}).get("include_usage"):
                yield self.event([], usage=USAGE)
            yield "data: [DONE]\n\n"
        finally:
            self.open -= 1

    def event(self, choices: list[dict[str, Any]], **more: Any) -> str:
        return f"data: {json.dumps({**HEAD, 'object': 'chat.completion.chunk', 'choices': choices, **more})}\n\n"


HEAD: dict[str, Any] = {"id": "chatcmpl-1", "created": 1, "model": "m"}
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


if __name__ == "__main__":
    app = FakeModel(by_question=True, pause_s=0.002, delay_s=0.05).app()
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
