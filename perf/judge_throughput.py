"""How fast ``hantei judge --judge 'builtin?encoder=none'`` is with reading and writing, and what memory it takes.

    python perf/judge_throughput.py [ROWS ...]

Each size is judged in a process of its own, on one core, from a JSONL file of pairs with answers of 100 English words
to a finished run folder with summary and report. Peak memory is that of the process. The words are drawn from the
starter answers, so their lengths and frequencies are those of real text.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from hantei.benchmarks import starter_answers

WORDS = 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CHILD = """
import resource, sys, time
import hantei
start = time.perf_counter()
run = hantei.judge(sys.argv[1], "builtin?encoder=none", sys.argv[2])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(seconds, peak)
"""


def vocabulary() -> list[str]:
    (english,) = (path for path in starter_answers() if path.name == "answers.en.jsonl")
    with english.open(encoding="utf-8") as file:
        return [word for line in file for word in json.loads(line)["response"].split()]


def write_rows(path: Path, rows: int) -> None:
    draw, words = random.Random(0), vocabulary()
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            start = [draw.randrange(len(words) - 10) for _ in range(WORDS // 10)]
            answer = " ".join(" ".join(words[at : at + 10]) for at in start)
            question = " ".join(words[start[0] : start[0] + 12]) + f" ({number})?"
            file.write(json.dumps({"id": str(number), "prompt": question, "response": answer}) + "\n")


def measure(rows: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, rows)
        core = min(os.sched_getaffinity(0))
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), str(Path(folder) / "run")],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            env={**os.environ, **ONE_THREAD},
        )
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    print(f"pairs of {WORDS}-word answers, one core, file to report")
    print(f"{'rows':>10} {'seconds':>9} {'pairs/s':>9} {'peak MiB':>9}")
    for rows in [int(text) for text in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        seconds, peak = measure(rows)
        print(f"{rows:>10,} {seconds:>9.1f} {rows / seconds:>9,.0f} {peak:>9.0f}")


if __name__ == "__main__":
    main()
