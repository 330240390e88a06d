"""How calls a second grow with the servers of one model: 1, 2 and 4 loopback servers, beside the ideal.

    python perf/pool_throughput.py [--seconds 5] [--rounds 3]

Each server is a process of its own that answers every call after 200 ms; 16 calls go to each at a time, so that one
answers at most 80 calls a second, and the ideal is so many times the servers. Only asking is measured: prompts from a
file to answers on the disk, without a judge. The last line has one more server that is down all the time.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from ask_throughput import Loopback, write_prompts

CONNECTIONS, DELAY_S = 16, 0.2
ONE = CONNECTIONS / DELAY_S

RUN = """
import sys, time
import hantei
import hantei.tasks.carrying_out as working
from hantei.engine.limits import Limits
from hantei.tasks.options import Options
servers, prompts, out = sys.argv[1:]
finish, asked = working.finish, []
def finish_later(*arguments):
    asked.append(time.perf_counter())
    finish(*arguments)
working.finish = finish_later
start = time.perf_counter()
run = hantei.run("openai/model?base_url=" + servers, prompts, [], out, Options(limits=Limits(max_connections=16)))
assert {response.status for response in run.responses()} == {"ok"}, "not everything was answered"
print(asked[0] - start)
"""


def seconds(urls: list[str], prompts: Path) -> float:
    """Return the seconds of one run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", RUN, ",".join(urls), str(prompts), f"{folder}/run"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return float(done.stdout.split()[-1])


def nobody() -> str:
    """Return the address of a server that is down."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{'servers':>12}{'calls':>8}{'calls/s':>9}{'ideal':>7}{'of ideal':>10}   (median of {given.rounds})")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        up = [stack.enter_context(Loopback(DELAY_S)) for _ in range(4)]
        for count, down in ((1, 0), (2, 0), (4, 0), (4, 1)):
            calls = int(given.seconds * ONE * count)
            prompts = Path(folder) / f"{count}.jsonl"
            write_prompts(prompts, calls)
            urls = [*[nobody()] * down, *up[:count]]
            taken = statistics.median(seconds(urls, prompts) for _ in range(given.rounds))
            name = f"{count}{' and 1 down' if down else ''}"
            each, ideal = calls / taken, ONE * count
            print(f"{name:>12}{calls:>8,}{each:>9,.0f}{ideal:>7,.0f}{each / ideal:>10.0%}")


if __name__ == "__main__":
    main()
