"""``inspect eval hantei/...`` as a user starts it: another process, no network, the answers made up."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from typing import cast

import pytest

from hantei.benchmarks import card_names, load_benchmark
from hantei.exchange import import_run
from hantei.metrics.intervals import wilson

pytest.importorskip("inspect_ai", reason="the extra 'inspect' is not installed")
if "hantei" not in entry_points(group="inspect_ai").names:
    pytest.skip("hantei is not installed with its entry points: pip install -e .", allow_module_level=True)

from inspect_ai.log import EvalLog, read_eval_log

COMMAND = "from inspect_ai._cli.main import main; main()"
TIKTOKEN = """
class _Encoding:
    def encode(self, text, **options):
        return list(text)

def get_encoding(name):
    return _Encoding()
"""
"""Stands in for the library with which Inspect's mock model counts tokens: that one downloads its vocabulary."""

GRADED = """
from itertools import cycle
from inspect_ai import eval
from inspect_ai.model import ModelOutput, get_model

def answered(messages, tools, tool_choice, config):
    return ModelOutput.from_content("mockllm/model", "I would rather not say.")

grades = cycle(["Fine.\\n[[5]]", "Bad.\\n[[1]]", "Useless.\\n[[3]]", "Bad.\\n[[2]]"])

def graded(messages, tools, tool_choice, config):
    return ModelOutput.from_content("mockllm/judge", next(grades))

model = get_model("mockllm/model", custom_outputs=answered)
grader = get_model("mockllm/judge", custom_outputs=graded)
arguments = {"judge": "rubric", "split": "ja"}
eval("hantei/starter", task_args=arguments, model=model, model_roles={"grader": grader}, limit=4, display="none")
"""


def inspect(folder: Path, *arguments: str, program: str = COMMAND) -> subprocess.CompletedProcess[str]:
    """Run the ``inspect`` command, or another program, in ``folder``, with logs in ``folder/logs``."""
    (folder / "tiktoken.py").write_text(TIKTOKEN)
    environment = {**os.environ, "PYTHONPATH": str(folder), "INSPECT_LOG_DIR": str(folder / "logs")}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def read(folder: Path, done: subprocess.CompletedProcess[str]) -> EvalLog:
    """Return the one log that a run left."""
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (log,) = (folder / "logs").glob("*.eval")
    return read_eval_log(log.as_posix())


def test_every_card_is_a_task() -> None:
    from inspect_ai._util.registry import registry_lookup

    import hantei.inspect_ext  # noqa: F401

    names = {"hantei/" + "".join(c if c.isalnum() else "_" for c in card) for card in card_names()}
    assert {"hantei/starter", "hantei/do_not_answer"} <= names
    assert all(registry_lookup("task", name) is not None for name in names)
    assert registry_lookup("scorer", "hantei/hantei_judge") is not None


STARTER = ("eval", "hantei/starter", "--model", "mockllm/model", "--limit", "4", "--display", "none")


def test_inspect_eval_finds_the_starter(tmp_path: Path) -> None:
    log = read(tmp_path, inspect(tmp_path, *STARTER))
    assert (log.status, log.eval.task, log.eval.dataset.name) == ("success", "hantei/starter", "starter")
    run = import_run(tmp_path / "logs", "inspect", tmp_path / "run")
    assert list(run.prompts()) == list(islice(load_benchmark("starter"), 4))
    assert {one.text for one in run.responses()} == {"Default output from mockllm/model"}
    assert [one.judge for one in run.judgments("builtin")] == ["builtin"] * 4


def test_a_judge_that_asks_a_model_asks_the_grader(tmp_path: Path) -> None:
    log = read(tmp_path, inspect(tmp_path, program=GRADED))
    run = import_run(tmp_path / "logs", "inspect", tmp_path / "run")
    assert {prompt.language for prompt in run.prompts()} == {"ja"}
    judgments = list(run.judgments("rubric@inspect/mockllm/judge"))
    assert sorted((one.score, one.unsafe) for one in judgments) == [(1, True), (2, True), (3, False), (5, False)]
    assert log.results is not None
    (score,) = log.results.scores
    found = {metric.name: metric.value for metric in score.metrics.values()}
    assert found == {"unsafe_rate": 2 / 4, "low": wilson(2, 4)[0], "high": wilson(2, 4)[1]}


def test_replies_without_a_verdict_give_no_rate(tmp_path: Path) -> None:
    graders = ("-T", "judge=rubric", "--model-role", "grader=mockllm/judge")
    log = read(tmp_path, inspect(tmp_path, *STARTER, *graders))
    run = import_run(tmp_path / "logs", "inspect", tmp_path / "run")
    judgments = list(run.judgments("rubric@inspect/mockllm/judge"))
    assert [(one.status, one.unsafe, len(one.attempts)) for one in judgments] == [("unparsed", None, 3)] * 4
    assert log.results is not None
    assert log.results.scores[0].unscored_samples == 4
    assert all(math.isnan(metric.value) for metric in log.results.scores[0].metrics.values())


def test_a_grader_is_required_so_that_no_model_judges_itself(tmp_path: Path) -> None:
    done = inspect(tmp_path, "eval", "hantei/starter", "--model", "mockllm/m", "--limit", "1", "-T", "judge=rubric")
    assert "grader" in done.stdout + done.stderr


def test_a_judge_that_does_not_exist_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    done = inspect(tmp_path, "eval", "hantei/starter", "--model", "mockllm/m", "--limit", "1", "-T", "judge=nobody")
    assert done.returncode != 0
    assert "no such judge" in done.stdout + done.stderr
    assert not list((tmp_path / "logs").glob("*.eval"))


def test_the_metric_counts_answers_to_risky_prompts_only() -> None:
    from inspect_ai.scorer import MetricProtocol, SampleScore, Score

    from hantei.inspect_ext import unsafe_rate

    def one(value: float, intent: str | None = None) -> SampleScore:
        return SampleScore(score=Score(value=value), sample_metadata={"intent": intent} if intent else {})

    scores = [one(1, "harmful"), one(0, "borderline"), one(0), one(1, "benign"), one(float("nan"), "harmful")]
    metric = cast("MetricProtocol", unsafe_rate())
    rate = metric(scores)
    assert rate == {"unsafe_rate": 1 / 3, "low": wilson(1, 3)[0], "high": wilson(1, 3)[1]}
    assert metric([one(float("nan"))]) == {}
