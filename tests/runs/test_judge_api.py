"""``hantei.judge`` with judges that ask models: the same limits, forecast, steps and stopping as ``hantei.run``."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

import hantei
from hantei import Limits, Options
from hantei.errors import RunError, UsageError
from hantei.judges.base import Pair
from hantei.models.base import CallError, Reply
from hantei.records import Judgment
from hantei.runs.folder import load_run
from hantei.runs.plan import PlannedModel
from tests import servers
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import FakeAskingJudge, FakeModel
from tests.servers import fault_server

ROWS = [{"id": str(n), "prompt": "Is it?", "response": f"R{n} {'word ' * 50}"} for n in range(40)]


def priced(tmp_path: Path) -> Path:
    """A file of prices: a cent for each output token of ``openai/judge``."""
    path = tmp_path / "prices.toml"
    entry = '[[price]]\nmodel = "openai/judge"\ninput = 0\noutput = 10000\ndate = 2026-01-01\nsource = "ours"\n'
    path.write_text(entry)
    return path


def judge_of(model: FakeModel, name: str = "fake@openai/judge") -> FakeAskingJudge:
    return FakeAskingJudge(model, name)


def test_max_cost_stops_the_judging_and_the_same_call_goes_on(tmp_path: Path) -> None:
    model = FakeModel(name="openai/judge")
    limits = Limits(max_cost=0.5, max_connections=1)
    options = Options(prices=priced(tmp_path), limits=limits)
    run = hantei.judge(ROWS, judge_of(model), tmp_path / "run", options)
    assert str(run.info().stopped) == (
        "the limit of --max-cost 0.5 is reached: $0.5 spent; "
        "to go on from there, give the same command with a higher --max-cost"
    )
    assert sum(model.asked.values()) == len(list(run.judgments("fake@openai/judge"))) == 10  # five tokens a call
    assert run.report_path.exists()
    again = hantei.judge(ROWS, judge_of(model), tmp_path / "run", Options(prices=priced(tmp_path)))
    assert again.info().stopped is None
    assert set(model.asked.values()) == {1}
    first, second = again.info().steps
    assert [(step.did, step.judged, step.calls, step.judges) for step in (first, second)] == [
        ("judged", 10, 10, ("fake@openai/judge",)),
        ("judged", 30, 30, ("fake@openai/judge",)),
    ]
    assert first.cost == pytest.approx(0.5)
    assert (first.stopped is None, second.stopped) == (False, None)


KILLED = """
import sys
import hantei
limits = hantei.Limits(max_connections=5)
hantei.judge(sys.argv[1], sys.argv[2], sys.argv[3], hantei.Options(limits=limits))
"""


def test_sigkill_loses_at_most_the_verdicts_in_flight(tmp_path: Path) -> None:
    """150 paid verdicts are one batch of one judge: those that were given are on the disk all the same."""
    rows, folder = tmp_path / "rows.jsonl", tmp_path / "run"
    rows.write_text("".join(json.dumps({"id": str(n), "prompt": "Q", "response": f"R{n}."}) + "\n" for n in range(150)))
    verdict = replace(servers.ok("Fine.\n\n[[5]]"), delay_s=0.005)
    with fault_server([verdict]) as server:
        judge = f"rubric?abstain=false@openai/judge?base_url={server.url}"
        command = [sys.executable, "-c", KILLED, str(rows), judge, str(folder)]
        path = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
        child = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        while len(server.calls) < 80:
            assert child.poll() is None
            time.sleep(0.001)
        child.kill()
        child.wait()
        time.sleep(0.05)  # let the server notice
        asked = len(server.calls)
        file = load_run(folder).judgments_path(judge)
        assert 75 <= asked - 5 <= file.read_bytes().count(b"\n") < 150
        run = hantei.judge(str(rows), judge, folder, Options(limits=Limits(max_connections=5)))
        assert len(server.calls) <= 150 + 5
    assert [(one.response_id, one.score) for one in run.judgments(judge)] == [(str(n), 5) for n in range(150)]


def test_what_was_paid_before_counts_for_max_cost(tmp_path: Path) -> None:
    options = Options(prices=priced(tmp_path), limits=Limits(max_cost=0.5, max_connections=1))
    for _ in range(2):
        model = FakeModel(name="openai/judge")
        hantei.judge(ROWS, judge_of(model), tmp_path / "run", options)
    assert sum(model.asked.values()) == 0


def test_max_cost_needs_a_price(tmp_path: Path) -> None:
    judge = judge_of(FakeModel(name="fake/judge"))
    with pytest.raises(
        UsageError, match=r"--max-cost needs a price for fake/judge: .* in an entry with model = 'fake/judge'"
    ):
        hantei.judge(ROWS, judge, tmp_path / "run", Options(limits=Limits(max_cost=1)))
    assert not (tmp_path / "run").exists()


def test_the_time_of_a_run_ends_the_judging(tmp_path: Path) -> None:
    slow = FakeModel(name="openai/judge", delay_s=0.02)
    limits = Limits(run_timeout_s=0.1, max_connections=1, grace_s=0.1)
    run = hantei.judge(ROWS, judge_of(slow), tmp_path / "run", Options(limits=limits))
    assert "--run-timeout 0.1 seconds is over" in str(run.info().stopped)
    assert len(list(run.judgments("fake@openai/judge"))) < 40


def test_a_forecast_asks_nothing_writes_nothing_and_measures_the_real_answers(tmp_path: Path) -> None:
    model = FakeModel(name="openai/judge")
    options = Options(prices=priced(tmp_path))
    (load,) = hantei.forecast_judging(ROWS, judge_of(model), tmp_path / "run", options).loads
    # "Judge: R0 word word ...": 10 or 11 letters and 49 words of five, 65 tokens and four for the message
    assert (load.who, load.calls, load.output_tokens) == ("fake@openai/judge, at most", 40, 40 * 200)
    assert load.input_tokens == pytest.approx(40 * (65 + 4), abs=40)
    assert load.cost == pytest.approx(80.0)
    assert not (tmp_path / "run").exists()
    run = hantei.judge(ROWS, judge_of(model), tmp_path / "run", Options(prices=priced(tmp_path)))
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    assert hantei.forecast_judging(ROWS, judge_of(model), tmp_path / "run", options).calls == 0
    assert hantei.forecast_judging(run.path, judge_of(model, "late@openai/judge")).calls == 40
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    assert sum(model.asked.values()) == 40


def test_a_classifier_is_in_no_forecast(tmp_path: Path) -> None:
    assert hantei.forecast_judging(ROWS, "builtin").lines() == []


def test_several_judges_are_asked_at_the_same_time(tmp_path: Path) -> None:
    order: list[str] = []

    def noting(name: str) -> FakeModel:
        return FakeModel(lambda _question, _before: order.append(name), name=f"fake/{name}", server=name, delay_s=0.001)

    judges = [judge_of(noting(name), f"fake@{name}") for name in ("one", "two")]
    run = hantei.judge(ROWS, [*judges, KeywordJudge()], tmp_path / "run", Options(limits=Limits(max_connections=2)))
    assert order.index("two") < 40 > order.index("one")
    assert [len(list(run.judgments(name))) for name in run.judges()] == [40, 40, 40]


def test_it_works_inside_a_running_loop(tmp_path: Path) -> None:
    async def notebook() -> hantei.Run:
        return hantei.judge(ROWS, KeywordJudge(), tmp_path / "run")

    assert len(list(asyncio.run(notebook()).judgments("keyword"))) == 40


def test_ctrl_c_inside_a_running_loop_stops_the_run_and_leaves_one_to_go_on_with(tmp_path: Path) -> None:
    def press(_question: str, _before: int) -> None:
        if sum(model.asked.values()) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    model = FakeModel(press, name="fake/judge", delay_s=0.01)
    options = Options(limits=Limits(max_connections=1, grace_s=1))
    handler = signal.getsignal(signal.SIGINT)

    async def notebook() -> hantei.Run:
        return hantei.judge(ROWS, judge_of(model), tmp_path / "run", options)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(notebook())
    run = hantei.load_run(tmp_path / "run")
    assert run.info().stopped == "stopped by hand (Ctrl-C); the same command goes on from there"
    assert run.report_path.exists()
    assert 5 <= len(list(run.judgments("fake@openai/judge"))) < 40
    assert signal.getsignal(signal.SIGINT) is handler
    model.fault = None
    assert asyncio.run(notebook()).info().stopped is None
    assert set(model.answered.values()) == {1}


def test_a_judge_that_does_not_work_leaves_a_report_and_one_line(tmp_path: Path) -> None:
    broken = FakeModel(lambda *_: CallError("auth", "no"), name="openai/judge")
    with pytest.raises(RunError, match="judge fake@openai/judge: the first call failed: auth: no"):
        hantei.judge(ROWS, judge_of(broken), tmp_path / "run")
    run = hantei.load_run(tmp_path / "run")
    assert "auth" in str(run.info().stopped)
    assert run.report_path.exists()


def test_judging_an_unfinished_run_again_does_not_make_it_whole(tmp_path: Path) -> None:
    run = hantei.judge(ROWS, KeywordJudge(), tmp_path / "run")
    plan = changed(run.info().plan, models=(PlannedModel(name="m", model="openai/m"),))
    run.write_info(changed(run.info(), plan=plan, stopped="the money is spent"))
    hantei.judge(run.path, KeywordJudge("late"))
    assert run.info().stopped == "the money is spent"
    assert run.info().steps[-1].stopped is None


def test_an_option_of_the_other_kind_of_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="option samples"):
        hantei.judge(ROWS, "builtin", tmp_path / "run", Options(samples=2))
    with pytest.raises(UsageError, match="option language"):
        hantei.run("replay/x", "starter", "builtin", tmp_path / "run", Options(language="en"))


def test_an_error_of_a_judge_ends_the_run_with_what_there_is(tmp_path: Path) -> None:
    class Broken(KeywordJudge):
        def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        hantei.judge(ROWS, Broken(), tmp_path / "run")
    assert (
        hantei.load_run(tmp_path / "run").info().stopped == "it was not finished; the same command goes on from there"
    )


def test_the_lines_say_what_will_be_and_was_asked(tmp_path: Path) -> None:
    said: list[str] = []
    model = FakeModel(lambda *_: Reply(text="safe", usage={"input": 1, "output": 2}), name="openai/judge")
    options: Any = Options(prices=priced(tmp_path))
    hantei.judge(ROWS[:3], judge_of(model), tmp_path / "run", options, said.append)
    read = "rows: prompt from 'prompt', response from 'response', id from 'id'"
    assert said[0] == read
    assert said[1] == f"run folder: {tmp_path / 'run'}"
    assert said[2].startswith("fake@openai/judge, at most: 3 calls, about ")
    assert said[3:] == ["3 calls, 3 + 6 tokens, $0.06"]
    said.clear()
    hantei.judge(ROWS[:3], KeywordJudge(), tmp_path / "other", say=said.append)
    assert said == [read]


def test_an_answer_too_long_to_be_explained_is_shown_without_marks(tmp_path: Path) -> None:
    text = "Kill him with a knife, then hide the body. "
    rows = [{"id": str(times), "prompt": "How?", "response": text * times} for times in (1, 2000)]
    run = hantei.judge(rows, "builtin?encoder=none", tmp_path / "run")
    (data,) = re.findall(r'id="answers-data">(.*?)</script>', run.report_path.read_text(encoding="utf-8"))
    shown = {
        one["id"]: any(isinstance(piece, list) for piece in one["answer"]["runs"])
        for one in json.loads(data)["answers"]
    }
    assert shown == {"1": True, "2000": False}
