"""Where a run folder lies, whose it is, making it and going on with it: the same for files and for models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hantei.engine.asking import AskedModel
from hantei.errors import InputError, RunError, UsageError
from hantei.models.base import Sampling
from hantei.records import Message, Prompt
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, new_info
from hantei.runs.ingest import write_prompts
from hantei.runs.opening import opened, reopened
from hantei.runs.plan import InputFile, Plan, PlannedModel, differences
from hantei.tasks.options import Options
from hantei.tasks.task import plan_of
from tests.runs.fakes import FakeModel, made_up, prompts

BENCHMARK = {"name": "made-up", "files": {"a.jsonl": "0" * 64}}
FILES = Plan(inputs=(InputFile(file="a.csv", sha256="1" * 64, encoding="utf-8"),))


def a_plan(benchmark: Any = BENCHMARK, **changed: Any) -> Plan:
    how = {name: changed.pop(name) for name in ("model", "sampling", "system_prompt") if name in changed}
    return plan_of([AskedModel(**{"model": FakeModel(), **how})], [made_up(**benchmark)], Options(**changed))


def a_model(**changed: Any) -> PlannedModel:
    return PlannedModel(**{"name": "small", "model": "openai/m", **changed})


@contextmanager
def at(out: Path | None, plan: Plan, asked: Callable[[], Any] = lambda: prompts(2)) -> Iterator[tuple[Run, Index]]:
    def make(part: Run, index: Index) -> RunInfo:
        write_prompts([("made-up", asked())], part, index)
        return new_info(plan)

    with opened(out, plan, "fake/model-made-up", make) as held:
        yield held


def test_a_new_run_holds_its_plan_and_its_prompts(tmp_path: Path) -> None:
    with at(tmp_path / "run", a_plan(limit=2)) as (run, index):
        assert [prompt.id for prompt in run.prompts()] == ["0", "1"]
        assert run.info().plan == a_plan(limit=2)
        assert index.counts()["prompts"] == 2
        assert sorted(path.name for path in run.path.iterdir()) == ["prompts.jsonl", "run.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    with at(tmp_path / "run", a_plan(limit=2), asked=list) as (_, index):
        assert index.counts()["prompts"] == 2  # it was there: nothing was made again


def test_long_values_are_shown_where_they_differ() -> None:
    long = "x" * 200
    one, other = (Plan(models=(a_model(system_prompt=long + end),)) for end in "ab")
    (line,) = differences(one, other)
    # Cut to 80 characters, of which 20 stand before the first that differs (the quote before the text is one of 201).
    assert line == f'--system-prompt was ...{"x" * 20}a", now ...{"x" * 20}b"'
    assert differences(Plan(map={"response": "a", "id": "i"}), Plan(map={"response": "b"})) == [
        '--map response was "a", now "b"',
        '--map id was "i", now not given',
    ]


def test_of_several_models_is_said_what_differs_of_which() -> None:
    large = a_model(name="large", model="openai/n")
    there = Plan(models=(a_model(sampling={"seed": 1}), large))
    now = Plan(models=(a_model(sampling={"seed": 2}), a_model(name="large", model="openai/o")))
    assert differences(there, now) == [
        "--seed of small was 1, now 2",
        '--model of large was "openai/n", now "openai/o"',
    ]
    assert differences(there, Plan(models=(large,))) == ['--model was ["small", "large"], now ["large"]']
    renamed = Plan(models=(a_model(name="tiny"),))
    assert differences(Plan(models=(a_model(),)), renamed) == ['the name of --model openai/m was "small", now "tiny"']


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": FakeModel(name="fake/other")}, '--model was "fake/model", now "fake/other"'),
        ({"samples": 3}, "--samples was 1, now 3"),
        ({"limit": 5}, "--limit was not given, now 5"),
        ({"system_prompt": "Be brief."}, '--system-prompt was not given, now "Be brief."'),
        ({"judge_reasoning": True}, "--judge-reasoning was false, now true"),
        ({"sampling": Sampling(temperature=1.0)}, ": --temperature was not given, now 1.0. Name another --out"),
        (
            {"sampling": Sampling(max_tokens=9, seed=1)},
            ": --max-tokens was not given, now 9; --seed was not given, now 1. Name another --out",
        ),
        ({"benchmark": {"name": "made-up", "files": {}}}, "--benchmark was made-up (files "),
    ],
)
def test_another_plan_is_refused_with_what_changed(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with at(tmp_path / "run", a_plan()):
        pass
    with pytest.raises(RunError) as caught, at(tmp_path / "run", a_plan(**changed)):
        pass
    assert message in str(caught.value)
    assert "another plan" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_and_models_do_not_share_a_folder(tmp_path: Path) -> None:
    with at(tmp_path / "files", FILES), at(tmp_path / "asked", a_plan()):
        pass
    with pytest.raises(RunError, match="holds answers that came from files, not answers asked of a model"):
        at(tmp_path / "files", a_plan()).__enter__()
    with pytest.raises(RunError, match="holds answers asked of a model, not answers that came from files"):
        at(tmp_path / "asked", FILES).__enter__()


@pytest.mark.parametrize("plan", [FILES, a_plan()], ids=["files", "model"])
def test_what_is_no_run_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for out, message in (
        (tmp_path / "mine", "holds files but is no run folder: name another --out"),
        (tmp_path / "file", "is a file, no run folder"),
        (tmp_path / "loop", "a symbolic link that leads back to itself"),
        (Path(), "is the folder you are in: name an --out inside it"),
    ):
        with pytest.raises(RunError, match=message):
            at(out, plan).__enter__()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "file", "loop", "here"}


@pytest.mark.parametrize("plan", [FILES, a_plan()], ids=["files", "model"])
def test_an_empty_folder_and_a_link_to_nothing_yet_become_the_run(tmp_path: Path, plan: Plan) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "run")
    for name in ("empty", "link"):
        with at(tmp_path / name, plan) as (run, _):
            assert run.info().plan == plan
    assert (tmp_path / "elsewhere" / "run" / "run.json").is_file()
    assert (tmp_path / "link").is_symlink()


def test_a_folder_of_two_names_has_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with at(tmp_path / "run", FILES):
        for name in (tmp_path / "link", tmp_path / "x" / ".." / "run"):
            with pytest.raises(RunError, match="another hantei is writing this run"):
                at(name, FILES).__enter__()
            with pytest.raises(RunError, match="another hantei is writing this run"), reopened(Run(name)):
                pass
    with at(tmp_path / "link", FILES), pytest.raises(RunError, match="another hantei"):
        at(tmp_path / "run", FILES).__enter__()


def test_inside_its_own_folder_a_run_is_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(tmp_path / "run", FILES):
        pass
    monkeypatch.chdir(tmp_path / "run")
    with at(Path(), FILES) as (run, index):
        assert index.counts()["prompts"] == 2
        assert not [path for path in Path().iterdir() if path.name.startswith(".")]
        assert run.index_path.parent == tmp_path


def test_prompts_that_were_changed_are_not_gone_on_with(tmp_path: Path) -> None:
    with at(tmp_path / "run", FILES) as (run, _):
        pass
    text = run.prompts_path.read_text()
    run.prompts_path.write_text(text.replace("Q1", "Q2"))
    message = r"prompts\.jsonl was changed after the run was made \(SHA-256 was [0-9a-f]{12}, is [0-9a-f]{12}\): put"
    with pytest.raises(RunError, match=message):
        at(tmp_path / "run", FILES).__enter__()
    with pytest.raises(RunError, match=message), reopened(run):
        pass
    run.prompts_path.unlink()
    with pytest.raises(RunError, match="is missing"):
        at(tmp_path / "run", FILES).__enter__()
    run.prompts_path.write_text(text)
    with at(tmp_path / "run", FILES):
        pass


def test_the_same_again_finds_its_folder_whatever_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with at(Path("runs/2026-01-02-fake-model-made-up"), a_plan()):
        pass
    with at(None, a_plan()) as (run, _):
        assert run.path.name == "2026-01-02-fake-model-made-up"
    with at(None, a_plan(samples=2)) as (other, _):
        assert other.path.name.endswith("-fake-model-made-up")
        assert other.path != run.path
    (tmp_path / "runs" / "2026-01-03-fake-model-made-up").mkdir()
    (tmp_path / "runs" / "2026-01-03-fake-model-made-up" / "run.json").write_text("{}")  # a damaged one is passed over
    with at(None, a_plan(samples=2)) as (again, _):
        assert again.path == other.path
    with at(None, a_plan(samples=3)) as (third, _):
        assert third.path.name == f"{other.path.name}-2"


def test_prompts_that_cannot_be_asked_leave_nothing(tmp_path: Path) -> None:
    twice = [*prompts(3), Prompt(id="1", messages=(Message(role="user", content="Another"),))]
    with pytest.raises(InputError, match="prompt 4: id '1' was there before"):
        at(tmp_path / "run", FILES, lambda: twice).__enter__()
    with pytest.raises(UsageError, match="expected prompts, found none"):
        at(tmp_path / "run", FILES, list).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_the_language_of_a_prompt_is_told_where_nobody_says_it(tmp_path: Path) -> None:
    texts = ["これは何ですか", "What is the name of this?"]
    asked = [Prompt(id=str(n), messages=(Message(role="user", content=text),)) for n, text in enumerate(texts)]
    with at(tmp_path / "run", FILES, lambda: asked) as (run, _):
        assert [prompt.language for prompt in run.prompts()] == ["ja", "en"]
