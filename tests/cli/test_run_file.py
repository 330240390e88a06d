"""``hantei run FILE.toml``, ``hantei judge FILE.toml`` and ``--save``: a file says what a command line can."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import hantei
from hantei.runs.folder import load_run
from hantei.tasks.named import name_and_rest
from hantei.tasks.run_file import load_run_file
from tests import servers
from tests.commands import hantei as command
from tests.servers import Answer, Seen, fault_server

KEY = "sk-abcdefghijklmnopqrstuvwxyz012345"


def chat(seen: Seen) -> Answer:
    return servers.ok(
        "It is fine.\n\n[[5]]" if seen.body["model"] == "judge" else f"{seen.body['model']}: no. {seen.prompt}"
    )


def questions(folder: Path, name: str, count: int) -> None:
    rows = [{"id": str(n), "prompt": f"{name} {n}?", "language": "en", "intent": "harmful"} for n in range(count)]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def evaluation(folder: Path, url: str, count: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    questions(folder, "a", count)
    questions(folder, "b", 2)
    path = folder / "evaluation.toml"
    path.write_text(
        f"""
title = "Release 3"
out = "out"
samples = 1
temperature = 0.5
fail_if = ["acceptable_rate[judge=strict].low > 0.01"]

[[model]]
name = "small"
model = "openai/m?base_url={url}"

[[model]]
name = "large"
model = "openai/n?base_url={url}"
temperature = 0

[[benchmark]]
benchmark = "a.jsonl"

[[benchmark]]
name = "other"
benchmark = "b.jsonl"

