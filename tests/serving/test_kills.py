"""Upstream is killed and started again under load: one reply or one typed error a request, and nothing unjudged."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import openai

from hantei.serving.policy import Policy
from hantei.tasks.serving import ServeOptions, application
from tests.serving.fake_model import BAD
from tests.serving.live import BadJudge, listening, until
from tests.serving.test_serve import REFUSAL

ROOT = Path(__file__).parents[2]
ANSWERS, CLIENTS, KILLS = 200, 12, 3


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def start(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.serving.fake_model", str(port)], cwd=ROOT)


def is_up(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


async def one(client: openai.AsyncOpenAI, number: int) -> tuple[str, Any]:
    """Return what became of a request: ``text``, ``cut`` (the text before an error) or ``error``."""
    question = f"{BAD if number % 3 == 0 else 'good'} question {number}"
    messages: Any = [{"role": "user", "content": question}]
    got = ""
    try:
        if number % 2:
            reply = await client.chat.completions.create(model="m", messages=messages)
            return "text", reply.choices[0].message.content
        async for part in await client.chat.completions.create(model="m", messages=messages, stream=True):
            got += "".join(choice.delta.content or "" for choice in part.choices)
            finished = any(choice.finish_reason for choice in part.choices)
        assert finished
        return "text", got
    except openai.APIError as error:
        return "error" if error.type in ("upstream_error", "upstream_timeout") else repr(error), got


async def load(url: str, kill: Any) -> tuple[int, list[tuple[str, Any]]]:
    """Return how many requests were made, and what became of each."""
    client = openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0, timeout=30)
    results: list[tuple[str, Any]] = []
    numbers = count()

    def answered() -> int:
        return sum(kind == "text" for kind, _ in results)

    async def worker() -> None:
        while answered() < ANSWERS:
            results.append(await one(client, next(numbers)))
            if results[-1][0] == "error":
                await asyncio.sleep(0.1)

    async def killer() -> None:
        for done in range(1, KILLS + 1):
            while answered() < done * ANSWERS // (KILLS + 1):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(kill)

    await asyncio.gather(killer(), *(worker() for _ in range(CLIENTS)))
    await client.close()
    return next(numbers), results


def test_each_request_gets_one_reply_or_one_typed_error_and_nothing_unjudged_leaves() -> None:
    port, judge = free_port(), BadJudge()
    running = [start(port)]

    def kill() -> None:
        running[-1].send_signal(signal.SIGKILL)
        running[-1].wait()
        running.append(start(port))
        until(lambda: is_up(port), 60)

    try:
        until(lambda: is_up(port), 60)
        options = ServeOptions(upstream=f"http://127.0.0.1:{port}/v1", policy=Policy(window=60), timeout_s=20)
        with listening(application(judge, options)) as own:
            made, results = asyncio.run(load(f"http://127.0.0.1:{own}/v1", kill))
    finally:
        running[-1].kill()
        running[-1].wait()
    assert len(results) == made
    assert sum(kind == "text" for kind, _ in results) >= ANSWERS
    assert sum(kind == "error" for kind, _ in results) >= KILLS
    judged = set(judge.seen)
    for kind, text in results:
        assert BAD not in text
        assert kind in ("text", "error")
        assert kind != "text" or text
        assert text in ("", REFUSAL["en"]) or any(seen.startswith(text) for seen in judged)
