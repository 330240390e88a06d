"""``hantei.run`` and ``hantei run`` from a server to a report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hantei import api
from hantei.engine.limits import Limits
from hantei.errors import RunError, UsageError
from hantei.models.base import Sampling
from hantei.runs.folder import load_run
from hantei.tasks.options import Options
from tests import servers
from tests.servers import Answer, FaultServer, Seen, fault_server


def chat(seen: Seen) -> Answer:
    """A model that answers, and a judge that gives everything a five."""
    return servers.ok("It is fine.\n\n[[5]]" if seen.body["model"] == "judge" else f"No. {seen.prompt}")


def benchmark(folder: Path, count: int) -> str:
    path = folder / "questions.jsonl"
    rows = [{"id": str(n), "prompt": f"Question {n}?", "language": "en", "intent": "harmful"} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def names(server: FaultServer) -> tuple[str, str]:
    return f"openai/m?base_url={server.url}", f"rubric@openai/judge?base_url={server.url}"


def test_from_a_server_to_a_report_and_the_same_again(tmp_path: Path) -> None:
    said: list[str] = []
    with fault_server(chat) as server:
        model, judge = names(server)
        for _ in range(2):
            run = api.run(model, benchmark(tmp_path, 20), judge, tmp_path / "run", say=said.append)
        assert len(server.calls) == 40
    assert [r.text for r in run.responses()] == [f"No. Question {n}?" for n in range(20)]
    assert {(j.status, j.score, j.unsafe) for j in run.judgments(judge)} == {("ok", 5, False)}
    info = run.info()
    assert [step.calls for step in info.steps] == [40, 0]
    assert (info.stopped, info.plan.models[0].model, info.plan.systems) == (None, model, ("openai/m",))
    told = [line for line in said if " from '" not in line]  # without the columns that were taken
    assert told[1].startswith("openai/m: 20 calls, about ")
    assert "cost unknown" in told[1]
    assert told[3] == "40 calls, 280 + 120 tokens, cost unknown"
    assert told[0] == told[4] == f"run folder: {tmp_path / 'run'}"
    assert told[5].startswith("openai/m: 0 calls")
    (rate,) = [rate for rate in run.summary().rates if rate.metric == "acceptable_rate" and set(rate.by) == {"judge"}]
    assert (rate.numerator, rate.denominator) == (20, 20)
    assert run.report_path.read_text().startswith("<!doctype html>")
    assert load_run(run.path).info() == info


def test_another_plan_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with fault_server(chat) as server:
        model, judge = names(server)
        questions = benchmark(tmp_path, 2)
        api.run(model, questions, judge, tmp_path / "run")
        with pytest.raises(RunError, match="--samples was 1, now 2"):
            api.run(model, questions, judge, tmp_path / "run", Options(samples=2))
        benchmark(tmp_path, 3)
        with pytest.raises(RunError, match=r"--benchmark was questions\.jsonl"):
            api.run(model, questions, judge, tmp_path / "run")
        assert len(server.calls) == 4


def test_what_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with fault_server(chat) as server:
        model, judge = names(server)
        questions = benchmark(tmp_path, 2)
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"samples": 0}, "--samples 0: expected at least 1"),
            ({"limit": 0}, "--limit 0: expected at least 1"),
            ({"limits": Limits(max_connections=0)}, "--max-connections 0"),
            ({"limits": Limits(timeout_s=0)}, "--timeout 0: expected more than 0"),
            ({"limits": Limits(max_cost=1)}, "--max-cost needs a price for openai/m"),
            ({"no_verdict": "guess"}, "--no-verdict guess"),
        ]
        for options, message in wrong:
            with pytest.raises(UsageError, match=message):
                api.run(model, questions, judge, tmp_path / "run", Options(**options))
        assert not (tmp_path / "run").exists()
        assert server.calls == []


def test_prices_of_the_users_own_and_max_cost(tmp_path: Path) -> None:
    with fault_server(chat) as server:
        model, judge = names(server)
        entry = '[[price]]\nmodel = "{}"\ninput = 0\noutput = 1000\ndate = 2026-01-01\nsource = "ours"\n'
        prices = tmp_path / "prices.toml"
        prices.write_text(entry.format(model) + entry.format(judge.partition("@")[2]))
        options = Options(prices=prices, limits=Limits(max_connections=2, max_cost=0.06))
        guess = api.forecast(model, benchmark(tmp_path, 100), judge, options=options)
        # 100 answers of 400 tokens and as many verdicts of 200, at a thousandth of a dollar each
        assert guess.cost == pytest.approx(60.0)
        assert server.calls == []
        run = api.run(model, benchmark(tmp_path, 100), judge, tmp_path / "run", options)
    info = run.info()
    assert "--max-cost 0.06 is reached" in str(info.stopped)
    assert 0.03 < (info.steps[0].cost or 0) <= 0.06 + 1e-9  # three tokens a call
    assert run.report_path.exists()


def test_samples_with_the_seed_of_the_models_name_differ(tmp_path: Path) -> None:
    with fault_server(chat) as server:
        model, judge = names(server)
        options = Options(samples=3, sampling=Sampling(temperature=1.0, max_tokens=50))
        api.run(f"{model}&seed=7", benchmark(tmp_path, 1), judge, tmp_path / "run", options)
        asked = [call.body for call in server.calls if call.body["model"] == "m"]
        assert sorted(body["seed"] for body in asked) == [7, 8, 9]
        assert {(body["temperature"], body["max_tokens"]) for body in asked} == {(1.0, 50)}


def test_a_wrong_key_leaves_a_report_and_one_clear_line(tmp_path: Path) -> None:
    with fault_server([servers.error(401, "Incorrect API key provided")]) as server:
        model, judge = names(server)
        with pytest.raises(RunError, match=r"the first call failed.*auth.*Check the key"):
            api.run(model, benchmark(tmp_path, 500), judge, tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert "the first call failed" in str(run.info().stopped)
    assert run.report_path.exists()


def test_a_wrong_model_and_few_prompts_leave_a_report_and_one_clear_line(tmp_path: Path) -> None:
    said: list[str] = []
    with fault_server([servers.error(404, "model not found")]) as server:
        model, _ = names(server)
        with pytest.raises(RunError, match=r"asked model openai/m.*3 calls.*model not found\. Check the name"):
            api.run(model, benchmark(tmp_path, 3), "builtin", tmp_path / "run", say=said.append)
    assert "failed calls: 3 not-found (the last: HTTP 404" in said[-1]
    assert load_run(tmp_path / "run").report_path.exists()


COMMAND = """
import sys
import typer
from hantei.cli.run import run
app = typer.Typer()
app.command("run")(run)
app.callback()(lambda: None)
from hantei.cli import app as module
module.app = app
from hantei.cli import main
main()
"""


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "run", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_prints_rates_and_resumes_where_it_was(tmp_path: Path) -> None:
    with fault_server(chat) as server:
        model, judge = names(server)
        arguments = ["--model", model, "--benchmark", benchmark(tmp_path, 30), "--judge", judge, "--limit", "10"]
        for _ in range(2):
            child = command(tmp_path, *arguments, "--json")
            out, err = child.communicate(timeout=60)
            assert child.returncode == 0, err
        assert len(server.calls) == 20
        estimated = command(tmp_path, *arguments, "--samples", "2", "--estimate")
        assert "20 calls" in estimated.communicate(timeout=60)[0]
        assert len(server.calls) == 20
    assert json.loads(out)["run"].startswith("runs/")
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_ctrl_c_on_the_command_leaves_a_report(tmp_path: Path) -> None:
    with fault_server(lambda seen: replace(chat(seen), delay_s=0.02)) as server:
        model, judge = names(server)
        arguments = ["--model", model, "--benchmark", benchmark(tmp_path, 5_000), "--judge", judge, "--out", "run"]
        child = command(tmp_path, *arguments)
        while len(server.calls) < 200:
            assert child.poll() is None, child.communicate()
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "what was finished is kept" in err
    assert "Traceback" not in err
    run = load_run(tmp_path / "run")
    assert run.info().stopped == "stopped by hand (Ctrl-C); the same command goes on from there"
    assert 50 < len(list(run.responses())) < 5_000
    assert run.report_path.exists()
