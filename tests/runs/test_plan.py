from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.engine.asking import Asked
from hantei.errors import InputError, RunError, UsageError
from hantei.models.base import Sampling
from hantei.records import Message, Prompt
from hantei.runs import plan
from hantei.runs.folder import Run, load_run
from tests.runs.fakes import FakeModel, prompts

BENCHMARK = {"name": "made-up", "files": {"a.jsonl": "0" * 64}}


def a_plan(samples: int = 1, limit: int | None = None, benchmark: Any = BENCHMARK, **asked: Any) -> dict[str, Any]:
    return plan.make_plan(Asked(**{"model": FakeModel(), **asked}), benchmark, samples, limit)


def test_a_new_run_holds_its_plan_and_its_prompts(tmp_path: Path) -> None:
    run = plan.place(tmp_path / "run", a_plan(limit=3))
    plan.plant(run, a_plan(limit=3), prompts(10))
    assert [prompt.id for prompt in run.prompts()] == ["0", "1", "2"]
    info = load_run(run.path).info()
    assert (info["kind"], info["plan"]) == ("run", a_plan(limit=3))
    assert info["plan_hash"] == plan.plan_hash(a_plan(limit=3)) != plan.plan_hash(a_plan(limit=4))
    assert sorted(path.name for path in run.path.iterdir()) == ["prompts.jsonl", "run.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": FakeModel(name="fake/other")}, '--model was "fake/model", now "fake/other"'),
        ({"samples": 3}, "--samples was 1, now 3"),
        ({"limit": 5}, "--limit was null, now 5"),
        ({"system_prompt": "Be brief."}, '--system-prompt was null, now "Be brief."'),
        ({"judge_reasoning": True}, "--judge-reasoning was false, now true"),
        ({"sampling": Sampling(temperature=1.0)}, '"temperature": 1.0'),
        ({"benchmark": {"name": "made-up", "files": {}}}, "--benchmark was made-up (files "),
    ],
)
def test_another_plan_is_refused_with_what_changed(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    plan.plant(Run(tmp_path / "run"), a_plan(), prompts(2))
    assert plan.place(tmp_path / "run", a_plan()).path == tmp_path / "run"
    with pytest.raises(RunError) as caught:
        plan.place(tmp_path / "run", a_plan(**changed))
    assert message in str(caught.value)
    assert "another plan" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(RunError, match="no run folder"):
        plan.place(tmp_path / "mine", a_plan())
    (tmp_path / "judged").mkdir()
    (tmp_path / "judged" / "run.json").write_text('{"kind": "judge", "created": "", "judges": {}}')
    with pytest.raises(RunError, match="holds judged answers"):
        plan.place(tmp_path / "judged", a_plan())


def test_the_same_again_finds_its_folder_whatever_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = Run(Path("runs") / "2026-01-02-fake-model-made-up")
    plan.plant(old, a_plan(), prompts(2))
    assert plan.place(None, a_plan()).path == old.path
    other = plan.place(None, a_plan(samples=2))
    assert other.path != old.path
    assert other.path.name.endswith("-fake-model-made-up")
    plan.plant(other, a_plan(samples=2), prompts(2))
    assert plan.place(None, a_plan(samples=2)).path == other.path
    assert plan.place(None, a_plan(samples=3)).path.name == f"{other.path.name}-2"


def test_a_benchmark_that_cannot_be_asked_leaves_nothing(tmp_path: Path) -> None:
    twice = [*prompts(3), Prompt(id="1", messages=(Message(role="user", content="Another"),))]
    with pytest.raises(InputError, match="prompt 4: id '1' was there before"):
        plan.plant(Run(tmp_path / "run"), a_plan(), twice)
    with pytest.raises(UsageError, match="expected prompts, found none"):
        plan.plant(Run(tmp_path / "run"), a_plan(), [])
    assert list(tmp_path.iterdir()) == []


def test_the_language_of_a_prompt_is_told_where_nobody_says_it(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    texts = ["これは何ですか", "What is the name of this?"]
    asked = [Prompt(id=str(n), messages=(Message(role="user", content=text),)) for n, text in enumerate(texts)]
    plan.plant(run, a_plan(), asked)
    assert [prompt.language for prompt in run.prompts()] == ["ja", "en"]
