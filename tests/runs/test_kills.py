"""SIGKILL at any moment of ``hantei judge``, again and again: nothing written is lost, nothing is left behind."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from hantei.runs.folder import Run, load_run
from tests.measured import Measured

JUDGE = "builtin?encoder=none"
"""The built-in judge without its sentence encoder: thousands of answers a second."""


class Killing:
    """Runs ``hantei judge`` on a file of rows and kills it at random moments; counts what the kills met."""

    def __init__(self, folder: Path, rows: int, seed: int, workers: int = 1) -> None:
        self.workers = 1
        self.folder, self.draw, self.met = folder, random.Random(seed), Counter[str]()
        lines = (
            {
                "id": str(n),
                "prompt": f"Is {n} even?",
                "response": f"The number {n} is " + "very " * self.draw.randrange(40),
            }
            for n in range(rows)
        )
        (folder / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        started = time.monotonic()
        assert self._start("whole").wait() == 0
        self.seconds = time.monotonic() - started
        self.whole = load_run(folder / "whole")
        self.workers = workers

    def _start(self, out: str) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "hantei", "judge", "rows.jsonl", "--judge", JUDGE, "--out", out]
        command += ["--workers", str(self.workers)]
        silent = subprocess.DEVNULL
        env = {**os.environ, "PYTHONPATH": path}
        return subprocess.Popen(command, cwd=self.folder, env=env, stdout=silent, stderr=silent)

    def kill_until_done(self, kills: int) -> int:
        """Start and kill at most so many times, then let it end; return how many kills met a process at work."""
        run, done = Run(self.folder / f"killed-{sum(self.met.values())}"), 0
        while done < kills:
            before = lines(run)
            child = self._start(run.path.name)
            try:
                child.wait(timeout=self.draw.uniform(0.1, self.seconds))
                break
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                done += 1
            after = lines(run)
            assert not before - after, "a kill lost lines that had been written"
            self.met[moment(run)] += 1
        assert self._start(run.path.name).wait() == 0
        self._check(run)
        return done

    def _check(self, run: Run) -> None:
        for path in (
            "prompts.jsonl",
            "responses.jsonl",
            str(run.judgments_path(JUDGE).relative_to(run.path)),
            "summary.json",
        ):
            assert (run.path / path).read_bytes() == (self.whole.path / path).read_bytes(), path
        assert {path.name for path in self.folder.iterdir() if path.name.startswith(".")} == set()


def lines(run: Run) -> set[bytes]:
    """Return the whole lines that a judge's file holds."""
    path = run.judgments_path(JUDGE)
    return set(path.read_bytes().split(b"\n")[:-1]) if path.exists() else set()


def moment(run: Run) -> str:
    """Return how far a run had come when it was killed."""
    if not run.path.exists():
        return "before the folder was made"
    if not lines(run):
        return "before the first verdict"
    return "between" if len(lines(run)) < sum(1 for _ in run.responses()) else "after the last verdict"


def test_some_kills_lose_nothing(tmp_path: Path) -> None:
    assert Killing(tmp_path, rows=1_000, seed=5).kill_until_done(4) > 0


@pytest.mark.parametrize("workers", [2, 3])
def test_several_processes_write_the_same_bytes_as_one_whatever_kills_them(tmp_path: Path, workers: int) -> None:
    killing = Killing(tmp_path, rows=2_000, seed=workers, workers=workers)
    assert killing.kill_until_done(2) > 0
    assert killing.kill_until_done(0) == 0  # and undisturbed


@pytest.mark.long
def test_two_hundred_kills_lose_nothing(tmp_path: Path, measured: Measured) -> None:
    killing, kills = Killing(tmp_path, rows=20_000, seed=8), 0
    while kills < 200:
        kills += killing.kill_until_done(200 - kills)
    met = ", ".join(f"{count} {where}" for where, count in sorted(killing.met.items()))
    measured("SIGKILL at random moments of `hantei judge` on 20,000 rows", f"{kills} kills ({met}): no line lost")
