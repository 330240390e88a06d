"""What ``hantei judge`` takes where there are very many rows, or very many systems and harm types.

    python perf/scale.py [--rows 1000000] [--systems 200] [--harms 300] [--folder FOLDER]

Rows of short answers are judged by ``builtin?encoder=none``, from JSON lines to a run folder with summary and report,
in a process of its own. Printed are its time, its peak memory, and the sizes of ``summary.json`` and the page. Of each
prompt every system has an answer, and prompts take turns among the harm types.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from judge_throughput import CHILD, ONE_THREAD, vocabulary

WORDS = 20


def write_rows(path: Path, rows: int, systems: int, harms: int) -> None:
    words = vocabulary()
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            prompt, system = divmod(number, systems)
            harm = prompt % harms
            at = (number * 7919) % (len(words) - WORDS)
            row = {
                "id": str(prompt),
                "model": f"system-{system:03}",
                "prompt": f"{' '.join(words[prompt % 900 : prompt % 900 + 8])} ({prompt})?",
                "response": " ".join(words[at : at + WORDS]),
                "language": "en",
                "intent": "harmful",
                "harm": f"mine/area-{harm // 25:02}/type-{harm:03}",
            }
            file.write(json.dumps(row) + "\n")


def measure(rows: int, systems: int, harms: int, folder: Path) -> None:
    path, run = folder / "rows.jsonl", folder / "run"
    write_rows(path, rows, systems, harms)
    command = [sys.executable, "-c", CHILD, str(path), str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **ONE_THREAD})
    seconds, peak, *_ = map(float, done.stdout.split())
    sizes = [(run / name).stat().st_size / 1e6 for name in ("summary.json", "report.html")]
    files = sum(one.stat().st_size for one in run.rglob("*") if one.is_file()) / 1e6
    print(
        f"{rows:>12,}{systems:>9,}{harms:>7,}{seconds:>9.0f}{seconds / rows * 1e6:>9.0f}{peak:>10.0f}"
        f"{sizes[0]:>12.2f}{sizes[1]:>9.2f}{files:>9.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--harms", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder by default")
    given = parser.parse_args()
    print(
        f"{'rows':>12}{'systems':>9}{'harms':>7}{'seconds':>9}{'us a row':>9}{'peak MiB':>10}{'summary MB':>12}"
        f"{'page MB':>9}{'run MB':>9}"
    )
    for rows in given.rows:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            measure(rows, given.systems, given.harms, Path(folder))


if __name__ == "__main__":
    main()
