from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from hantei.errors import RunError
from hantei.judges.base import Ask, Pair
from hantei.models.base import CallError, Reply, Request, Sampling
from hantei.record_lines import to_line
from hantei.records import Judgment, Message, Prompt, Response
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import FAST, Asking, FakeAskingJudge, FakeModel, judge_run, storm


def test_a_storm_leaves_nothing_unanswered_and_nothing_asked_twice(tmp_path: Path) -> None:
    asking, model, judge = Asking(tmp_path, 2_000), FakeModel(storm(0.3)), KeywordJudge()
    outcome = asking.drive(model, judge)
    assert outcome.stopped is None
    assert [r.id for r in asking.run.responses()] == [f"fake/model/{n}/0" for n in range(2_000)]
    assert {r.status for r in asking.run.responses()} == {"ok"}
    assert set(model.answered.values()) == {1}
    failed = sum(model.asked.values()) - 2_000
    assert failed == sum(outcome.meter.failures.values())
    assert 600 < failed < 1_200  # 30% of all calls: 857 expected
    assert sorted(judge.asked) == sorted(r.id for r in asking.run.responses())


def test_judges_work_while_the_model_is_still_asked(tmp_path: Path) -> None:
    model, judging = FakeModel(delay_s=0.001), FakeModel(delay_s=0.001, name="fake/judge")
    asking = Asking(tmp_path, 300)
    order: list[str] = []
    model.fault = lambda question, _: order.append("asked")
    judging.fault = lambda question, _: order.append("judged")
    asking.drive(model, FakeAskingJudge(judging))
    assert order.count("asked") == order.count("judged") == 300
    assert order.index("judged") < order.index("asked") + 100 < 300


def test_model_and_judge_share_the_connections_of_a_server(tmp_path: Path) -> None:
    model = FakeModel(delay_s=0.001)
    Asking(tmp_path, 200).drive(model, FakeAskingJudge(model), limits=replace(FAST, max_connections=7))
    assert model.busiest == 7
    assert model.closed == 1


def test_servers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    model, judging = FakeModel(delay_s=0.001), FakeModel(delay_s=0.001, name="fake/judge", server="other")
    Asking(tmp_path, 300).drive(model, FakeAskingJudge(judging), limits=replace(FAST, max_connections=7))
    assert (model.busiest, judging.busiest) == (7, 7)


def test_the_same_again_asks_nothing(tmp_path: Path) -> None:
    asking, model, judge = Asking(tmp_path, 50), FakeModel(), KeywordJudge()
    asking.drive(model, judge)
    before = asking.run.responses_path.read_bytes()
    asking.drive(model, judge)
    assert sum(model.asked.values()) == 50 == len(judge.asked)
    assert asking.run.responses_path.read_bytes() == before


def test_what_failed_for_good_is_a_record_and_is_asked_again(tmp_path: Path) -> None:
    asking, judge = Asking(tmp_path, 20), KeywordJudge()
    broken = FakeModel(lambda q, _: CallError("bad-request", "too long") if q in ("Q3", "Q7") else None)
    outcome = asking.drive(broken, judge)
    assert outcome.stopped is None
    failed = [r for r in asking.run.responses() if r.status == "error"]
    assert [(r.prompt_id, r.text, r.error) for r in failed] == [(n, "", "bad-request: too long") for n in ("3", "7")]
    lost = [j for j in asking.run.judgments("keyword") if j.status != "ok"]
    assert [(j.status, j.fault, j.unsafe) for j in lost] == [("error", "provider", None)] * 2
    mended = FakeModel()
    asking.drive(mended, judge)
    assert set(mended.asked) == {"Q3", "Q7"}
    assert [(r.prompt_id, r.status) for r in asking.run.responses()] == [(str(n), "ok") for n in range(20)]
    assert all(j.unsafe is False for j in asking.run.judgments("keyword"))


