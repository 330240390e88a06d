"""hantei inside a running event loop: nothing blocks it, and what is cancelled ends as on Ctrl-C."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import hantei
from hantei import Limits, Options
from hantei.event_loop import awaited, outside_of_loop
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import FakeAskingJudge, FakeModel

ROWS = [{"id": str(n), "question": f"q {n}", "answer": f"a {n}"} for n in range(40)]


def test_the_twin_of_judge_gives_the_same_run_while_the_loop_goes_on(tmp_path: Path) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async def server() -> tuple[hantei.Run, hantei.Run]:
        ticking = asyncio.create_task(tick())
        slow = FakeAskingJudge(FakeModel(delay_s=0.01))
        both = await asyncio.gather(
            hantei.ajudge(ROWS, slow, tmp_path / "one"), hantei.ajudge(ROWS, KeywordJudge(), tmp_path / "two")
        )
        ticking.cancel()
        return both[0], both[1]

    one, two = asyncio.run(server())
    assert len(list(one.judgments("fake@fake/model"))) == 40
    assert len(list(two.judgments("keyword"))) == 40
    assert ticks > 10


def test_the_twin_of_run_asks_and_judges(tmp_path: Path) -> None:
    replay = tmp_path / "answers.jsonl"
    replay.write_text('{"id": "1", "question": "Is it so?", "answer": "It is not."}\n')
    run = asyncio.run(hantei.arun(f"replay/{replay}", str(replay), KeywordJudge(), tmp_path / "run"))
    assert [response.text for response in run.responses()] == ["It is not."]


def test_work_that_nobody_awaits_any_more_ends_and_can_be_gone_on_with(tmp_path: Path) -> None:
    model = FakeModel(delay_s=0.02)
    judge = FakeAskingJudge(model)
    options = Options(limits=Limits(max_connections=1, grace_s=1))

    async def impatient() -> None:
        async with asyncio.timeout(0.4):
            await hantei.ajudge(ROWS, judge, tmp_path / "run", options)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    run = hantei.load_run(tmp_path / "run")
    assert "stopped by hand" in str(run.info().stopped)
    before = len(list(run.judgments(judge.name)))
    assert 0 < before < 40
    assert hantei.judge(ROWS, judge, tmp_path / "run", options).info().stopped is None
    assert set(model.answered.values()) == {1}


def test_an_error_reaches_who_awaits() -> None:
    with pytest.raises(hantei.UsageError, match="no such judge"):
        asyncio.run(hantei.ajudge(ROWS, "gpt-9"))


def test_a_twin_says_what_it_is_the_twin_of() -> None:
    assert hantei.ajudge.__name__ == "ajudge"
    assert "``judge``" in str(hantei.ajudge.__doc__)


def test_work_outside_of_the_loop_runs_one_of_its_own() -> None:
    async def own() -> int:
        return 7

    async def notebook() -> int:
        return outside_of_loop(lambda: asyncio.run(own()))

    assert outside_of_loop(lambda: asyncio.run(own())) == asyncio.run(notebook()) == asyncio.run(awaited(lambda: 7)())
