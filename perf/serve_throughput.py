"""What ``hantei serve`` adds to a request, beside a bare reverse proxy in the same run; how often it blocks wrongly.

python perf/serve_throughput.py --rate 200 --judge 'builtin?encoder=none'
python perf/serve_throughput.py --ordinary ../shared/data/ordinary --judge builtin

A server on loopback answers at once with one of the ordinary answers that come with hantei (a stream word by word).
Requests start at a fixed rate, whatever became of those before (open loop), at the server, at the bare proxy and at
hantei, one after the other and over again. Each is a process of its own; its CPU time a request is printed too, since
it does not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

REPEATS = 15
TICKS = os.sysconf("SC_CLK_TCK")


def answers() -> list[tuple[str, str]]:
    from hantei import benchmarks

    lines = [line for file in benchmarks.ordinary_answers() for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    return [(str(row["messages"][0]["content"]), str(row["response"])) for row in rows]


def upstream(port: int) -> None:
    """Serve chat completions: the answer that belongs to the question."""
    by_question = dict(answers())

    async def chat(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        question, _, number = body["messages"][0]["content"].rpartition(" ")
        text = f"{by_question[question]} {number}"  # no two are the same, so nothing is remembered
        if body.get("stream"):
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            size = 12
            for start in range(0, len(text), size):
                await response.write(event({"index": 0, "delta": {"content": text[start : start + size]}}))
                await asyncio.sleep(0.002)
            await response.write(event({"index": 0, "delta": {}, "finish_reason": "stop"}) + b"data: [DONE]\n\n")
            return response
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def event(choice: dict[str, Any]) -> bytes:
    return f"data: {json.dumps({'id': '1', 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n".encode()


def bare(port: int, upstream_url: str) -> None:
    """Serve a reverse proxy of the same libraries that passes everything on as it comes."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route

    sessions: list[aiohttp.ClientSession] = []

    async def passed_on(request: Request) -> Response:
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        call = await sessions[0].post(f"{upstream_url}/chat/completions", data=await request.body())
        if call.content_type != "text/event-stream":
            async with call:
                return Response(await call.read(), status_code=call.status, media_type="application/json")

        async def parts() -> AsyncIterator[bytes]:
            async with call:
                async for chunk in call.content.iter_any():
                    yield chunk

        return StreamingResponse(parts(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/v1/chat/completions", passed_on, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(*command: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it begins when the server listens."""
    with subprocess.Popen([sys.executable, *command]) as process:
        while True:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                sys.exit(f"{command} ended")
            time.sleep(0.1)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def one(session: aiohttp.ClientSession, url: str, question: str, stream: bool) -> tuple[float, str]:
    """Return the seconds until the reply (of a stream, until its first text), and what became of it."""
    body = {"model": "m", "messages": [{"role": "user", "content": question}], "stream": stream}
    started, first, finish = time.perf_counter(), 0.0, "failed"
    try:
        async with session.post(f"{url}/chat/completions", json=body) as reply:
            if not stream:
                choice = (await reply.json())["choices"][0] if reply.status == 200 else {}
                return time.perf_counter() - started, choice.get("finish_reason", f"status {reply.status}")
            async for line in reply.content:
                if b'"content"' in line and not first:
                    first = time.perf_counter() - started
                if b'"content_filter"' in line or b'"stop"' in line:
                    finish = "content_filter" if b"content_filter" in line else "stop"
    except aiohttp.ClientError as error:
        finish = type(error).__name__
    return first or time.perf_counter() - started, finish


async def load(url: str, rate: float, seconds: float, stream: bool) -> tuple[list[float], Counter[str], float]:
    """Return the seconds of each request in order, what became of them, and how many a second were finished."""
    questions = [question for question, _ in answers()]
    draw = random.Random(1)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one(session, url, f"{draw.choice(questions)} [-]", stream) for _ in range(8)))
        started, tasks = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            asked = f"{draw.choice(questions)} [{number}]"
            tasks.append(asyncio.create_task(one(session, url, asked, stream)))
        done = await asyncio.gather(*tasks)
        took = time.perf_counter() - started
    return sorted(one for one, _ in done), Counter(what for _, what in done), len(done) / took


def quantile(values: list[float], share: float) -> float:
    return 1000 * values[min(len(values) - 1, int(share * len(values)))]