[[judge]]
name = "strict"
judge = "rubric@openai/judge?base_url={url}"
"""
    )
    return path


def test_a_file_of_models_benchmarks_and_judges_is_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with fault_server(chat) as server:
        path = evaluation(tmp_path / "plans", server.url)
        estimated = command("run", str(path), "--estimate")
        assert "small: 5 calls" in estimated.output
        assert "large: 5 calls" in estimated.output
        assert "strict, at most: 10 calls" in estimated.output
        assert not server.calls
        done = command("run", str(path))
        assert done.exit_code == 3, done.output
        assert "--fail-if held: strict" in done.output
        assert len(server.calls) == 20
        assert hantei.run_file(path).path == tmp_path / "plans" / "out"
        assert len(server.calls) == 20
        assert {c.body["model"]: c.body.get("temperature") for c in server.calls if "judge" not in c.body["model"]} == {
            "m": 0.5,
            "n": 0,
        }
    run = load_run(tmp_path / "plans" / "out")
    assert run.judges() == ["strict"]
    assert {j.judge for j in run.judgments("strict")} == {"strict"}
    info = run.info()
    assert info.judges["strict"].full_name == f"rubric@openai/judge?base_url={server.url}"
    assert {(r.system, r.prompt_id) for r in run.responses()} == {
        (system, prompt) for system in ("small", "large") for prompt in ("0", "1", "2", "other:0", "other:1")
    }
    page = run.report_path.read_text()
    assert "<title>Release 3" in page
    assert f"strict = rubric@openai/judge?base_url={server.url}" in page, "what a short name stands for is said"
    assert "127.0.0.1" not in done.output, "no table and no line repeats an address"


def test_what_a_command_line_says_is_saved_and_the_same_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    questions(tmp_path, "a", 2)
    with fault_server(chat) as server:
        line = [
            *("--model", f"small=openai/m?base_url={server.url}", "--benchmark", "a.jsonl"),
            *("--judge", f"strict=rubric@openai/judge?base_url={server.url}", "--judge", "builtin?encoder=none"),
            *("--temperature", "0.2", "--samples", "2", "--map", "prompt=prompt", "--out", "mine"),
        ]
        saved = command("run", *line, "--save", "plans/evaluation.toml")
        assert saved.exit_code == 0, saved.output
        assert not server.calls
        assert command("run", *line).exit_code == 0
        asked = len(server.calls)
        again = command("run", "plans/evaluation.toml")
        assert again.exit_code == 0, again.output
        assert len(server.calls) == asked == 8, "the file is the same plan: everything was there"
    assert load_run_file("plans/evaluation.toml").benchmarks() == ["plans/../a.jsonl"]
    refused = command("run", *line, "--save", "plans/evaluation.toml")
    assert (refused.exit_code, "is there already" in refused.output) == (2, True)


def test_an_option_goes_before_the_file(tmp_path: Path) -> None:
    path = evaluation(tmp_path, "http://127.0.0.1:9/v1")
    said = command("run", str(path), "--limit", "1", "--judge", "builtin", "--estimate")
    assert "small: 2 calls" in said.output
    assert "strict" not in said.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('modle = "x"\n', "modle: no such field; did you mean 'model'?"),
        ('[[model]]\nmodel = "openai/m"\ntemprature = 1\n', "model[1].temprature: no such field; did you mean 'temper"),
        ("max-connections = 3\n", "did you mean 'max_connections'?"),
        ('[[model]]\nname = "x"\n', "model[1].model: missing"),
        (f'[[model]]\nmodel = "openai/m"\napi_key = "{KEY}"\n', "model[1].api_key: it looks like a key"),
        (f'[[judge]]\njudge = "rubric@openai/m?x={KEY}"\n', "judge[1].judge: it looks like a key"),
        ("samples = 'two'\n", "samples: expected a whole number, got a text"),
        ("fail_if = 'flagged_rate > 0'\n", "fail_if: expected a list, got a text"),
        ("[[model]\n", "not TOML"),
        ("", "expected a model to ask"),
        ('[[model]]\nmodel = "openai/m"\n', "expected a benchmark"),
        ('answers = ["a.csv"]\n', "it names answers that exist: hantei judge"),
    ],
)
def test_what_a_file_may_not_say_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "evaluation.toml"
    path.write_text(text)
    said = command("run", str(path), "--estimate")
    assert said.exit_code == 2
    assert message in said.output
    assert KEY not in said.output
    assert said.output.count("\n") == 1


@pytest.mark.parametrize("name", ["../x", "=cmd()", "a,b", "a/b", "", " ", "-x", "x" * 300])
@pytest.mark.parametrize("option", ["model", "benchmark", "judge"])
def test_a_short_name_that_is_none_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {"model": "openai/m?base_url=http://127.0.0.1:1/v1", "benchmark": "starter:en", "judge": "builtin"}
    named[option] = f"{name}={named[option]}"
    done = command("run", "--out", "run", *(part for flag, what in named.items() for part in (f"--{flag}", what)))
    shown = (name.partition("=")[0] or "=")[:80]
    expected = "expected a name of up to 60 letters, digits, spaces and _ . ( ) + -"
    assert done.exit_code == 2
    assert done.output.endswith(f"hantei: the short name '{shown}': {expected}\n")
    assert not (tmp_path / "run").exists()


def test_a_sign_of_equality_in_a_path_or_a_models_name_is_no_short_name(tmp_path: Path) -> None:
    file = tmp_path / "lr=0.1/prompts.jsonl"
    file.parent.mkdir()
    file.touch()
    for text in (
        str(file),
        str(file.parent),
        "hf//weights/lr=0.1/last",
        "openai/m?base_url=http://h/v1",
        "r?a=b@openai/m",
    ):
        assert name_and_rest(text) == ("", text)


def test_answers_are_judged_by_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plans").mkdir()
    for name in ("gpt", "claude"):
        (tmp_path / "plans" / f"{name}.csv").write_text("id,prompt,response\n1,Hello there my friend?,I am fine\n")
    (tmp_path / "plans" / "judging.toml").write_text(
        'answers = ["gpt.csv", "claude.csv"]\nout = "out"\n[[judge]]\nname = "small"\njudge = "builtin?encoder=none"\n'
    )
    done = command("judge", "plans/judging.toml")
    assert done.exit_code == 0, done.output
    run = load_run("plans/out")
    assert run.judges() == ["small"]
    assert sorted(response.system for response in run.responses()) == ["claude", "gpt"]


def test_two_judges_of_one_name_are_refused_and_another_behind_a_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id,prompt,response\n1,Hello there my friend?,I am fine\n")
    twice = command("judge", "a.csv", "--judge", "x=builtin", "--judge", "x=builtin?encoder=none")
    assert "two different judges are called x" in twice.output
    assert command("judge", "a.csv", "--judge", "x=builtin?encoder=none", "--out", "run").exit_code == 0
    other = command("judge", "run", "--judge", "x=builtin")
    assert (other.exit_code, "judged by another version of x" in other.output) == (2, True)


def test_kills_of_several_models_pay_nothing_twice(tmp_path: Path) -> None:
    with fault_server(lambda seen: replace(chat(seen), delay_s=0.01)) as server:
        path = evaluation(tmp_path, server.url, count=150)
        text = path.read_text().replace("fail_if", "max_connections = 4\n#")
        path.write_text(text)
        source = os.pathsep.join([str(Path(hantei.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])

        def start() -> subprocess.Popen[bytes]:
            silent = subprocess.DEVNULL
            env = {**os.environ, "PYTHONPATH": source}
            return subprocess.Popen(
                [sys.executable, "-m", "hantei", "run", str(path)], env=env, stdout=silent, stderr=silent
            )

        for kill_at in (150, 350):
            child = start()
            while len(server.calls) < kill_at and child.poll() is None:
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
            child.wait()
        assert start().wait(timeout=120) == 0
        asked = Counter((call.body["model"], call.prompt) for call in server.calls)
    run = load_run(tmp_path / "out")
    assert sum(1 for _ in run.responses()) == 304
    assert all(judgment.status == "ok" for judgment in run.judgments("strict"))
    # At most the four calls in flight at each of the two kills, with those that their verdicts took before.
    assert sum(asked.values()) - len(asked) <= 16
