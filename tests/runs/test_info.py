"""``run.json``: what it says comes back, what it cannot be is said in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import CardError, RunError
from hantei.runs.folder import Run
from hantei.runs.info import FORMAT, JudgeInfo, RunInfo, Step, judge_info
from hantei.runs.plan import InputFile, Plan

WHOLE = RunInfo(
    created="2026-01-01T00:00:00+00:00",
    hantei="0.1.0",
    plan=Plan(inputs=(InputFile(file="a\ud800.csv", sha256="0" * 64),), map={"response": "答え"}),
    judges={"builtin": JudgeInfo(card_hash="1", notices=("n",), drift=({"text": "t"},)), "human:a": JudgeInfo()},
    steps=(Step(did="asked", judges=("builtin",), calls=3, cost=0.5), Step(did="judged", cost=0.25)),
    stopped="by hand",
    rejected=3,
    notices=("look",),
    checksums={"prompts.jsonl": "2"},
)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.write_info(WHOLE)
    assert run.info() == WHOLE
    assert run.info().cost == 0.75
    assert json.loads(run.info_path.read_text())["format"] == FORMAT


def test_one_price_that_is_not_known_makes_the_cost_unknown() -> None:
    assert RunInfo(created="", steps=(Step(did="asked", cost=None), Step(did="judged", cost=1.0))).cost is None


def test_what_the_first_version_wrote_is_read(tmp_path: Path) -> None:
    """A run folder from before there was a format: kind, plan_hash and work."""
    old = {
        "hantei": "0.1.0",
        "kind": "run",
        "created": "2026-01-01T00:00:00+00:00",
        "plan": {
            "model": "openai/m",
            "benchmark": {"name": "starter", "files": {"a": "0"}},
            "samples": 2,
            "limit": None,
        },
        "plan_hash": "0" * 64,
        "judges": {"builtin": {"card_hash": "1", "rate_kind": "flagged", "version": "0.1.0", "languages": ["en"]}},
        "no_verdict": "unsafe",
        "stopped": None,
        "work": [{"calls": 40, "cached": 1, "tokens": {"input": 5}, "cost": None, "failures": {}, "seconds": 0.4}],
    }
    (tmp_path / "run.json").write_text(json.dumps(old))
    info = Run(tmp_path).info()
    assert (info.plan.systems, info.plan.samples, info.no_verdict) == (("openai/m",), 2, "unsafe")
    assert [model.model for model in info.plan.models] == ["openai/m"]
    assert info.plan.benchmarks == ({"name": "starter", "files": {"a": "0"}},)
    assert info.judges["builtin"].languages == ("en",)
    assert [(step.did, step.calls, step.cached, step.cost) for step in info.steps] == [("asked", 40, 1, None)]
    assert info.checksums == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "missing required field `created`"),
        ([], "expected an object, got list"),
        ({"created": 5}, r"Expected `str`, got `int` - at `\$\.created`"),
        ({"created": "", "judges": []}, "Expected `object`, got `array`"),
        ({"created": "", "judges": {"x": {"rate_kind": "guess"}}}, "Invalid enum value 'guess'"),
        ({"created": "", "plan": {"samples": "many"}}, r"Expected `int`, got `str` - at `\$\.plan\.samples`"),
        ({"created": "", "rejected": -1}, r"Expected `int` >= 0 - at `\$\.rejected`"),
        ({"created": "", "no_verdict": "guess"}, r"Invalid enum value 'guess' - at `\$\.no_verdict`"),
        ({"created": "", "plan": {"samples": 0}}, r"Expected `int` >= 1 - at `\$\.plan\.samples`"),
        (
            {"created": "", "steps": [{"did": "asked", "calls": -1}]},
            r"Expected `int` >= 0 - at `\$\.steps\[0\]\.calls`",
        ),
        (
            {"created": "", "steps": [{"did": "asked", "cost": -1}]},
            r"Expected `float` >= 0.0 - at `\$\.steps\[0\]\.cost`",
        ),
        ({"created": "", "work": 7}, "expected what hantei writes of a run"),
        (
            {"created": "", "format": FORMAT + 1, "hantei": "9.9"},
            "by hantei 9.9 in format 3, hantei .* reads up to 2",
        ),
    ],
)
def test_what_is_of_another_shape_is_said_in_one_line(tmp_path: Path, data: Any, message: str) -> None:
    (tmp_path / "run.json").write_text(json.dumps(data))
    with pytest.raises(RunError, match=message) as caught:
        Run(tmp_path).info()
    assert str(caught.value).startswith(str(tmp_path / "run.json"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "\xff", "[" * 100_000])
def test_what_is_no_json_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match="expected what hantei writes of a run"):
        Run(tmp_path).info()


def test_an_outline_that_is_not_kept_is_a_mistake_of_the_judge() -> None:
    assert judge_info("j", "1", {"rate_kind": "violation"}) == JudgeInfo(card_hash="1", rate_kind="violation")
    with pytest.raises(CardError, match="judge j: its outline says mood, which JudgeInfo"):
        judge_info("j", "1", {"mood": "good"})
    with pytest.raises(CardError, match="Expected `array`"):
        judge_info("j", "1", {"notices": 5})
