"""Several processes that start at once with one new folder: one makes it and works on it, the others say so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from hantei.runs.folder import load_run
from tests import servers
from tests.measured import Measured
from tests.servers import Answer, Seen, fault_server

PROMPTS = 40
STARTS = 3


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "hantei", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def commands(kind: str, folder: Path, url: str) -> list[str]:
    rows = [{"id": str(n), "prompt": f"Question {n}?", "language": "en", "intent": "harmful"} for n in range(PROMPTS)]
    if kind == "run":
        (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return ["run", "--model", f"openai/m?base_url={url}", "--benchmark", "questions.jsonl"]
    (folder / "answers.jsonl").write_text("".join(json.dumps({**row, "response": "No."}) + "\n" for row in rows))
    return ["judge", "answers.jsonl", "--judge", f"rubric@openai/m?base_url={url}"]


@pytest.mark.parametrize("kind", ["run", "judge"])
def test_of_three_that_start_at_once_one_wins_and_its_run_is_whole(tmp_path: Path, kind: str) -> None:
    others_ended = threading.Event()

    def answer(seen: Seen) -> Answer:
        others_ended.wait(30)  # the one that won is still at work while the others find the folder
        return servers.ok("It is fine.\n\n[[5]]")

    (tmp_path / "link").symlink_to(tmp_path / "new")
    with fault_server(answer) as server:
        command = commands(kind, tmp_path, server.url)
        children = [start(tmp_path, *command, "--out", out) for out in ("new", "link", "./new")]
        patience = time.monotonic() + 30
        while sum(child.poll() is not None for child in children) < STARTS - 1 and time.monotonic() < patience:
            time.sleep(0.05)
        others_ended.set()
        ended = [(child.communicate(timeout=60), child.returncode) for child in children]
        assert len(server.calls) == PROMPTS
    assert sorted(code for _, code in ended) == [0, 2, 2]
    for (_, err), code in ended:
        assert ("another hantei is writing this run; wait for it to end" in err) == (code == 2)
    run = load_run(tmp_path / "new")
    assert len({response.id for response in run.responses()}) == PROMPTS
    (judge,) = run.judges()
    assert len({judgment.response_id for judgment in run.judgments(judge)}) == PROMPTS
    files = {"new", "link", "questions.jsonl" if kind == "run" else "answers.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == files


@pytest.mark.long
def test_starts_that_are_not_held_apart_leave_one_whole_run(tmp_path: Path, measured: Measured) -> None:
    """Three at a time, as fast as the machine starts them, on 2,000 prompts: whoever says it is done is right."""
    trials, codes = 10, Counter[int]()
    rows = [{"id": str(n), "prompt": f"Question {n}?", "language": "en", "intent": "harmful"} for n in range(2_000)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with fault_server([servers.ok("It is fine.")]) as server:
        command = ["run", "--model", f"openai/m?base_url={server.url}", "--benchmark", "questions.jsonl"]
        for trial in range(trials):
            before = len(server.calls)
            children = [start(tmp_path, *command, "--out", f"new-{trial}") for _ in range(STARTS)]
            for child in children:
                _, err = child.communicate(timeout=300)
                assert child.returncode == 0 or "another hantei is writing this run" in err
                if child.returncode == 0:
                    assert len(list(load_run(tmp_path / f"new-{trial}").responses())) == len(rows)
                codes[child.returncode] += 1
            assert len(server.calls) - before == len(rows)  # nobody asked what another had asked
    found = ", ".join(f"{count} ended with {code}" for code, count in sorted(codes.items()))
    measured(
        f"{trials} times {STARTS} starts of `hantei run` at once, 2,000 prompts, one new folder",
        f"{found}; each run whole, each prompt asked once",
    )
