"""``hantei run`` against a server that nobody here wrote: ``transformers serve`` with a tiny model made on the spot.

The model has random weights, so that its answers and verdicts are letters without meaning: what is tested is that
every one of them arrives, is counted and is never taken for a verdict.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

from hantei.records import Rate, Response
from hantei.runs.folder import Run, load_run
from tests.models.tiny import make_model, make_tokenizer

MISSING = [name for name in ("fastapi", "uvicorn", "openai", "accelerate") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"transformers[serving] is not installed: {', '.join(MISSING)}")

PROMPTS = 12
CONNECTIONS = 4
START_S, END_S = 120, 120
# Without the refusal of system prompts that the shared tiny model has: a judge's card may send one.
TEMPLATE = (
    "{% for m in messages %}<{{ 'bot' if m.role == 'assistant' else 'user' }}>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<bot>{% endif %}"
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with room for a judge's prompt, whose answers have two letters at least and end by themselves soon."""
    settings = {"do_sample": True, "min_new_tokens": 2, "exponential_decay_length_penalty": (4, 2.0)}
    no_letters = make_tokenizer().convert_tokens_to_ids(["<pad>", "<user>", "<bot>", " ", "\n", "?"])
    path = make_model(tmp_path_factory.mktemp("tiny"), TEMPLATE, suppress_tokens=no_letters, **settings)
    config = path / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "max_position_embeddings": 16_384}))
    return path