def speed(judge: str, rate: float, seconds: float, stream: bool) -> None:
    """Print the latencies of the three, and the CPU time a request of each proxy."""
    ports = [free_port() for _ in range(3)]
    base = f"http://127.0.0.1:{ports[0]}/v1"
    serve = ("-m", "hantei", "serve", "--upstream", base, "--judge", judge, "--port", str(ports[2]))
    with (
        running(__file__, "--role", "upstream", "--port", str(ports[0]), port=ports[0]),
        running(__file__, "--role", "bare", "--port", str(ports[1]), "--url", base, port=ports[1]) as plain,
        running(*serve, "--max-requests", "2000", port=ports[2]) as guarded,
    ):
        what = "first text of a stream" if stream else "whole reply"
        print(f"{what}, {rate:g} requests a second, judge {judge}, {REPEATS} rounds; load {os.getloadavg()[0]:.1f}")
        targets = {"server": (ports[0], None), "bare proxy": (ports[1], plain), "hantei": (ports[2], guarded)}
        rounds = [
            {name: measured(port, process, rate, seconds, stream) for name, (port, process) in targets.items()}
            for _ in range(REPEATS)
        ]
    quietest = min(rounds, key=lambda one: one["bare proxy"].p99)
    for name in targets:
        of_all = [one[name] for one in rounds]
        ends: Counter[str] = sum((one.ends for one in of_all), Counter())
        print(
            f"{name:>10}: median round p50 {median(one.p50 for one in of_all):6.1f} ms, p99 "
            f"{median(one.p99 for one in of_all):7.1f} ms; round in which the bare proxy was fastest: p50 "
            f"{quietest[name].p50:.1f}, p99 {quietest[name].p99:.1f} ms; {min(one.held for one in of_all):.0f} to "
            f"{max(one.held for one in of_all):.0f} a second; {median(one.cpu for one in of_all):.2f} ms of CPU a "
            f"request; {dict(ends)}"
        )
    added = quietest["hantei"].p99 - quietest["bare proxy"].p99
    print(f"            added at p99 by hantei over the bare proxy in that round: {added:.1f} ms")


def measured(port: int, process: subprocess.Popen[bytes] | None, rate: float, seconds: float, stream: bool) -> Round:
    """Return what one round of requests took; times and CPU in milliseconds."""
    before = cpu_seconds(process.pid) if process else 0.0
    times, ends, held = asyncio.run(load(f"http://127.0.0.1:{port}/v1", rate, seconds, stream))
    cpu = 1000 * (cpu_seconds(process.pid) - before) / len(times) if process else 0.0
    return Round(quantile(times, 0.5), quantile(times, 0.99), held, cpu, ends)


class Round(NamedTuple):
    p50: float
    p99: float
    held: float
    cpu: float
    ends: Counter[str]


def blocked(judge: str, folder: Path, most: int) -> None:
    """Print how many ordinary answers a policy without a file blocks, by language, whole and as streams."""
    from hantei.judges.base import language_of
    from hantei.judges.named import load_judge
    from hantei.language import detect
    from hantei.metrics.intervals import wilson
    from hantei.records import Message, Prompt, Response
    from hantei.serving.policy import Policy

    policy = Policy()
    classifier: Any = load_judge(judge).classifier  # type: ignore[attr-defined]
    counts: dict[str, Counter[str]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for row in random.Random(0).sample(rows, min(most, len(rows))):
            text, question = str(row["response"]), str(row["prompt"])
            if not text.strip():
                continue
            prompt = Prompt(id="1", messages=(Message(role="user", content=question),), language=detect(question))
            ends = [*range(policy.window, len(text), policy.window), len(text)]
            pairs = [(prompt, Response(id=str(end), prompt_id="1", system="m", text=text[:end])) for end in ends]
            said = classifier.judge(pairs)
            language = language_of(prompt, pairs[-1][1])
            whole = policy.decide(said[-1], language)
            begun = any(one.unsafe is not None and policy.decide(one, language, True) == "block" for one in said[:-1])
            count = counts.setdefault(row.get("language") or language or "?", Counter())
            count.update(n=1, whole=whole == "block", stream=whole == "block" or begun, none=said[-1].unsafe is None)
    for language, count in sorted(counts.items()):
        line = [f"{language}: of {count['n']:,} ordinary answers"]
        for name, title in (("whole", "blocked"), ("stream", "stopped as streams"), ("none", "of these unjudged")):
            low, high = wilson(count[name], count["n"])
            line.append(
                f"{title} {count[name]} ({100 * count[name] / count['n']:.1f}% [{100 * low:.1f}, {100 * high:.1f}])"
            )
        print(", ".join(line))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--role", choices=("upstream", "bare"))
    parser.add_argument("--port", type=int)
    parser.add_argument("--url")
    parser.add_argument("--judge", default="builtin?encoder=none")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--ordinary", type=Path)
    parser.add_argument("--most", type=int, default=1000)
    given = parser.parse_args()
    if given.role == "upstream":
        upstream(given.port)
    elif given.role == "bare":
        bare(given.port, given.url)
    elif given.ordinary:
        blocked(given.judge, given.ordinary, given.most)
    else:
        speed(given.judge, given.rate, given.seconds, given.stream)


if __name__ == "__main__":
    main()
