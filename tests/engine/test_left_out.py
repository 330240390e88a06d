"""One of several models, or of several judges, does not work: the run goes on with the others and says so."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

import hantei
from hantei.errors import RunError
from hantei.models.base import CallError, Model, Reply, Request
from tests import servers
from tests.cases.recorded import QUICK
from tests.commands import hantei as command
from tests.runs.fakes import FakeModel
from tests.servers import Answer, FaultServer, Plan, Seen, fault_server

COUNT = 40
LIMITS = replace(QUICK, tries=2, failed_in_a_row=5, max_connections=4)
ALIVE = ("left", "right")


def no_key(_seen: Seen) -> Answer:
    return servers.error(401, "no such key")


def no_model(_seen: Seen) -> Answer:
    return servers.error(404, "no such model")


def dying(seen: Seen) -> Answer:
    """Answer 12 calls, then none."""
    return servers.ok() if seen.number < 12 else servers.reset()


def prompts(folder: Path) -> str:
    path = folder / "prompts.jsonl"
    rows = [{"id": str(n), "prompt": f"How do I do thing {n}?", "language": "en"} for n in range(COUNT)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def serve() -> Iterator[Callable[[Plan], FaultServer]]:
    """Return a function that runs a server of its own."""
    with ExitStack() as held:
        yield lambda plan: held.enter_context(fault_server(plan))


def models(middle: str, *around: FaultServer) -> list[str]:
    left, right = (f"{name}=openai/{name}?base_url={one.url}" for name, one in zip(ALIVE, around, strict=True))
    return [left, f"middle=openai/middle?base_url={middle}", right]


def of_system(run: hantei.Run) -> Counter[str]:
    return Counter(one.system for one in run.responses() if one.status == "ok")


def ask(named: Sequence[str | Model], folder: Path, judge: Sequence[str] = ("builtin?encoder=none",)) -> hantei.Run:
    return hantei.run(named, prompts(folder), list(judge), folder / "run", hantei.Options(limits=LIMITS))


@pytest.mark.parametrize(
    ("plan", "answered", "calls", "said"),
    [
        (no_key, 0, 4, "auth: "),
        (no_model, 0, 24, "not-found: "),
        (dying, 12, COUNT, "without one that worked"),
    ],
)
def test_one_dead_model_of_three_is_left_out(
    plan: Plan, answered: int, calls: int, said: str, tmp_path: Path, serve: Callable[[Plan], FaultServer]
) -> None:
    dead, left, right = serve(plan), serve((servers.ok(),)), serve((servers.ok(),))
    run = ask(models(dead.url, left, right), tmp_path)
    assert of_system(run) == Counter({"left": COUNT, "right": COUNT, "middle": answered})
    assert len(dead.calls) <= calls
    step = run.info().steps[-1]
    assert step.stopped is None
    assert step.left_out is not None
    assert step.left_out.startswith("asked model openai/middle?base_url=")
    assert said in step.left_out
    assert run.info().stopped == f"left out, while others went on: {step.left_out}"
    not_asked = COUNT - sum(one.system == "middle" for one in run.responses())
    assert run.info().not_asked == {"middle": not_asked}
    (note,) = [note for note in run.summary().notes if "not asked for" in note]
    assert f"{not_asked:,} of {3 * COUNT:,} answers ({not_asked} of middle) were not asked for" in note
    assert step.left_out in note
    # No rate is of answers that were not got.
    rates = {rate.by["system"]: rate for rate in run.summary().rates if rate.by.keys() == {"judge", "system"}}
    assert rates["left"].denominator + sum(rates["left"].no_verdict.values()) == COUNT
    assert "middle" not in rates or rates["middle"].denominator <= answered


def test_what_a_dead_model_lacks_is_asked_by_the_next_run(tmp_path: Path, serve: Callable[[Plan], FaultServer]) -> None:
    works = False

    def plan(_seen: Seen) -> Answer:
        return servers.ok() if works else servers.error(401, "no")

    dead, left, right = serve(plan), serve((servers.ok(),)), serve((servers.ok(),))
    named = models(dead.url, left, right)
    ask(named, tmp_path)
    works = True
    run = ask(named, tmp_path)
    assert of_system(run) == Counter({"left": COUNT, "right": COUNT, "middle": COUNT})
    assert set(left.asked.values()) == set(right.asked.values()) == {1}
    assert (run.info().stopped, run.info().not_asked) == (None, {})
    assert run.info().steps[-1].left_out is None
    assert not [note for note in run.summary().notes if "not whole" in note]


def test_the_command_says_who_was_left_out_and_exits_with_1(
    tmp_path: Path, serve: Callable[[Plan], FaultServer]
) -> None:
    dead, left, right = serve(no_key), serve((servers.ok(),)), serve((servers.ok(),))
    named = [argument for one in models(dead.url, left, right) for argument in ("--model", one)]
    out = tmp_path / "run"
    said = command(
        "run", *named, "--benchmark", prompts(tmp_path), "--judge", "builtin?encoder=none", "--out", str(out)
    )
    assert said.exit_code == 1
    (line,) = [line for line in said.output.splitlines() if line.startswith("left out")]
    assert "openai/middle" in line
    assert "Check the key; the same command goes on from there" in line
    (row,) = [line for line in said.output.splitlines() if line.split()[:1] == ["middle"]]
    assert f"{COUNT} not asked" in row
    assert f"{COUNT} not asked" in (out / "report.html").read_text(encoding="utf-8")


def test_where_all_models_are_dead_the_run_stops(tmp_path: Path, serve: Callable[[Plan], FaultServer]) -> None:
    named = models(serve(no_key).url, serve(no_key), serve(no_key))
    with pytest.raises(RunError, match=r"openai/left.*openai/") as error:
        ask(named, tmp_path)
    assert str(error.value).count("the same command goes on from there") == 1
    run = hantei.load_run(tmp_path / "run")
    assert run.info().not_asked == dict.fromkeys(("left", "middle", "right"), COUNT)
    assert run.info().steps[-1].left_out is None


def test_a_dead_judge_is_left_out_where_another_judges(tmp_path: Path, serve: Callable[[Plan], FaultServer]) -> None:
    model, dead = serve((servers.ok(),)), serve(no_key)
    judges = ["builtin?encoder=none", f"rubric@openai/judge?base_url={dead.url}"]
    run = ask([f"openai/m?base_url={model.url}"], tmp_path, judges)
    assert sum(one.status == "ok" for one in run.judgments(judges[0])) == COUNT
    assert list(run.judgments(judges[1])) == []
    assert len(dead.calls) <= 4
    assert "judge rubric@openai/judge" in (run.info().stopped or "")
    assert any(note.startswith("The run is not whole: left out: judge rubric@") for note in run.summary().notes)
    rates = [rate for rate in run.summary().rates if rate.by == {"judge": judges[1]}]
    assert {rate.denominator for rate in rates} <= {0}


def test_a_dead_judge_of_given_answers_is_left_out_too(tmp_path: Path, serve: Callable[[Plan], FaultServer]) -> None:
    dead = serve(no_model)
    rows = [{"id": str(n), "prompt": f"How {n}?", "response": "So."} for n in range(COUNT)]
    judges = ["builtin?encoder=none", f"rubric@openai/judge?base_url={dead.url}"]
    run = hantei.judge(rows, judges, tmp_path / "run", hantei.Options(limits=LIMITS))
    assert sum(one.status == "ok" for one in run.judgments(judges[0])) == COUNT
    assert "judge rubric@openai/judge" in (run.info().steps[-1].left_out or "")


def test_calls_in_flight_of_a_dead_model_are_not_waited_for(
    tmp_path: Path, serve: Callable[[Plan], FaultServer]
) -> None:
    class Hanging(FakeModel):
        async def ask(self, request: Request) -> Reply:
            if not self.requests:
                self.requests.append(request)
                await asyncio.sleep(3_600)
            raise CallError("auth", "no")

    alive = f"left=openai/left?base_url={serve((servers.ok(),)).url}"
    run = ask([alive, Hanging(name="hanging/model", server="hanging")], tmp_path)  # would take an hour
    assert of_system(run) == Counter({"left": COUNT})


def test_two_systems_of_a_dead_model_and_a_model_on_its_server(
    tmp_path: Path, serve: Callable[[Plan], FaultServer]
) -> None:
    server = serve(lambda seen: no_model(seen) if seen.body["model"] == "gone" else servers.ok())
    named = [f"{name}=openai/{name}?base_url={server.url}" for name in ("gone", "here")]
    run = ask(named, tmp_path)
    assert of_system(run) == Counter({"here": COUNT})
