from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.engine.gate import Gate, Line
from hantei.models.base import CallError
from tests.runs.fakes import FAST, Asking, FakeModel


def proved(maximum: int) -> Gate:
    gate = Gate(maximum)
    gate.answered()
    return gate


def line_at(gate: Gate) -> tuple[Line, Gate]:
    return Line([gate]), gate


def in_loop(work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await work()

    asyncio.run(main())


async def tick() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_few_calls_go_until_the_first_answer() -> None:
    gate = Gate(64)
    assert gate.limit == 4
    gate.answered()
    assert gate.limit == 64
    assert Gate(2).limit == 2


def test_an_overload_halves_the_limit_once_for_all_calls_under_way() -> None:
    async def work() -> None:
        gate, now = proved(64), asyncio.get_running_loop().time()
        for _ in range(10):
            gate.overloaded(now - 1, None)
        assert gate.limit == 32
        await asyncio.sleep(0.01)
        gate.overloaded(asyncio.get_running_loop().time(), None)
        assert gate.limit == 16

    in_loop(work)


def test_answers_win_one_more_call_a_round_up_to_the_maximum() -> None:
    async def work() -> None:
        gate = proved(10)
        gate.overloaded(asyncio.get_running_loop().time(), None)
        assert gate.limit == 5
        for _ in range(5):  # one round of five calls: 5 + 1/5 + 1/5.2 + ... is a little under 6
            gate.answered()
        assert 5.9 < gate.limit < 6
        for _ in range(100):
            gate.answered()
        assert gate.limit == 10

    in_loop(work)


@given(st.lists(st.sampled_from(["answered", "overloaded"]), max_size=200), st.integers(1, 100))
def test_the_limit_stays_between_one_and_the_maximum(events: list[str], maximum: int) -> None:
    async def work() -> None:
        gate, started = Gate(maximum), asyncio.get_running_loop().time()
        for event in events:
            started += 1e-9
            if event == "answered":
                gate.answered()
            else:
                gate.overloaded(started + 1e6, None)
            assert 1 <= int(gate.limit) <= maximum

    in_loop(work)


def test_no_more_than_the_limit_at_once_and_judges_first() -> None:
    async def work() -> None:
        line, gate, order = *line_at(proved(1)), []

        async def call(name: str, answer: int | None) -> None:
            await line.enter(answer)
            order.append(name)
            gate.leave()

        await line.enter()
        tasks = [asyncio.create_task(call(*who)) for who in (("model", None), ("judge", 7), ("model", None))]
        await tick()
        assert order == []
        gate.leave()
        await asyncio.gather(*tasks)
        assert order == ["judge", "model", "model"]
        await tick()
        assert gate.busy == 0

    in_loop(work)


def test_of_judges_the_earliest_begun_answer_goes_first() -> None:
    async def work() -> None:
        line, gate, order = *line_at(proved(1)), []

        async def call(answer: int) -> None:
            await line.enter(answer)
            order.append(answer)
            gate.leave()

        await line.enter()
        tasks = [asyncio.create_task(call(answer)) for answer in (5, 3, 9, 3)]
        await tick()
        gate.leave()
        await asyncio.gather(*tasks)
        assert order == [3, 3, 5, 9]

    in_loop(work)


def test_a_cancelled_wait_gives_its_place_on() -> None:
    async def work() -> None:
        line, gate = line_at(proved(1))
        await line.enter()
        first, second = asyncio.create_task(line.enter()), asyncio.create_task(line.enter())
        await tick()
        gate.leave()
        await asyncio.sleep(0)  # the place is given to the first, which has not run yet
        first.cancel()
        await second
        assert gate.busy == 1

    in_loop(work)


def test_a_pause_that_the_server_asks_for_holds_for_everybody() -> None:
    async def work() -> None:
        line, gate, loop = *line_at(proved(8)), asyncio.get_running_loop()
        gate.overloaded(loop.time(), 0.2)
        started = loop.time()
        await asyncio.gather(*(line.enter() for _ in range(3)))
        assert loop.time() - started >= 0.2

    in_loop(work)


def test_a_closed_gate_turns_everybody_away() -> None:
    async def work() -> None:
        line, _ = line_at(proved(1))
        await line.enter()
        waiting = asyncio.create_task(line.enter())
        await tick()
        line.close(KeyError("closed"))
        for one in (waiting, line.enter(1)):
            with pytest.raises(KeyError):
                await one

    in_loop(work)


def test_of_several_servers_the_least_busy_goes_first_and_each_has_its_limit() -> None:
    async def work() -> None:
        small, large = proved(1), proved(3)
        line = Line([small, large])
        assert [await line.enter() for _ in range(4)] == [small, large, large, large]  # 0/1, then 0/3, 1/3 and 2/3
        waiting = [asyncio.create_task(line.enter()) for _ in range(2)]
        await tick()
        large.leave()
        small.leave()
        assert await asyncio.gather(*waiting) == [large, small]

    in_loop(work)


def test_two_models_on_one_server_share_its_places_in_the_order_of_their_calls() -> None:
    async def work() -> None:
        gate = proved(1)
        one, other = Line([gate]), Line([gate])
        await one.enter()
        order: list[str] = []

        async def call(line: Line, name: str, answer: int | None = None) -> None:
            await line.enter(answer)
            order.append(name)
            gate.leave()

        calls = [(one, "first", None), (other, "second", None), (one, "third", None), (other, "judge", 5)]
        tasks = [asyncio.create_task(call(*each)) for each in calls]
        await tick()
        gate.leave()
        await asyncio.gather(*tasks)
        assert order == ["judge", "first", "second", "third"]

    in_loop(work)


def test_a_dead_server_rests_and_is_tried_again_with_one_call() -> None:
    async def work() -> None:
        dead, alive = proved(4), proved(4)
        line = Line([dead, alive])
        dead.failed(dead=True)
        dead.failed(dead=True)  # a call that was under way
        assert [await line.enter() for _ in range(4)] == [alive] * 4
        waiting = [asyncio.create_task(line.enter()) for _ in range(2)]
        await asyncio.sleep(1.05)  # its first rest is one second
        assert [place.done() for place in waiting] == [True, False]
        assert waiting[0].result() is dead
        dead.answered()
        dead.leave()
        assert await waiting[1] is dead
        assert dead.limit == 4

    in_loop(work)


def test_a_server_that_fails_now_and_then_does_not_rest() -> None:
    async def work() -> None:
        gate = proved(4)
        for _ in range(3):
            gate.failed(dead=False)
        gate.answered()
        for _ in range(3):
            gate.failed(dead=False)
        assert not gate.is_closed()
        gate.failed(dead=False)
        assert gate.is_closed()

    in_loop(work)


def test_a_server_that_came_takes_who_waits(tmp_path: Path) -> None:
    async def work() -> None:
        old, new = proved(1), proved(1)
        line = Line([old])
        await line.enter()
        waiting = asyncio.create_task(line.enter())
        await tick()
        line.at([new])
        assert await waiting is new
        old.leave()
        await tick()
        assert (old.busy, old.lines) == (0, [])

    in_loop(work)


def test_a_run_keeps_to_retry_after(tmp_path: Path) -> None:
    times: list[float] = []

    def fault(_question: str, _before: int) -> Exception | None:
        times.append(time.monotonic())
        return CallError("rate-limit", "slow down", retry_after_s=0.3) if len(times) == 10 else None

    outcome = Asking(tmp_path, 40).drive(FakeModel(fault), limits=replace(FAST, max_connections=4))
    assert outcome.meter.failures == {"rate-limit": 1}
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[9:])]
    # The three calls that were under way with the refused one may still arrive; nothing else does for 0.3 seconds.
    assert max(gaps[:4]) >= 0.29


def test_waits_that_the_server_asks_for_are_no_tries(tmp_path: Path) -> None:
    model = FakeModel(lambda _, before: CallError("rate-limit", "slow down") if before < 25 else None)
    outcome = Asking(tmp_path, 1).drive(model, limits=replace(FAST, tries=2, patience_s=9))
    assert (outcome.stopped, outcome.meter.answered, outcome.meter.failures) == (None, 1, {"rate-limit": 25})