@dataclass(frozen=True)
class Server:
    """A running ``transformers serve``: the model that it serves, its port and its log."""

    model: Path
    port: int
    log: Path

    def named(self, model: str | None = None) -> str:
        """The name by which hantei asks it; ``model`` in place of the one that is served."""
        return f"openai/{quote(model or str(self.model))}?base_url=http://127.0.0.1:{self.port}/v1"

    def received(self) -> int:
        """How many calls have reached the model, those of clients that are gone by now included."""
        return self.log.read_text().count("[Request received]")

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def environment() -> dict[str, str]:
    """One thread: a tiny model on several waits for them more than it computes."""
    path = os.pathsep.join([str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def server(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tiny, free_port(), tmp_path_factory.mktemp("server") / "log.txt")
    serve = "from transformers.cli.transformers import main; main()"
    where = ["--host", "127.0.0.1", "--port", str(found.port), "--device", "cpu"]
    with (
        found.log.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", serve, "serve", str(tiny), *where], env=environment(), stdout=log, stderr=log
        ) as child,
    ):
        try:
            until = time.monotonic() + START_S
            while not found.answers():
                assert child.poll() is None, found.log.read_text()
                assert time.monotonic() < until, found.log.read_text()
                time.sleep(0.1)
            yield found
        finally:
            child.kill()


def start(folder: Path, model: str, *arguments: str, limit: int = PROMPTS) -> subprocess.Popen[str]:
    """Start ``hantei run`` in ``folder``, writing into its ``run``."""
    fixed = ["--benchmark", "starter", "--limit", str(limit), "--max-tokens", "16", "--out", "run"]
    connections = ["--max-connections", str(CONNECTIONS)]
    return subprocess.Popen(
        [sys.executable, "-m", "hantei", "run", "--model", model, *fixed, *connections, *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(child: subprocess.Popen[str], *codes: int) -> str:
    """Wait for the command; return what it wrote for people after checking how it ended."""
    with child:
        try:
            out, err = child.communicate(timeout=END_S)
        finally:
            child.kill()
    assert child.returncode in codes, out + err
    assert "Traceback" not in out + err
    return err


def answers(run: Run, limit: int = PROMPTS) -> list[Response]:
    """The answers of a finished run, checked to be one line for each prompt, in the order of the prompts."""
    found = list(run.responses())
    assert len(run.responses_path.read_bytes().splitlines()) == limit
    assert [response.prompt_id for response in found] == [prompt.id for prompt in run.prompts()]
    assert len(found) == limit
    return found


def overall(run: Run, metric: str, judge: str) -> Rate:
    (rate,) = [r for r in run.summary().rates if r.metric == metric and r.by == {"judge": judge}]
    return rate


def test_from_a_real_server_to_a_judged_report(server: Server, tmp_path: Path) -> None:
    before = server.received()
    finished(start(tmp_path, server.named(), "--judge", "builtin"), 0)
    assert server.received() - before == PROMPTS
    run = load_run(tmp_path / "run")
    for response in answers(run):
        assert response.status == "ok"
        # Newer versions of transformers leave out the revision.
        assert response.served_model in (str(server.model), f"{server.model}@main")
        # One token a letter, and one for the end.
        assert 2 <= len(response.text) == response.usage["output"] - 1
        assert response.usage["input"] > 2
    judged = list(run.judgments("builtin"))
    assert [judgment.status for judgment in judged] == ["ok"] * PROMPTS
    assert overall(run, "flagged_rate", "builtin").denominator == PROMPTS
    (step,) = run.info().steps
    assert (step.calls, step.failures, step.stopped) == (PROMPTS, {}, None)
    page = run.report_path.read_text()
    assert page.startswith("<!doctype html>")
    assert "en-012" in page


@pytest.mark.parametrize(("card", "metric"), [("rubric", "flagged_rate"), ("qwen3guard", "violation_rate")])
def test_letters_are_no_verdict(server: Server, tmp_path: Path, card: str, metric: str) -> None:
    judge = f"{card}@{server.named()}"
    before = server.received()
    finished(start(tmp_path, server.named(), "--judge", judge, "--keep-going"), 1)
    run = load_run(tmp_path / "run")
    judged = list(run.judgments(judge))
    assert [judgment.response_id for judgment in judged] == [response.id for response in answers(run)]
    for judgment in judged:
        assert (judgment.status, judgment.fault) == ("unparsed", "parser")
        assert {judgment.unsafe, judgment.score, judgment.p_unsafe, judgment.refusal} == {None}
        assert len(judgment.attempts) == 3  # the first reply and two more, all of them letters
        assert all(reply.isalpha() for reply in judgment.attempts)
    assert server.received() - before == PROMPTS + 3 * PROMPTS
    rate = overall(run, metric, judge)
    assert (rate.rate, rate.denominator, sum(rate.no_verdict.values())) == (None, 0, PROMPTS)
    assert (rate.bound_low, rate.bound_high) == (0, 1)


def test_after_a_kill_every_prompt_is_answered_once(server: Server, tmp_path: Path) -> None:
    limit = 100
    path = tmp_path / "run" / "responses.jsonl"
    before = server.received()
    child = start(tmp_path, server.named(), limit=limit)
    until = time.monotonic() + END_S
    while not path.exists() or path.read_bytes().count(b"\n") < 10:
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < until, "no answers came"
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    finished(child, -signal.SIGKILL)
    kept = path.read_bytes().splitlines(keepends=True)
    whole = [line for line in kept if line.endswith(b"\n")]
    assert 10 <= len(whole) < limit - CONNECTIONS, "killed in the middle"

    finished(start(tmp_path, server.named(), limit=limit), 0)
    # Answers are sampled: one that had been asked for again would be another.
    assert set(whole) <= set(path.read_bytes().splitlines(keepends=True))
    run = load_run(tmp_path / "run")
    assert {response.status for response in answers(run, limit)} == {"ok"}
    assert len(list(run.judgments("builtin"))) == limit
    asked = server.received() - before
    assert limit <= asked <= limit + CONNECTIONS
    finished(start(tmp_path, server.named(), limit=limit), 0)
    assert server.received() - before == asked


def test_a_wrong_model_ends_with_one_clear_line(server: Server, tmp_path: Path) -> None:
    err = finished(start(tmp_path, server.named("wrong")), 2)
    (line,) = [line for line in err.splitlines() if line.startswith("hantei: ")]
    assert "bad-request" in line
    assert "requested 'wrong'" in line
    assert "heck the name of the model" in line
    assert load_run(tmp_path / "run").report_path.exists()


def test_a_wrong_model_of_the_judge_keeps_the_answers(server: Server, tmp_path: Path) -> None:
    judge = f"rubric@{server.named('wrong')}"
    err = finished(start(tmp_path, server.named(), "--judge", judge, limit=40), 2)
    (line,) = [line for line in err.splitlines() if line.startswith("hantei: ")]
    assert "requested 'wrong'" in line
    run = load_run(tmp_path / "run")
    assert {judgment.status for judgment in run.judgments(judge)} == {"error"}
    kept = {response.id: response.text for response in run.responses()}
    assert kept
    # With a judge that works the run goes on: none of its answers is asked for again.
    before = server.received()
    finished(start(tmp_path, server.named(), limit=40), 0, 1)  # 1 where the report still counts the first judge
    assert server.received() - before == 40 - len(kept)
    assert kept.items() <= {response.id: response.text for response in answers(run, 40)}.items()


def test_a_dead_port_ends_with_one_clear_line(tmp_path: Path) -> None:
    err = finished(start(tmp_path, f"openai/m?base_url=http://127.0.0.1:{free_port()}/v1"), 2)
    (line,) = [line for line in err.splitlines() if line.startswith("hantei: ")]
    assert "connection: 127.0.0.1" in line
    assert "check that the server runs" in line.lower()


def test_in_process_and_over_http_one_model_says_the_same(server: Server, tmp_path: Path) -> None:
    both = []
    for name in (server.named(), f"hf/{quote(str(server.model))}"):
        folder = tmp_path / name.partition("/")[0]
        folder.mkdir()
        finished(start(folder, name, "--temperature", "0"), 0)
        both.append([(r.text, r.status, r.usage) for r in answers(load_run(folder / "run"))])
    assert both[0] == both[1]
    assert len({text for text, _, _ in both[0]}) > 1