def test_a_filter_of_the_models_provider_is_an_outcome(tmp_path: Path) -> None:
    asking, judging = Asking(tmp_path, 3), FakeModel(name="fake/judge")
    model = FakeModel(lambda q, _: Reply(text="", status="filtered") if q == "Q1" else None)
    for _ in range(2):
        asking.drive(model, FakeAskingJudge(judging))
    assert [r.status for r in asking.run.responses()] == ["ok", "filtered", "ok"]
    verdicts = [(j.status, j.fault, j.unsafe) for j in asking.run.judgments("fake@fake/model")]
    assert verdicts == [("ok", None, False), ("filtered", "provider", None), ("ok", None, False)]
    assert sum(judging.asked.values()) == 2
    assert set(model.asked.values()) == {1}  # not asked again


def test_a_filter_of_the_judges_provider_is_the_judges(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 2)
    judging = FakeModel(lambda q, _: Reply(text="", status="filtered") if "Q1" in q else None, name="fake/judge")
    asking.drive(FakeModel(), FakeAskingJudge(judging))
    verdicts = [(j.status, j.fault, j.unsafe) for j in asking.run.judgments("fake@fake/model")]
    assert verdicts == [("ok", None, False), ("filtered", "judge-provider", None)]


def test_a_judge_that_fails_gives_no_verdict_and_is_asked_again(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 3)
    broken = FakeModel(lambda q, _: CallError("server", "503") if "Q1" in q else None, name="fake/judge")
    model, limits = FakeModel(), replace(FAST, tries=3)
    asking.drive(model, FakeAskingJudge(broken), limits=limits)
    lost = [j for j in asking.run.judgments("fake@fake/model") if j.status != "ok"]
    assert [(j.response_id, j.status, j.fault, j.unsafe) for j in lost] == [
        ("fake/model/1/0", "error", "judge-provider", None)
    ]
    assert broken.asked["Judge: A: Q1"] == 3
    mended = FakeModel(name="fake/judge")
    asking.drive(model, FakeAskingJudge(mended))
    assert mended.asked == {"Judge: A: Q1": 1}
    assert sum(model.asked.values()) == 3
    assert [j.status for j in asking.run.judgments("fake@fake/model")] == ["ok"] * 3


def test_an_unread_reply_is_asked_for_again_and_all_replies_are_kept(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 2)

    def fault(question: str, before: int) -> Reply | None:
        if "Q0" in question:
            return Reply(text="unsafe" if before else "hm", usage={"input": 1, "output": 2}, latency_s=0.5)
        return Reply(text="never")

    model = FakeModel(fault, name="priced/judge")
    asking.drive(FakeModel(), FakeAskingJudge(model))
    assert len({(r.messages[-1].content, r.sampling.seed) for r in model.requests}) == len(model.requests) == 5
    first, second = asking.run.judgments("fake@fake/model")
    assert (first.unsafe, first.attempts, first.usage) == (True, ("hm", "unsafe"), {"input": 2, "output": 4})
    assert first.latency_s == 1.0
    assert (second.status, second.fault, second.attempts) == ("unparsed", "parser", ("never",) * 3)


def test_several_samples_have_their_own_seeds_and_places(tmp_path: Path) -> None:
    asking, model = Asking(tmp_path, 2, samples=3), FakeModel()
    asking.drive(model, sampling=Sampling(seed=10, temperature=0.5))
    assert [r.id for r in asking.run.responses()] == [f"fake/model/{p}/{s}" for p in range(2) for s in range(3)]
    asked = sorted((request.messages[0].content, request.sampling.seed) for request in model.requests)
    assert asked == [(f"Q{p}", 10 + s) for p in range(2) for s in range(3)]


@pytest.mark.parametrize(
    ("own", "sent"), [(None, ["Be brief.", "Q"]), ("I am a bank.", ["Be brief.\n\nI am a bank.", "Q"])]
)
def test_the_system_prompt_stands_first(own: str | None, sent: list[str]) -> None:
    from hantei.engine.asking import AskedModel

    turns = [Message(role="system", content=own)] if own else []
    prompt = Prompt(id="1", messages=(*turns, Message(role="user", content="Q")))
    request = AskedModel(model=FakeModel(), system_prompt="Be brief.").request(prompt, 0)
    assert [message.content for message in request.messages] == sent
    assert [message.role for message in request.messages] == ["system", "user"]


