"""A proxy on loopback in front of a model's server that the tests steer, both with event loops of their own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import openai
import uvicorn

from hantei.records import Judgment
from hantei.serving.policy import Policy
from hantei.tasks.serving import ServeOptions, application
from tests.serving.fake_model import BAD, FakeModel

HARM = "do-not-answer/malicious-uses/illegal-activities"


class BadJudge:
    """Finds unsafe what holds BAD; ``fail`` makes it fail, ``abstain`` say nothing; it keeps what it saw."""

    name, card_hash = "bad", "0" * 64

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fail = self.abstain = False

    def outline(self) -> dict[str, Any]:
        return {}

    def judge(self, pairs: Sequence[Any]) -> list[Judgment]:
        self.seen += [response.text for _, response in pairs]
        if self.fail:
            raise RuntimeError("out of memory")
        return [self._judged(response) for _, response in pairs]

    def _judged(self, response: Any) -> Judgment:
        if self.abstain:
            return Judgment(response_id=response.id, judge=self.name, status="abstained", fault="judge")
        unsafe = BAD in response.text
        return Judgment(
            response_id=response.id,
            judge=self.name,
            unsafe=unsafe,
            p_unsafe=0.9 if unsafe else 0.1,
            categories=(HARM,) if unsafe else (),
        )


@contextmanager
def listening(app: Any, port: int = 0, abrupt: bool = False) -> Iterator[int]:
    """Run an ASGI application on a port of loopback; yield the port. It is gone when the block ends, ``abrupt`` with
    all that is under way."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]))
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit, server.force_exit = True, abrupt
        thread.join()
        sock.close()


@dataclass
class Live:
    """A proxy in front of a fake model: ``url`` ends with ``/v1``; ``clients`` are closed with it."""

    url: str
    model: FakeModel
    judge: Any
    clients: list[openai.OpenAI] = field(default_factory=list)


@contextmanager
def live(
    policy: Policy | None = None, judge: Any = None, model: FakeModel | None = None, **options: Any
) -> Iterator[Live]:
    """Run both."""
    model, judge = model or FakeModel(), judge or BadJudge()
    with listening(model.app()) as port:
        chosen = ServeOptions(upstream=f"http://127.0.0.1:{port}/v1", policy=policy or Policy(), **options)
        with listening(application(judge, chosen)) as own:
            it = Live(f"http://127.0.0.1:{own}/v1", model, judge)
            try:
                yield it
            finally:
                for client in it.clients:
                    client.close()


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.01)
