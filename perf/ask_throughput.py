"""How fast ``hantei run`` asks and judges, beside a bare aiohttp loop and beside Inspect AI, on one loopback server.

    python perf/ask_throughput.py [--prompts 4000] [--inspect-python PYTHON] [--memory]

The server is a process of its own that answers every call after 50 ms; 64 calls are in flight. ``hantei`` is the whole
path, from a file of prompts to judged lines on disk, and once more with summary and report; its start (imports) is not
counted, nor is that of the others. Two settings: judged by ``builtin`` (one call an answer), and by an LLM judge on the
same server (two calls an answer). The bare loop makes as many calls and throws the replies away. Inspect runs as it
comes but for its 64 connections, and tuned (no real-time log, no samples in the log), on a quarter of the prompts (its
seconds are scaled); it is left out where it is not installed. ``--memory`` prints the peak memory of runs of 1,000,
10,000 and 100,000 prompts on a server without delay.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

IN_FLIGHT = 64
DELAY_S = 0.05
ANSWER = "I cannot help with that, but here is how to find support in your area."
VERDICT = "The answer declines and refers to support.\n\n[[5]]"
LLM_JUDGE = "rubric@openai/judge?base_url={url}"

HANTEI = """
import resource, sys, time
import aiohttp
import hantei.api, hantei.judges.builtin.explain
import hantei.tasks.carrying_out as working
from hantei.judges import load_judge
load_judge(sys.argv[4])
url, prompts, out, judge = sys.argv[1:]
finish, judged = working.finish, []
def finish_later(*arguments):
    judged.append(time.perf_counter())
    finish(*arguments)