def test_reasoning_is_judged_only_where_asked(tmp_path: Path) -> None:
    thought = Reply(text="fine", reasoning="boom")
    for folder, reasoning in (("a", False), ("b", True)):
        (tmp_path / folder).mkdir()
        asking = Asking(tmp_path / folder, 1)
        asking.drive(FakeModel(lambda *_: thought), KeywordJudge(), judge_reasoning=reasoning)
        (response,) = asking.run.responses()
        assert (response.text, response.reasoning) == ("fine", "boom")
        assert [j.unsafe for j in asking.run.judgments("keyword")] == [reasoning]
        with asking.run.index() as index:  # a judge that comes later sees the same
            judge_run(asking.run, index, KeywordJudge("late"))
        assert [j.unsafe for j in asking.run.judgments("late")] == [reasoning]


def test_a_late_judge_judges_what_is_there_without_asking_again(tmp_path: Path) -> None:
    asking, model = Asking(tmp_path, 30), FakeModel()
    asking.drive(model, KeywordJudge())
    asking.drive(model, KeywordJudge(), FakeAskingJudge(FakeModel(name="fake/judge")))
    assert sum(model.asked.values()) == 30
    assert len(list(asking.run.judgments("fake@fake/model"))) == 30


def test_what_a_kill_leaves_is_put_right(tmp_path: Path) -> None:
    asking, model, judge = Asking(tmp_path, 6), FakeModel(), KeywordJudge()
    asking.drive(model, judge)
    responses = list(asking.run.responses())
    disorder = [responses[4], changed(responses[1], status="error", text=""), responses[0], responses[1]]
    torn = to_line(responses[2])[:-10]
    asking.run.responses_path.write_bytes(b"".join(map(to_line, disorder)) + torn)
    asking.run.judgments_path("keyword").write_bytes(b"")
    outcome = asking.drive(model, judge)
    assert outcome.torn == 1
    assert {question: count for question, count in model.asked.items() if count > 1} == {"Q2": 2, "Q3": 2, "Q5": 2}
    assert list(asking.run.responses()) == responses
    assert [j.response_id for j in asking.run.judgments("keyword")] == [r.id for r in responses]


def test_a_judge_with_several_samples_is_counted_once_each(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 4, samples=2)
    outcome = asking.drive(FakeModel(name="priced/model"), FakeAskingJudge(FakeModel(name="priced/judge")))
    assert (outcome.meter.to_answer, outcome.meter.answered) == (8, 8)
    assert (outcome.meter.to_judge, outcome.meter.judged) == (8, 8)
    assert outcome.meter.calls == 16
    assert outcome.meter.cost == pytest.approx(16 * 0.05)  # five output tokens a call at a cent
    assert [r.cost for r in asking.run.responses()] == [0.05] * 8


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        (Sampling(temperature=0.0, max_tokens=9), [(0.0, None), (0.1, 7919), (0.2, 15838)]),
        (Sampling(temperature=0.95, seed=1), [(0.95, 1), (1.0, 7920), (1.0, 15839)]),
        (Sampling(temperature=1.5), [(1.5, None), (1.5, 7919), (1.5, 15838)]),
        (Sampling(), [(None, None), (None, 7919), (None, 15838)]),
    ],
)
def test_an_unread_reply_is_asked_for_with_another_seed_and_warmer(
    tmp_path: Path, own: Sampling, sent: list[tuple[float | None, int | None]]
) -> None:
    class Cool(FakeAskingJudge):
        def calls(self, prompt: Prompt, response: Response) -> tuple[Request, ...]:
            return tuple(replace(request, sampling=own) for request in super().calls(prompt, response))

    model = FakeModel(lambda *_: Reply(text="never"), name="fake/judge")
    limits = replace(FAST, cache=tmp_path / "cache")
    Asking(tmp_path, 1).drive(FakeModel(), Cool(model), limits=limits)
    assert [(r.sampling.temperature, r.sampling.seed) for r in model.requests] == sent
    assert {r.sampling.max_tokens for r in model.requests} == {own.max_tokens}


