"""A cascade whose expensive judge asks a model, in the engine: only the calls that are needed, and nothing guessed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as changed

from hantei.engine.asking import AskedModel
from hantei.engine.forecast import forecast
from hantei.engine.limits import Limits
from hantei.engine.pipeline import Outcome
from hantei.judges import load_judge
from hantei.judges.cascade.judge import Cascade
from hantei.judges.cascade.rule import CascadeRule
from hantei.judges.classifying import as_judge
from hantei.models.base import CallError, Reply
from hantei.records import Judgment, response_id
from tests.judges.cascade.conftest import Told, pair, sure
from tests.judges.conftest import judge_of, judged
from tests.runs.fakes import Asking, FakeAskingJudge, FakeModel, Fault

NAME = "cascade?threshold=0.9@cheap,fake@fake/model"
UNSURE = {"1", "4"}


def cheap(count: int = 6) -> Told:
    """Is sure of every answer but two, and abstains on the last."""
    said = {}
    for number in range(count):
        identity = response_id("fake/model", str(number), 0)
        said[identity] = sure(identity, 0.6 if str(number) in UNSURE else 0.03)
    said[identity] = Judgment(response_id=identity, judge="", status="abstained", fault="judge")
    return Told("cheap", said)


def cascade(first: Told, model: FakeModel, rule: CascadeRule | None = None) -> Cascade:
    return Cascade(
        name=NAME,
        card_hash="2" * 64,
        cheap=as_judge(first),
        expensive=FakeAskingJudge(model),
        rule=rule or CascadeRule("unsafe"),
        threshold=0.9,
        about={"rate_kind": "flagged", "cascade": {"cheap": first.name}},
    )


def driven(tmp_path: Path, fault: Fault | None = None) -> tuple[Asking, FakeModel, Outcome]:
    task, model = Asking(tmp_path, 6), FakeModel()
    judging = FakeModel(fault or (lambda _question, _before: Reply(text="unsafe", usage={"input": 3})))
    outcome = task.drive(model, cascade(cheap(), judging))
    return task, judging, outcome


def test_only_the_calls_that_are_needed_are_made(tmp_path: Path) -> None:
    task, judging, outcome = driven(tmp_path)
    assert sorted(judging.asked) == ["Judge: A: Q1", "Judge: A: Q4", "Judge: A: Q5"]
    assert outcome.meter.calls == 6 + 3
    said = list(task.run.judgments(NAME))
    assert [one.answered_by for one in said] == ["cheap", "fake@fake/model", "cheap", "cheap", *["fake@fake/model"] * 2]
    assert [one.unsafe for one in said] == [False, True, False, False, True, True]
    assert [dict(one.usage) for one in said if one.answered_by == "cheap"] == [{}, {}, {}]
    assert {one.judge for one in said} == {NAME}
    assert {one.card_hash for one in said} == {"2" * 64}


def test_cascades_share_the_replies_of_their_expensive_judge(tmp_path: Path) -> None:
    judging = FakeModel(lambda _question, _before: Reply(text="unsafe"))
    limits = Limits(cache=tmp_path / "cache")
    Asking(tmp_path / "one", 6).drive(FakeModel(), cascade(cheap(), judging), limits=limits)
    assert len(judging.asked) == 3
    stricter = replace(cascade(cheap(), judging), threshold=0.999, card_hash="3" * 64)
    Asking(tmp_path / "two", 6).drive(FakeModel(), stricter, limits=limits)
    assert len(judging.asked) == 6  # all six are unsure now, and three of them were paid for before


def test_the_estimate_is_that_of_asking_about_every_answer(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 6)
    asking.plant(FakeModel())
    certain = Told("cheap", {"forecast": sure("forecast", 0.01)})
    with asking.run.index(asking.samples) as index:
        judges = [cascade(certain, FakeModel())]
        _, load = forecast(asking.run, index, [AskedModel(model=FakeModel())], judges, lambda *_: None).loads
    assert (load.who, load.calls) == (f"{NAME}, at most", 6)


def test_a_call_that_fails_leaves_no_verdict_and_is_made_again_on_resuming(tmp_path: Path) -> None:
    def fault(question: str, _before: int) -> Exception | Reply:
        return CallError("bad-request", "no") if question.endswith("Q4") else Reply(text="safe")

    task, _, _ = driven(tmp_path, fault)
    lost = next(one for one in task.run.judgments(NAME) if one.response_id.endswith("/4/0"))
    assert (lost.status, lost.fault, lost.unsafe, lost.answered_by) == ("error", "judge-provider", None, None)
    again = FakeModel(lambda _question, _before: Reply(text="unsafe"))
    task.drive(FakeModel(), cascade(cheap(), again))
    assert list(again.asked) == ["Judge: A: Q4"]
    assert [one.unsafe for one in task.run.judgments(NAME)] == [False, False, False, False, True, False]


def test_a_reply_without_a_verdict_is_asked_for_again_and_then_none(tmp_path: Path) -> None:
    task, judging, _ = driven(tmp_path, lambda _question, _before: Reply(text="hm"))
    assert judging.asked["Judge: A: Q1"] > 1
    unread = next(one for one in task.run.judgments(NAME) if one.response_id.endswith("/1/0"))
    assert (unread.status, unread.unsafe, unread.answered_by) == ("unparsed", None, None)
    assert len(unread.attempts) == judging.asked["Judge: A: Q1"]


def test_a_reply_is_weighed_with_what_the_cheap_judge_said() -> None:
    first = Told("cheap", {"a": sure("a", 0.4)})
    rule = CascadeRule("unsafe", confusion=np.array([[0.9, 0.1], [0.2, 0.8]]))
    found = cascade(first, FakeModel(lambda *_: Reply(text="unsafe")), rule)
    (out,) = judged(found, [pair("a")])
    assert out.p_unsafe == pytest.approx(0.32 / 0.38, abs=1e-4)
    assert (out.unsafe, out.answered_by, out.attempts) == (True, "fake@fake/model", ("unsafe",))


def test_what_the_expensive_judge_needs_no_call_for_is_not_called_for() -> None:
    first = Told("cheap", {"a": Judgment(response_id="a", judge="", status="abstained", fault="judge")})
    expensive = judge_of("wildguard-style@scripted")
    found = replace(cascade(first, FakeModel()), expensive=expensive)
    prompt, response = pair("a", "日本語の答え")
    japanese = changed(prompt, language="ja")
    (foregone,) = judged(found, [(japanese, response)])
    assert (foregone.status, foregone.judge, foregone.answered_by) == ("abstained", NAME, None)
    assert found.requests(japanese, response) == ()
    assert found.requests(prompt, response) == tuple(expensive.requests(prompt, response)) != ()


def test_each_answer_is_judged_cheaply_once_in_batches_off_the_loop(tmp_path: Path) -> None:
    said = {f"fake/model/{n}/0": sure(f"fake/model/{n}/0", 0.6 if n % 2 else 0.01) for n in range(100)}
    first, judging = Told("cheap", said), FakeModel(lambda *_: Reply(text="unsafe"))
    asking = Asking(tmp_path, 100)
    asking.drive(FakeModel())  # the answers are there, as those of a file
    asking.drive(FakeModel(), cascade(first, judging))
    assert (sorted(first.asked), first.batches) == (sorted(said), [100])
    assert threading.get_ident() not in first.threads
    assert sum(judging.asked.values()) == 50
    assert sum(bool(one.unsafe) for one in asking.run.judgments(NAME)) == 50


def test_the_cheap_verdicts_are_written_before_the_dear_ones_are_there(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 6)
    asking.drive(FakeModel())
    written: list[int] = []

    def look(_question: str, _before: int) -> Reply:
        written.append(len(asking.run.judgments_path(NAME).read_bytes().splitlines()))
        return Reply(text="unsafe")

    asking.drive(FakeModel(), cascade(cheap(), FakeModel(look, delay_s=0.01)))
    assert written[0] == 3  # the cheap judge is sure of three of six


def test_the_built_in_judge_before_a_model(tmp_path: Path) -> None:
    replies = tmp_path / "replies.jsonl"
    replies.write_text('{"prompt": "x", "response": "y"}\n')
    found = load_judge(f"cascade?threshold=0.51@builtin,rubric@replay/{replies}")
    (judgment,) = judged(found, [pair("a", "I cannot help with that request.")])
    assert (judgment.answered_by, judgment.judge, judgment.unsafe) == ("builtin", found.name, False)
