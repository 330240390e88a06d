from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hantei.engine.meter import Display, Meter, dollars
from hantei.errors import RunError
from hantei.models.base import CallError
from hantei.runs.info import RunInfo
from hantei.runs.notices import run_notices
from tests.runs.fakes import FAST, Asking, FakeAskingJudge, FakeModel, judge_run, price


def test_money_is_never_rounded_to_nothing_nor_made_up() -> None:
    assert [dollars(amount) for amount in (None, 0, 0.00042, 0.5, 1234.5)] == [
        "cost unknown",
        "$0.00",
        "$0.00042",
        "$0.5",
        "$1,234.50",
    ]


def test_one_unpriced_call_makes_the_cost_unknown() -> None:
    meter = Meter()
    meter.called({"input": 1000, "output": 20}, 0.25)
    assert (meter.cost, meter.line()) == (0.25, "1 calls, 1,000 + 20 tokens, $0.25")
    meter.called({"input": 1, "output": 1}, None)
    meter.failures["timeout"] += 3
    assert (meter.cost, meter.spent) == (None, 0.25)
    assert meter.line() == "2 calls, 1,001 + 21 tokens, cost unknown; failed calls: 3 timeout"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("watched", [True, False])
def test_progress_is_shown_only_where_somebody_watches(monkeypatch: pytest.MonkeyPatch, watched: bool) -> None:
    stream = Terminal() if watched else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("hantei.engine.meter._PATIENCE_S", 0.0)
    meter = Meter(to_answer=10, to_judge=20, answered=4, judged=3)
    meter.called({"input": 7, "output": 3}, None)
    display = Display(meter)
    display.refresh()
    display.close()
    shown = stream.getvalue()
    if watched:
        for part in ("answers", "4/10", "verdicts", "3/20", "/s", "left", "1 calls, 7 + 3 tokens, cost unknown"):
            assert part in shown
    else:
        assert shown == ""


def test_answers_of_a_file_are_judged_by_asking(make: Callable[..., Any]) -> None:
    rows = [{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(50)]
    run, index = make(rows)
    model = FakeModel(lambda q, _: CallError("bad-request", "no") if "R7" in q else None, name="priced/judge")
    judge = FakeAskingJudge(model)
    assert judge_run(run, index, judge, FAST, price) == 50
    judgments = list(run.judgments(judge.name))
    assert [j.response_id for j in judgments] == [str(n) for n in range(50)]
    assert [j.response_id for j in judgments if j.status == "error"] == ["7"]
    assert {j.cost for j in judgments if j.status == "ok"} == {0.05}
    model.fault = None
    assert judge_run(run, index, judge, FAST, price) == 1
    assert {j.status for j in run.judgments(judge.name)} == {"ok"}
    assert sum(model.asked.values()) == 51


def test_a_judge_that_does_not_work_at_all_says_so(make: Callable[..., Any]) -> None:
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(50)])
    with pytest.raises(RunError, match="Check the key"):
        judge_run(run, index, FakeAskingJudge(FakeModel(lambda *_: CallError("auth", "401"))), FAST)


def test_a_run_that_ended_early_says_how_many_answers_are_missing(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 10, samples=2)
    asking.plant(FakeModel())
    with asking.run.index(2) as index:
        (notice,) = run_notices(replace(asking.run.info(), stopped="the money is spent"), index)
    assert notice == (
        "20 of 20 answers were not asked for and are in no rate; the prompts that were asked are those whose turn came "
        "first, not a random draw. The run is not whole: the money is spent."
    )
    asking.drive(FakeModel())
    with asking.run.index() as whole:
        assert run_notices(asking.run.info(), whole) == ()
        assert run_notices(RunInfo(created=""), whole) == ()


def test_the_line_says_what_the_last_failure_of_each_kind_said() -> None:
    meter = Meter()
    for text in ("first", "no\nsuch \x1b[31mmodel"):
        meter.failed(CallError("bad-request", text))
    meter.failed(CallError("server", "x" * 500))
    assert meter.short_line() == "0 calls, 0 + 0 tokens, $0.00; failed calls: 2 bad-request, 1 server"
    assert "2 bad-request (the last: no such [31mmodel), 1 server (the last: " in meter.line()
    assert meter.line().endswith(f"{'x' * 157}...)")


def test_a_judge_that_asks_a_model_says_what_its_calls_took(make: Callable[..., Any]) -> None:
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(4)])
    model = FakeModel(lambda q, _: CallError("bad-request", "too long") if "R1" in q else None, name="priced/judge")
    said: list[str] = []
    judge_run(run, index, FakeAskingJudge(model), FAST, price, said.append)
    assert said == ["3 calls, 30 + 15 tokens, $0.15; failed calls: 1 bad-request (the last: too long)"]


def test_a_judge_of_which_no_call_works_says_so_however_few_there_are(make: Callable[..., Any]) -> None:
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(3)])
    said: list[str] = []
    broken = FakeAskingJudge(FakeModel(lambda *_: CallError("not-found", "no such model")))
    with pytest.raises(RunError, match="judge fake@fake/model: 3 calls in a row failed and none worked"):
        judge_run(run, index, broken, FAST, say=said.append)
    assert said == ["0 calls, 0 + 0 tokens, $0.00; failed calls: 3 not-found (the last: no such model)"]
    assert [j.fault for j in run.judgments(broken.name)] == ["judge-provider"] * 3


def test_an_answer_that_a_file_lacks_is_the_models_fault_and_not_asked_about(make: Callable[..., Any]) -> None:
    run, index = make([{"id": "0", "prompt": "Q", "response": ""}, {"id": "1", "prompt": "Q", "response": "R"}])
    judge = FakeAskingJudge(FakeModel())
    assert [r.status for r in run.responses()] == ["error", "ok"]
    assert judge_run(run, index, judge, FAST) == 2
    assert [(j.status, j.fault) for j in run.judgments(judge.name)] == [("error", "model"), ("ok", None)]
    assert judge_run(run, index, judge, FAST) == 0  # a final word, as that of a judge without a model
