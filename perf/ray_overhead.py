"""What a run on a local Ray costs beside one in this process: the same file of answers, the same judge, the same bytes.

    python perf/ray_overhead.py [--rows 20000] [--cores 2]

Seconds are those of ``hantei.judge`` from file to report; Ray's own start is counted apart. On a machine of few
cores this shows the overhead of shards and tasks, and not what more machines would give.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from pathlib import Path

import ray

import hantei

JUDGE = "builtin?encoder=none"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    hantei.load_judge(JUDGE)
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
        seconds, made = {}, {}
        for name, options in (
            ("one process", hantei.Options(limits=hantei.Limits(workers=1))),
            (f"{given.cores} processes (--workers)", hantei.Options(limits=hantei.Limits(workers=given.cores))),
            ("Ray (--on ray)", hantei.Options(on="ray")),
        ):
            begun = time.perf_counter()
            run = hantei.judge(str(file), JUDGE, Path(folder) / name.partition(" ")[0], options)
            seconds[name] = time.perf_counter() - begun
            made[name] = run.judgments_path(JUDGE).read_bytes() + run.summary_path.read_bytes()
        first = next(iter(seconds.values()))
        for name, each in seconds.items():
            same = "" if made[name] == next(iter(made.values())) else "   OTHER BYTES"
            print(f"{name:<28}{each:>8.1f} s{given.rows / each:>9,.0f} rows/s{first / each:>7.2f} x{same}")


def write(path: Path, rows: int) -> None:
    text = "Thank you for asking; here is what I would do first, and why it is safe to try it at home tonight"
    words = text.split()
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            answer = " ".join(words[(number * 7 + place) % len(words)] for place in range(60 + number % 60))
            row = {"id": str(number), "prompt": f"Question {number}: what should I do?", "response": answer}
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