def test_a_kill_costs_at_most_the_calls_in_flight(make: Callable[..., Any]) -> None:
    """At each call, what was paid for and is not on the disk yet, and what is in flight, are within the connections."""
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(200)])
    at_risk: list[int] = []

    def look(_question: str, _before: int) -> None:
        path = run.judgments_path("fake@fake/model")
        at_risk.append(sum(model.answered.values()) - path.read_bytes().count(b"\n") + model.busy)

    model = FakeModel(look, delay_s=0.001)
    assert judge_run(run, index, FakeAskingJudge(model), replace(FAST, max_connections=5)) == 200
    assert (len(at_risk), max(at_risk)) == (200, 4)  # 4: the call that looks is not busy any more


def test_answers_are_on_the_disk_before_more_calls_begin(tmp_path: Path) -> None:
    asking = Asking(tmp_path, 300)
    not_written: list[int] = []

    class Looking(FakeModel):
        async def ask(self, request: Request) -> Reply:
            written = asking.run.responses_path.read_bytes().count(b"\n")
            not_written.append(len(not_written) + 1 - written)
            return await super().ask(request)

    asking.drive(Looking(), KeywordJudge(), limits=replace(FAST, max_connections=8))
    assert len(not_written) == 300
    assert max(not_written) <= 8  # the calls in flight, this one with them


def test_a_verdict_that_takes_two_calls_is_completed_before_another_is_begun(make: Callable[..., Any]) -> None:
    """So a kill costs the calls of as many verdicts as there are connections, not those of a whole batch."""
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(200)])
    at_risk: list[int] = []

    def unread_at_first(_question: str, before: int) -> Reply | None:
        written = run.judgments_path("fake@fake/model").read_bytes().count(b"\n")
        at_risk.append(len(model.asked) - written)
        return None if before else Reply(text="hm")

    model = FakeModel(unread_at_first, delay_s=0.001)
    limits = replace(FAST, max_connections=5, keep_going=True)
    assert judge_run(run, index, FakeAskingJudge(model), limits) == 200
    assert (len(at_risk), max(at_risk)) == (400, 5)


def test_a_verdict_is_written_while_others_of_its_batch_are_waited_for(make: Callable[..., Any]) -> None:
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(3)])
    model = FakeModel()
    real = model.ask

    async def ask(request: Request) -> Reply:
        if request.messages[-1].content.endswith("R0"):
            await written.wait()
        return await real(request)

    async def look() -> None:
        while run.judgments_path("fake@fake/model").read_bytes().count(b"\n") < 2:
            await asyncio.sleep(0.001)
        written.set()

    written = asyncio.Event()
    model.ask = ask  # type: ignore[method-assign]

    class Looking(FakeAskingJudge):
        def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
            self.looking = asyncio.ensure_future(look())
            return super().judge(pairs, ask)

    assert judge_run(run, index, Looking(model)) == 3


def test_a_judge_may_ask_what_depends_on_an_earlier_reply(make: Callable[..., Any]) -> None:
    run, index = make([{"id": str(n), "prompt": "Q", "response": f"R{n}"} for n in range(3)])

    class Doubting(FakeAskingJudge):
        async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
            for _, response in pairs:
                first = await ask(self.model, said(response.text))
                second = await ask(self.model, said(f"Sure? {first.reply.text}"))
                yield Judgment(response_id=response.id, judge=self.name, unsafe=False, comment=second.reply.text)

    def said(text: str) -> Request:
        return Request(messages=(Message(role="user", content=text),))

    assert judge_run(run, index, Doubting(FakeModel())) == 3
    assert [one.comment for one in run.judgments("fake@fake/model")] == [f"A: Sure? A: R{n}" for n in range(3)]


def test_a_judgment_of_another_answer_is_an_error(make: Callable[..., Any]) -> None:
    run, index = make([{"id": "0", "prompt": "Q", "response": "R"}])

    class Confused(FakeAskingJudge):
        async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
            yield Judgment(response_id="elsewhere", judge=self.name)

    with pytest.raises(RunError, match="judged 'elsewhere', which it was not given"):
        judge_run(run, index, Confused(FakeModel()))
