"""The engine against a real server on loopback: storms of failures, and kills at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hantei.models import load_model
from hantei.record_lines import read_records
from hantei.records import Response
from tests import servers
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import Asking, FakeAskingJudge
from tests.servers import Answer, FaultServer, Seen, fault_server

FAULTS: list[Callable[[], Answer]] = [
    servers.rate_limited,
    lambda: servers.rate_limited(0.02),
    servers.server_error,
    lambda: servers.server_error(503),
    servers.bad_json,
    servers.empty_choices,
    servers.wrong_types,
    servers.cut_off,
    servers.reset,
]
IN_FLIGHT = 16


class Storm:
    """A plan for the server: a share of all calls fails in mixed ways; ``good`` counts the calls that did not."""

    def __init__(self, share: float, delay_s: float = 0.0) -> None:
        self.share, self.delay_s = share, delay_s
        self.good: Counter[str] = Counter()
        self._draw = random.Random(1)

    def __call__(self, seen: Seen) -> Answer:
        if self._draw.random() < self.share:
            return self._draw.choice(FAULTS)()
        self.good[seen.prompt] += 1
        return servers.ok(f"A: {seen.prompt}", delay_s=self.delay_s)


def test_a_storm_over_http_leaves_2000_answers(tmp_path: Path) -> None:
    storm, asking, judge = Storm(0.3), Asking(tmp_path, 2_000), KeywordJudge()
    with fault_server(storm) as server:
        outcome = asking.drive(load_model(f"openai/m?base_url={server.url}"), judge)
    assert outcome.stopped is None
    responses = list(asking.run.responses())
    assert [(r.prompt_id, r.status, r.text) for r in responses] == [(str(n), "ok", f"A: Q{n}") for n in range(2_000)]
    assert storm.good == {f"Q{n}": 1 for n in range(2_000)}
    assert len(server.calls) - 2_000 == sum(outcome.meter.failures.values()) > 600
    assert {"rate-limit", "server", "bad-reply", "connection"} == set(outcome.meter.failures)
    assert len(judge.asked) == 2_000


def test_a_storm_over_the_judge_leaves_2000_verdicts(tmp_path: Path) -> None:
    storm, asking = Storm(0.3), Asking(tmp_path, 300)
    with fault_server(storm) as server:
        model = load_model(f"openai/m?base_url={server.url}")
        asking.drive(model, FakeAskingJudge(model))
        calls = len(server.calls)
        asking.drive(model, FakeAskingJudge(model))
        assert len(server.calls) == calls
    judgments = list(asking.run.judgments("fake@fake/model"))
    assert [(j.status, j.unsafe) for j in judgments] == [("ok", False)] * 300
    assert sum(storm.good.values()) == 600
    assert set(storm.good.values()) == {1}


def test_a_wrong_key_costs_a_few_calls(tmp_path: Path) -> None:
    with fault_server([servers.error(401, "Incorrect API key")]) as server:
        outcome = Asking(tmp_path, 1_000).drive(load_model(f"openai/m?base_url={server.url}"), KeywordJudge())
    assert "Check the key" in str(outcome.error)
    assert len(server.calls) <= 4


CHILD = """
import sys
from pathlib import Path
from hantei.models import load_model
from hantei.engine.limits import Limits
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import Asking
folder, count, url, connections = sys.argv[1:]
limits = Limits(max_connections=int(connections), backoff_s=0.001, longest_backoff_s=0.01)
outcome = Asking(Path(folder), int(count)).drive(load_model("openai/m?base_url=" + url), KeywordJudge(), limits=limits)
assert outcome.stopped is None, outcome.stopped
"""


def start(folder: Path, count: int, server: FaultServer) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", CHILD, str(folder), str(count), server.url, str(IN_FLIGHT)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, cwd=root)


def killed_after(child: subprocess.Popen[bytes], storm: Storm, answers: int) -> bool:
    """Kill a child once the server gave so many more answers; False if it was done before."""
    goal = sum(storm.good.values()) + answers
    while sum(storm.good.values()) < goal:
        if child.poll() is not None:
            return False
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return True


def on_disk(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return {f"Q{r.prompt_id}" for r in read_records(path, Response) if r.status == "ok"}


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_kills_at_random_moments_repeat_at_most_the_calls_in_flight(tmp_path: Path, share: float) -> None:
    count, storm, draw, kills = 2_000, Storm(share, delay_s=0.005), random.Random(2), 0
    written: set[str] = set()
    with fault_server(storm) as server:
        while True:
            child, before = start(tmp_path, count, server), len(server.calls)
            killed = killed_after(child, storm, draw.randrange(50, 700))
            asked_again = {seen.prompt for seen in server.calls[before:]} & written
            assert asked_again == set(), "an answer that was written was asked for again"
            if not killed:
                break
            kills += 1
            time.sleep(0.05)  # let the server notice
            written = on_disk(tmp_path / "run" / "responses.jsonl")
            assert len(set(storm.good) - written) <= IN_FLIGHT
    assert child.returncode == 0
    assert kills >= 3
    assert sum(storm.good.values()) - count <= kills * IN_FLIGHT
    asking = Asking(tmp_path, count)
    assert [r.prompt_id for r in asking.run.responses()] == [str(n) for n in range(count)]
    assert [j.response_id for j in asking.run.judgments("keyword")] == [r.id for r in asking.run.responses()]
    assert all(j.status == "ok" for j in asking.run.judgments("keyword"))
