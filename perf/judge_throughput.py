"""How fast ``hantei judge`` is from file to report, beside its bare judge and scikit-learn, and what memory it takes.

    python perf/judge_throughput.py [ROWS ...] [--compare 20000] [--encoder 400] [--repeats 3] [--workers 1]

Everything runs on one core, each measurement in a process of its own, on a JSONL file of pairs with answers of 100
English words drawn from the starter answers, so that their lengths and frequencies are those of real text. ``hantei
judge`` is the whole way, from the file to a finished run folder with summary and report, and once more the way to
judgments on the disk alone, as scikit-learn's does not report either; its start (imports) is not counted, nor is that
of the others. The bare judge turns texts that are in memory into features and scores, and writes
nothing. scikit-learn reads the same file and writes a line a pair: ``HashingVectorizer`` of question and answer, and
four linear heads as large as the judge's, once of words and pairs of words, which is enough for English, and once of
runs of one to three characters besides, which Japanese and Chinese need (the judge reads all three). Repeats take
turns; medians are compared. Of ``hantei judge`` the CPU time of each step is printed as well. With ``--workers N``
hantei has N cores more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hantei.benchmarks import starter_answers

WORDS = 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CHILD = """
import resource, sys, time
import jinja2, hantei.api, hantei.exchange.importing, hantei.judges.builtin.explain
from hantei.engine.limits import Limits
from hantei.judges import load_judge
from hantei.runs import opening
from hantei.tasks import carrying_out
from hantei.tasks.options import Options
taken, ended = {}, {}
def clocked(module, name):
    function = getattr(module, name)
    def step(*arguments, **options):
        start = time.process_time()
        found = function(*arguments, **options)
        taken[name], ended[name] = time.process_time() - start, time.perf_counter()
        return found
    setattr(module, name, step)
clocked(opening, "_make")
for name in ("_do_passes", "note_drift", "summary_of", "build_report"):
    clocked(carrying_out, name)
judge, workers = (sys.argv[3], int(sys.argv[4])) if len(sys.argv) > 3 else ("builtin?encoder=none", 1)
load_judge(judge)
start = time.perf_counter()
run = hantei.judge(sys.argv[1], judge, sys.argv[2], Options(limits=Limits(workers=workers)))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(seconds, ended["_do_passes"] - start, peak, *taken.values())
"""
STEPS = (
    "reading the file, prompts and responses written and indexed",
    "judging, judgments written and indexed",
    "drift",
    "summary",
    "report",
)
BARE = """
import json, sys, time
from hantei.judges.builtin.loading import load_named
from hantei.judges.builtin.model import Window
judge = load_named(sys.argv[2])
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
windows = [Window(row["prompt"], row["response"], 0) for row in rows]
judge.heads([Window("What?", "That, as it happens.", 0)], ["en"])
start = time.perf_counter()
judge.heads(windows, ["en"] * len(windows))
print(time.perf_counter() - start)
"""
SKLEARN = """
import itertools, json, sys, time
import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
kinds = [("word", (1, 2))] + ([("char_wb", (1, 3))] if sys.argv[3] == "characters" else [])
sides = [[HashingVectorizer(n_features=2**bits, analyzer=kind, ngram_range=run, alternate_sign=False, binary=True)
    for kind, run in kinds] for bits in (17, 16)]
width, draw = len(kinds) * (2**17 + 2**16), np.random.default_rng(0)
def head(classes):
    model = LogisticRegression()
    model.classes_ = np.arange(classes)
    model.coef_ = draw.normal(size=(1 if classes == 2 else classes, width))
    model.intercept_ = np.zeros(len(model.coef_))
    return model
