from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hantei.engine import stopping
from hantei.errors import RunError
from hantei.judges.base import Pair
from hantei.models.base import CallError, Failure, Reply, Request
from hantei.records import Judgment
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import FAST, Asking, FakeAskingJudge, FakeModel, Fault, judge_run


@pytest.mark.parametrize(
    ("failure", "most", "hint"),
    [
        ("auth", 4, "Check the key"),
        ("not-found", 14, "Check the name of the model"),
        ("bad-request", 14, "Check the name of the model and its settings"),
        ("connection", 24, "Check that the server runs"),
        ("server", 24, "See the message of the server"),
    ],
)
def test_a_run_in_which_nothing_works_stops_at_once(tmp_path: Path, failure: Failure, most: int, hint: str) -> None:
    asking, model = Asking(tmp_path, 500), FakeModel(lambda *_: CallError(failure, "no"))
    outcome = asking.drive(model, KeywordJudge())
    assert isinstance(outcome.error, RunError)
    message = str(outcome.error)
    assert message.startswith("asked model fake/model: ")
    assert hint in message
    assert f"{failure}: no" in message
    assert "\n" not in message
    assert sum(model.asked.values()) <= most
    assert all(j.unsafe is None for j in asking.run.judgments("keyword"))


def test_a_few_refused_prompts_at_the_start_do_not_stop_a_run(tmp_path: Path) -> None:
    refused = {f"Q{n}" for n in range(8)}
    model = FakeModel(lambda q, _: CallError("bad-request", "too long") if q in refused else None)
    outcome = Asking(tmp_path, 100).drive(model, limits=replace(FAST, max_connections=1))
    assert outcome.stopped is None
    assert outcome.meter.failures == {"bad-request": 8}


def test_a_server_that_goes_away_stops_the_run_and_what_is_there_is_kept(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 1_000)
    model = FakeModel()
    model.fault = lambda *_: CallError("connection", "refused") if len(model.answered) >= 200 else None
    outcome = asking.drive(model, KeywordJudge(), limits=replace(FAST, tries=3))
    assert isinstance(outcome.error, RunError)
    assert "without one that worked" in str(outcome.error)
    assert sum(r.status == "ok" for r in asking.run.responses()) == 200
    again = FakeModel()
    assert asking.drive(again, KeywordJudge()).stopped is None
    assert sum(again.asked.values()) == 800


def test_a_wrong_key_of_the_judge_stops_the_run_too(tmp_path: Path) -> None:
    broken = FakeModel(lambda *_: CallError("auth", "401"), name="fake/judge", server="other")
    outcome = Asking(tmp_path, 500).drive(FakeModel(), FakeAskingJudge(broken))
    assert str(outcome.error).startswith("judge fake@fake/model: the first call failed: auth: 401. Check the key;")


def test_max_cost_stops_before_it_is_passed(tmp_path: Path) -> None:
    asking, model = Asking(tmp_path, 500), FakeModel(name="priced/model", delay_s=0.001)
    limits = replace(FAST, max_connections=8, max_cost=2.0)
    outcome = asking.drive(model, KeywordJudge(), limits=limits)
    assert outcome.error is None
    assert outcome.stopped is not None
    assert "--max-cost 2 is reached" in outcome.stopped
    spent = sum(r.cost or 0 for r in asking.run.responses())  # five cents a call
    assert 1.5 < spent <= 2.0 + 1e-9
    assert len(list(asking.run.judgments("keyword"))) == len(list(asking.run.responses()))
    asking.drive(model, KeywordJudge(), limits=limits)  # the same again does not spend it once more
    assert sum(r.cost or 0 for r in asking.run.responses()) <= 2.0 + 1e-9
    assert asking.drive(model, KeywordJudge(), limits=replace(limits, max_cost=None)).stopped is None
    assert set(model.answered.values()) == {1}


def test_max_cost_counts_judges(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 500)
    judge = FakeAskingJudge(FakeModel(name="priced/judge"))
    outcome = asking.drive(FakeModel(name="priced/model"), judge, limits=replace(FAST, max_cost=1.0))
    assert outcome.stopped
    costs = [r.cost for r in asking.run.responses()] + [j.cost for j in asking.run.judgments(judge.name)]
    assert 0.5 < sum(cost or 0 for cost in costs) <= 1.0 + 1e-9


def test_max_cost_that_cannot_be_kept_stops_the_run(tmp_path: Path) -> None:
    model = FakeModel(lambda *_: Reply(text="no usage"), name="priced/model")
    outcome = Asking(tmp_path, 100).drive(model, limits=replace(FAST, max_cost=1.0))
    assert outcome.stopped == (
        "priced/model does not say what a call took: --max-cost cannot be kept; "
        "to go on from there, give the same command without it"
    )
    assert sum(model.asked.values()) <= 4 + 64


def test_the_time_of_a_run_ends_it(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 20_000)
    started = time.monotonic()
    outcome = asking.drive(FakeModel(delay_s=0.01), KeywordJudge(), limits=replace(FAST, run_timeout_s=0.5))
    assert time.monotonic() - started < 20
    assert outcome.stopped == "the time of --run-timeout 0.5 seconds is over; the same command goes on from there"
    assert outcome.error is None
    assert 0 < len(list(asking.run.responses())) == len(list(asking.run.judgments("keyword"))) < 20_000