working.finish = finish_later
start = time.perf_counter()
run = hantei.run("openai/model?base_url=" + url, prompts, judge, out)
ended = time.perf_counter()
assert {j.status for j in run.judgments(judge)} == {"ok"}, "not everything was judged"
print(judged[0] - start, ended - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

BARE = """
import asyncio, json, sys, time
import aiohttp
url, path, calls_each = sys.argv[1], sys.argv[2], int(sys.argv[3])
prompts = [json.loads(line)["prompt"] for line in open(path, encoding="utf-8")]
async def work(session, todo):
    while todo:
        prompt = todo.pop()
        for _ in range(calls_each):
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]}).encode()
            async with session.post(url + "/chat/completions", data=body) as reply:
                json.loads(await reply.read())
async def main():
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as session:
        await asyncio.gather(*(work(session, prompts) for _ in range(64)))
start = time.perf_counter()
asyncio.run(main())
print(time.perf_counter() - start)
"""

INSPECT = """
import json, os, sys, tempfile, time
url, path, calls_each, tuned = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "tuned"
os.environ["OPENAI_API_KEY"] = "none"
os.environ["INSPECT_DISPLAY"] = "none"
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import includes, model_graded_qa
from inspect_ai.solver import generate
samples = [Sample(input=json.loads(line)["prompt"], target="support") for line in open(path, encoding="utf-8")]
model = get_model("openai/model", base_url=url, responses_api=False)
judge = get_model("openai/judge", base_url=url, responses_api=False)
scorer = includes() if calls_each == 1 else model_graded_qa(model=judge, grade_pattern=r"\\[\\[(5)\\]\\]")
settings = {"log_realtime": False, "log_samples": False} if tuned else {}
start = time.perf_counter()
with tempfile.TemporaryDirectory() as folder:
    task = Task(dataset=samples, solver=generate(), scorer=scorer)
    (log,) = eval(task, model=model, max_connections=64, log_dir=folder, display="none", **settings)
assert log.status == "success", log.error
print(time.perf_counter() - start)
"""


class Server(asyncio.Protocol):
    """The least that speaks HTTP/1.1: reads requests with a Content-Length, answers each after the delay."""

    delay_s = DELAY_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, blank, rest = self._buffer.partition(b"\r\n\r\n")
            if not blank:
                return
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            judges = b'"judge"' in rest[:length]
            asyncio.get_running_loop().call_later(self.delay_s, self._answer, VERDICTS if judges else ANSWERS)

    def _answer(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


def completion(text: str) -> bytes:
    body = json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "model",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 15, "total_tokens": 35},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


ANSWERS, VERDICTS = completion(ANSWER), completion(VERDICT)


async def serve(delay_s: float) -> None:
    Server.delay_s = delay_s
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Loopback:
    """The server as a process. Use as a context manager; ``url`` is its base URL."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s

    def __enter__(self) -> str:
        command = [sys.executable, __file__, "--serve", str(self._delay_s)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        port = next(iter(self._process.stdout or []))
        return f"http://127.0.0.1:{port.strip()}/v1"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def write_prompts(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            question = f"Question {number}: how do I stay safe at home when there is a storm outside tonight?"
            row = {"id": str(number), "prompt": question, "language": "en", "intent": "benign"}
            file.write(json.dumps(row) + "\n")


def measured(python: str, code: str, *arguments: str) -> list[float]:
    done = subprocess.run([python, "-c", code, *arguments], capture_output=True, text=True, env=dict(os.environ))
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return [float(number) for number in done.stdout.split()[-3:]]


def hantei(url: str, prompts: Path, judge: str) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        return measured(sys.executable, HANTEI, url, str(prompts), f"{folder}/run", judge)


def has_inspect(python: str) -> bool:
    return subprocess.run([python, "-c", "import inspect_ai, openai"], capture_output=True).returncode == 0


def compare(url: str, prompts: Path, count: int, judge: str, calls_each: int, inspect: str | None) -> None:
    print(f"\n{count:,} prompts judged by {judge.partition('?')[0]}: {calls_each} call(s) an answer")
    print(f"{'':<36}{'seconds':>9}{'samples/s':>11}{'calls/s':>9}{'to bare':>9}")
    bare = measured(sys.executable, BARE, url, str(prompts), str(calls_each))[0] / count
    judged, reported, _ = hantei(url, prompts, judge)
    rows = [("bare aiohttp loop", bare), ("hantei run, prompt to judged line", judged / count)]
    rows.append(("  with summary and report", reported / count))
    if inspect:
        few, some = prompts.with_name("few.jsonl"), max(200, count // 4)
        write_prompts(few, some)
        for how in ("as it comes", "tuned"):
            seconds = measured(inspect, INSPECT, url, str(few), str(calls_each), how.partition(" ")[0])[0]
            rows.append((f"Inspect AI, {how} ({some:,})", seconds / some))
    for name, each in rows:
        print(f"{name:<36}{each * count:>9.1f}{1 / each:>11,.0f}{calls_each / each:>9,.0f}{bare / each:>9.0%}")
    for name, each in rows[3:]:
        print(f"hantei makes {each / rows[1][1]:.1f} times the samples a second of {name}")


def memory() -> None:
    print(f"\n{'prompts':>9}{'seconds':>9}{'peak MiB':>10}   (server without delay, judged by builtin)")
    with Loopback(0.0) as url, tempfile.TemporaryDirectory() as folder:
        for count in (1_000, 10_000, 100_000):
            path = Path(folder) / "prompts.jsonl"
            write_prompts(path, count)
            _, seconds, peak = hantei(url, path, "builtin?encoder=none")
            print(f"{count:>9,}{seconds:>9.1f}{peak:>10.0f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=4_000)
    parser.add_argument("--inspect-python", default=sys.executable)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--serve", type=float)
    given = parser.parse_args()
    if given.serve is not None:
        asyncio.run(serve(given.serve))
        return
    inspect = given.inspect_python if has_inspect(given.inspect_python) else None
    if inspect is None:
        print("Inspect AI is not installed here: pip install inspect-ai openai")
    with Loopback(DELAY_S) as url, tempfile.TemporaryDirectory() as folder:
        prompts = Path(folder) / "prompts.jsonl"
        write_prompts(prompts, given.prompts)
        compare(url, prompts, given.prompts, "builtin?encoder=none", 1, inspect)
        compare(url, prompts, given.prompts, LLM_JUDGE.format(url=url), 2, inspect)
    if given.memory:
        memory()


if __name__ == "__main__":
    main()