heads = [head(classes) for classes in (2, 6, 3, 12)]
start = time.perf_counter()
with open(sys.argv[1], encoding="utf-8") as file, open(sys.argv[2], "w", encoding="utf-8") as out:
    rows = (json.loads(line) for line in file)
    while batch := list(itertools.islice(rows, 512)):
        texts = [row["response"] for row in batch], [row["prompt"] for row in batch]
        found = hstack([each.transform(part) for side, part in zip(sides, texts) for each in side], format="csr")
        said = [np.round(model.predict_proba(found), 4).tolist() for model in heads]
        for row, unsafe, *others in zip(batch, *said):
            line = {"id": row["id"], "unsafe": unsafe[1] >= 0.5, "p_unsafe": unsafe[1], "heads": others}
            out.write(json.dumps(line) + "\\n")
print(time.perf_counter() - start)
"""
SCIKIT = ("words", "characters")


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


def timed(code: str, *arguments: str, cores: int = 1) -> list[float]:
    allowed = set(sorted(os.sched_getaffinity(0))[:cores])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        env={**os.environ, **ONE_THREAD},
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return [float(number) for number in done.stdout.split()]


def judged(path: Path, judge: str, workers: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        return timed(CHILD, str(path), f"{folder}/run", judge, str(workers), cores=workers + (workers > 1))


def sizes(rows: list[int], workers: int) -> None:
    print(f"pairs of {WORDS}-word answers, file to report, builtin?encoder=none, {workers} worker(s)")
    print(f"{'rows':>10} {'seconds':>9} {'pairs/s':>9} {'peak MiB':>9}")
    for count in rows:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.jsonl"
            write_rows(path, count)
            seconds, _, peak, *steps = judged(path, "builtin?encoder=none", workers)
        print(f"{count:>10,} {seconds:>9.1f} {count / seconds:>9,.0f} {peak:>9.0f}", flush=True)
        print_steps([steps], count)


def print_steps(repeats: list[list[float]], rows: int) -> None:
    """Print the median CPU time of each step; that of other processes (``--workers``) is not in it."""
    for step, seconds in zip(STEPS, zip(*repeats, strict=True), strict=True):
        print(f"  {step:<62}{statistics.median(seconds) / rows * 1e6:>8.1f} us of CPU a row", flush=True)


def compare(judge: str, rows: int, repeats: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "rows.jsonl", Path(folder) / "out.jsonl"
        write_rows(path, rows)
        own, written = f"hantei judge, {workers} worker(s)", "  to judgments on the disk"
        ways: dict[str, Callable[[], list[float]]] = {
            own: partial(judged, path, judge, workers),
            "the bare judge": partial(timed, BARE, str(path), judge),
            **{f"scikit-learn, {kind}": partial(timed, SKLEARN, str(path), str(out), kind) for kind in SCIKIT},
        }
        taken: dict[str, list[float]] = {name: [] for name in (own, written, *ways)}
        steps: list[list[float]] = []
        for _ in range(repeats):
            for name, way in ways.items():
                seconds, *more = way()
                taken[name].append(seconds)
                if name == own:
                    taken[written].append(more[0])
                    steps.append(more[2:])
    rate = {name: rows / statistics.median(seconds) for name, seconds in taken.items()}
    print(f"\n{judge}, {rows:,} pairs, median of {repeats}")
    print(f"{'':<32}{'pairs/s':>9}{'least':>9}{'most':>9}{'report to it':>14}{'judgments to it':>17}")
    for name, each in rate.items():
        least, most = rows / max(taken[name]), rows / min(taken[name])
        print(
            f"{name:<32}{each:>9,.0f}{least:>9,.0f}{most:>9,.0f}{rate[own] / each:>14.0%}{rate[written] / each:>17.0%}",
            flush=True,
        )
    print_steps(steps, rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int, nargs="*")
    parser.add_argument("--compare", type=int, default=20_000)
    parser.add_argument("--encoder", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    if given.rows:
        sizes(given.rows, given.workers)
    if given.compare:
        compare("builtin?encoder=none", given.compare, given.repeats, given.workers)
    if given.encoder:
        compare("builtin", given.encoder, given.repeats, given.workers)


if __name__ == "__main__":
    main()