def test_a_call_that_takes_too_long_is_a_timeout(tmp_path: Path) -> None:
    slow = FakeModel(delay_s=30)
    asking = Asking(tmp_path, 1)
    outcome = asking.drive(slow, limits=replace(FAST, timeout_s=0.02, tries=3, patience_s=60))
    assert outcome.meter.failures == {"timeout": 3}
    (response,) = asking.run.responses()
    assert (response.status, response.error) == ("error", "timeout: no answer within 0.02 seconds")


def ctrl_c_at(call: int) -> Fault:
    """Press Ctrl-C when the model gets its n-th call."""
    calls = iter(range(1, 1_000_000))

    def fault(_question: str, _before: int) -> None:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGINT)

    return fault


def test_ctrl_c_ends_a_run_cleanly(tmp_path: Path) -> None:
    asking, model = Asking(tmp_path, 5_000), FakeModel(ctrl_c_at(500), delay_s=0.01)
    before = signal.getsignal(signal.SIGINT)
    outcome = asking.drive(model, KeywordJudge())
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert outcome.stopped == "stopped by hand (Ctrl-C); the same command goes on from there"
    responses = list(asking.run.responses())
    assert 500 <= len(responses) < 700
    assert len(responses) == sum(model.answered.values())  # calls in flight ended within the time of grace
    assert [j.response_id for j in asking.run.judgments("keyword")] == [r.id for r in responses]
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_does_not_wait_for_calls_that_hang(tmp_path: Path) -> None:
    asking, model = Asking(tmp_path, 1_000), FakeModel()
    hanging = FakeModel(ctrl_c_at(1), name="fake/judge", server="other")
    real = hanging.ask

    async def ask(request: Request) -> Reply:
        await real(request)
        await asyncio.sleep(60)
        raise AssertionError

    hanging.ask = ask  # type: ignore[method-assign]
    started = time.monotonic()
    outcome = asking.drive(model, FakeAskingJudge(hanging), KeywordJudge())
    assert time.monotonic() - started < 20
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert list(asking.run.judgments("fake@fake/model")) == []
    assert len(list(asking.run.responses())) == sum(model.answered.values())


def test_ctrl_c_does_not_wait_for_a_slow_classifier(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_JUDGING_S", 0.0)

    class Slow(KeywordJudge):
        def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
            if not self.asked:
                os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)
            return super().judge(pairs)

    run, index = make([{"id": str(n), "prompt": "Q", "response": "R"} for n in range(3_000)])
    judge = Slow()
    with pytest.raises(KeyboardInterrupt):
        judge_run(run, index, judge)
    assert len(judge.asked) == 512  # the batch at hand was not begun again with the next
    with run.index() as again:
        assert judge_run(run, again, KeywordJudge()) == 3_000
    assert [one.response_id for one in run.judgments("keyword")] == [str(n) for n in range(3_000)]


class FullDisk(KeywordJudge):
    """A judge during whose first batch the disk fills up."""

    def judge(self, pairs):  # type: ignore[no-untyped-def]
        import resource

        size = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, size))
        return super().judge(pairs)


def test_a_full_disk_stops_the_asking(tmp_path: Path) -> None:
    import resource

    asking, model = Asking(tmp_path, 5_000), FakeModel()
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        # One after the other, so that nothing has to be put into order while the disk is full.
        outcome = asking.drive(model, FullDisk(), limits=replace(FAST, max_connections=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert isinstance(outcome.error, OSError)
    assert sum(model.asked.values()) < 5_000
    assert {type(judgment) for judgment in asking.run.judgments("keyword")} <= {Judgment}


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "asked model fake/model: the first call failed: bad-request: no 'wrong'. Check the name of the model"),
        (3, "asked model fake/model: 3 calls in a row failed and none worked; the last: bad-request: no 'wrong'."),
    ],
)
def test_few_prompts_of_which_none_is_answered_are_an_error_too(tmp_path: Path, count: int, told: str) -> None:
    asking = Asking(tmp_path, count)
    outcome = asking.drive(FakeModel(lambda *_: CallError("bad-request", "no 'wrong'.")), KeywordJudge())
    assert isinstance(outcome.error, RunError)
    assert str(outcome.error).startswith(told)
    assert outcome.stopped is None  # everything was asked
    assert [r.status for r in asking.run.responses()] == ["error"] * count


def test_a_late_judge_that_does_not_work_is_an_error(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 3)
    asking.drive(FakeModel(), KeywordJudge())
    late = FakeAskingJudge(FakeModel(lambda *_: CallError("bad-request", "no"), name="fake/judge"))
    assert str(asking.drive(FakeModel(), late).error).startswith("judge fake@fake/model: 3 calls in a row failed")


def test_what_fails_again_when_resumed_is_no_sign_that_nothing_works(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 5)
    model = FakeModel(lambda q, _: CallError("bad-request", "too long") if q == "Q3" else None)
    for _ in range(2):
        assert asking.drive(model, FakeAskingJudge(FakeModel(name="fake/judge"))).error is None
    assert model.asked["Q3"] == 2
