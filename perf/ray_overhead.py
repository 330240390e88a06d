"""What a run on a local Ray costs beside one in this process: the same file of answers, the same judge, the same bytes.

    python perf/ray_overhead.py [--rows 20000] [--cores 2] [--judge "builtin?encoder=none"]

Seconds are those of ``hantei.judge`` from file to report; Ray's own start is counted apart, and so is what the process
that puts the run together takes of its own core, in microseconds a row. On a machine of few
cores this shows the overhead of shards and tasks, and not what more machines would give.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import tempfile
import time
from pathlib import Path

import ray

import hantei


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--judge", default="builtin?encoder=none")
    given = parser.parse_args()
    hantei.load_judge(given.judge)
    started = time.perf_counter()
    ray.init(
        num_cpus=given.cores,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )
    print(f"Ray started in {time.perf_counter() - started:.1f} s, with {given.cores} cores; {given.rows:,} rows")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.jsonl"
        write(file, given.rows)
        seconds, own, made = {}, {}, {}
        for name, options in (
            ("one process", hantei.Options(limits=hantei.Limits(workers=1))),
            (f"{given.cores} processes (--workers)", hantei.Options(limits=hantei.Limits(workers=given.cores))),
            ("Ray (--on ray)", hantei.Options(on="ray")),
        ):
            begun, begun_own = time.perf_counter(), time.process_time()
            run = hantei.judge(str(file), given.judge, Path(folder) / name.partition(" ")[0], options)
            seconds[name], own[name] = time.perf_counter() - begun, time.process_time() - begun_own
            made[name] = run.judgments_path(given.judge).read_bytes() + run.summary_path.read_bytes()
        first = next(iter(seconds.values()))
        for name, each in seconds.items():
            same = "" if made[name] == next(iter(made.values())) else "   OTHER BYTES"
            here = own[name] / given.rows * 1e6
            print(
                f"{name:<28}{each:>8.1f} s{given.rows / each:>9,.0f} rows/s{first / each:>7.2f} x"
                f"{here:>10.1f} us here{same}"
            )


def write(path: Path, rows: int) -> None:
    text = "Thank you for asking; here is what I would do first, and why it is safe to try it at home tonight"
    words = text.split()
    random.seed(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            answer = " ".join(random.choices(words, k=60 + number % 60))
            row = {"id": str(number), "prompt": f"Question {number}: what should I do?", "response": answer}
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
