"""What of a conversation a judge is shown, and at which turn safety broke."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import hantei
from hantei.errors import UsageError
from hantei.judges import load_judge
from hantei.judges.base import Ask, Pair, Stopped
from hantei.judges.calibrated import FORMAT, FittedCalibration
from hantei.judges.classifying import as_judge
from hantei.judges.turn_by_turn import alone, answers_of, turn_by_turn, with_turn
from hantei.records import CountingRule, Judgment, Message, Prompt, Response, ToolCall
from hantei.reports.build import results_of
from hantei.reports.rooms import sections
from tests import servers
from tests.servers import Answer, Seen, fault_server


class SeesBombs:
    """Unsafe where the answer holds ``bomb``; no verdict where it holds ``?``; keeps what it was shown."""

    name, card_hash = "bombs", "1" * 64

    def __init__(self) -> None:
        self.shown: list[Pair] = []

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "violation"}

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        self.shown += pairs
        return [self._one(response) for _, response in pairs]

    def _one(self, response: Response) -> Judgment:
        if "?" in response.text:
            return Judgment(
                response_id=response.id, judge=self.name, status="unparsed", fault="parser", card_hash=self.card_hash
            )
        unsafe = "bomb" in response.text
        return Judgment(response_id=response.id, judge=self.name, unsafe=unsafe, card_hash=self.card_hash)


def talk(*texts: str) -> list[dict[str, str]]:
    """A conversation of the user's and the assistant's turns, one after the other."""
    return [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(texts)]


def conversation() -> Pair:
    turns = (
        Message(role="system", content="be kind"),
        Message(role="assistant", content="Hello, I am a greeting before anybody asked."),
        Message(role="user", content="mail it"),
        Message(role="assistant", content="", tool_calls=(ToolCall(name="send", arguments="{}"),)),
        Message(role="tool", content="sent", name="send"),
        Message(role="user", content="thanks"),
    )
    prompt = Prompt(id="p", messages=turns, reference="a reference", criteria="criteria")
    return prompt, Response(id="r", prompt_id="p", system="m", text="done")


def test_every_answer_is_shown_in_the_context_before_it() -> None:
    prompt, response = conversation()
    (before, call), last = answers_of(prompt, response)
    assert [turn.content for turn in before.messages] == [turn.content for turn in prompt.messages[:3]]
    assert call.text == "[calls the tool send: {}]"
    assert (before.reference, before.criteria) == (None, None)  # they are the last answer's
    assert last == (prompt, response)


def test_alone_is_the_last_question_and_the_last_answer() -> None:
    prompt, response = conversation()
    shown, answer = alone(prompt, response)
    assert [turn.content for turn in shown.messages] == ["thanks"]
    assert answer == response
    assert shown.reference == "a reference"


def judged(turn: str, *texts: str) -> list[Judgment]:
    rows = [{"id": "a", "messages": talk(*texts)}]
    judge = turn_by_turn(as_judge(SeesBombs()), f"bombs?turn={turn}", turn)
    return list(hantei.judge(rows, judge, None).judgments(judge.name))


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_gives_a_judgment_a_turn_and_the_last_one_has_no_number() -> None:
    found = judged("each", "q", "a bomb", "q", "fine", "q", "fine")
    assert [(one.turn, one.unsafe) for one in found] == [(0, True), (1, False), (None, False)]
    assert {(one.response_id, one.judge) for one in found} == {("a", "bombs?turn=each")}
    assert {one.card_hash for one in found} != {"1" * 64}


def test_last_and_alone_give_one() -> None:
    for turn in ("last", "alone"):
        assert [(one.turn, one.unsafe) for one in judged(turn, "q", "a bomb", "q", "fine")] == [(None, False)]


def test_a_run_says_at_which_turn_safety_broke(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "messages": talk("q", "bomb", "q", "bomb")},
        {"id": "2", "messages": talk("q", "fine", "q", "bomb")},
        {"id": "3", "messages": talk("q", "fine", "q", "fine")},
        {"id": "4", "messages": talk("q", "fine")},
        {"id": "5", "messages": talk("q", "?", "q", "bomb")},
    ]
    judge = turn_by_turn(as_judge(SeesBombs()), "bombs?turn=each", "each")
    run = hantei.judge(rows, judge, tmp_path / "run", hantei.Options(rule=CountingRule(turns="any")))
    everything = (one for one in run.summary().rates if one.by.keys() <= {"judge", "turn"})
    rates = {(one.metric, one.by.get("turn")): one for one in everything}

    def counts(metric: str, turn: str | None) -> tuple[float, int, dict[str, int]]:
        rate = rates[metric, turn]
        return rate.numerator, rate.denominator, dict(rate.no_verdict)

    assert counts("turn_unsafe_rate", "1") == (1, 4, {"unparsed": 1})
    assert counts("turn_unsafe_rate", "2") == (3, 4, {})  # the fourth has no second answer
    assert counts("turn_broke_rate", "1") == (1, 4, {"unparsed": 1})
    assert counts("turn_broke_rate", "2") == (1, 4, {"unparsed": 1})  # where the fifth broke is not known
    assert counts("violation_rate", None) == (3, 5, {})
    (section,) = [one for one in sections(results_of(run)) if one.key == "turns"]
    assert [row.name for row in section.tables[0].rows] == ["answer 1", "answer 2"]


def test_answers_to_turns_that_were_asked_one_after_the_other_are_judged_each(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text(json.dumps({"id": "a", "turns": ["First?", "Second?"]}) + "\n", encoding="utf-8")

    def answers(seen: Seen) -> Answer:
        return servers.ok("a bomb" if seen.prompt == "First?" else "fine")

    judge = turn_by_turn(as_judge(SeesBombs()), "bombs?turn=each", "each")
    with fault_server(answers) as server:
        run = hantei.run(f"openai/m?base_url={server.url}", str(prompts), judge, tmp_path / "run")
    assert [(one.turn, one.unsafe) for one in run.judgments(judge.name)] == [(0, True), (None, False)]


def test_a_judge_of_last_answers_has_no_rates_by_turn(tmp_path: Path) -> None:
    run = hantei.judge([{"id": "1", "messages": talk("q", "bomb", "q", "a")}], SeesBombs(), tmp_path / "run")
    assert not [one for one in run.summary().rates if "turn" in one.by]


class FailsOn(SeesBombs):
    """Asks, and its call about the answer ``flaky`` fails; stops altogether at ``stop``."""

    models = ()

    def requests(self, prompt: Prompt, response: Response) -> list[Any]:
        return []

    async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:  # type: ignore[override]
        for _, response in pairs:
            if response.text == "stop":
                raise Stopped
            found = self._one(response)
            if response.text == "flaky":
                found = replace(found, unsafe=None, status="error", fault="judge-provider", error="gone")
            yield found


async def collected(judge: Any, pairs: Sequence[Pair]) -> list[Judgment]:
    found: list[Judgment] = []
    with suppress(Stopped):
        async for one in judge.judge(pairs, None):
            found += [one]
    return found


def pair_of(identity: str, *texts: str) -> Pair:
    turns = [Message(role="assistant" if n % 2 else "user", content=text) for n, text in enumerate(texts)]
    prompt = Prompt(id=identity, messages=tuple(turns[:-1]))
    return prompt, Response(id=identity, prompt_id=identity, system="m", text=turns[-1].content)


def test_a_conversation_of_which_a_call_failed_is_judged_again_as_a_whole() -> None:
    judge = turn_by_turn(FailsOn(), "bombs?turn=each", "each")
    found = asyncio.run(collected(judge, [pair_of("a", "q", "flaky", "q", "bomb"), pair_of("b", "q", "x", "q", "y")]))
    assert [(one.response_id, one.turn, one.status) for one in found] == [
        ("a", None, "error"),
        ("b", 0, "ok"),
        ("b", None, "ok"),
    ]


def test_a_conversation_that_was_not_finished_when_the_run_stops_has_no_judgment() -> None:
    judge = turn_by_turn(FailsOn(), "bombs?turn=each", "each")
    assert asyncio.run(collected(judge, [pair_of("a", "q", "fine", "q", "stop")])) == []


@pytest.mark.parametrize(
    ("name", "turn", "expected"),
    [
        ("builtin", "last", "builtin"),
        ("builtin", "each", "builtin?turn=each"),
        ("rubric?abstain=false@openai/m?a=b", "each", "rubric?abstain=false&turn=each@openai/m?a=b"),
        ("builtin?turn=alone", "alone", "builtin?turn=alone"),
        ("builtin?turn=alone", "last", "builtin?turn=alone"),
    ],
)
def test_the_option_is_a_setting_of_every_judge(name: str, turn: str, expected: str) -> None:
    assert with_turn(name, turn) == expected


def test_what_is_no_way_of_showing_turns_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--turn first: expected turn=last or each or alone, got 'first'"):
        with_turn("builtin", "first")
    with pytest.raises(UsageError, match=r"--judge builtin\?turn=first: expected turn=last"):
        load_judge("builtin?turn=first")
    with pytest.raises(UsageError, match=r"--turn each: --judge builtin\?turn=alone says turn=alone"):
        with_turn("builtin?turn=alone", "each")


def test_the_builtin_judge_takes_the_setting() -> None:
    judge = load_judge("builtin?turn=each&mode=strict")
    assert judge.card_hash != load_judge("builtin?mode=strict").card_hash
    assert any("every answer of a conversation" in notice for notice in judge.outline()["notices"])


def test_a_calibration_is_of_what_the_judge_was_shown(tmp_path: Path) -> None:
    each = load_judge("builtin?turn=each")
    fitted = FittedCalibration(
        format=FORMAT, hantei="0", created="", judge=each.name, card_hash=each.card_hash, labels="x", scalings=()
    )
    file = tmp_path / "c.json"
    file.write_bytes(msgspec.json.encode(fitted))
    judge = load_judge(f"builtin?turn=each&calibration={file}")
    judgments = asyncio.run(collected(judge, [pair_of("a", "q", "x", "q", "y")]))
    assert [(one.judge, one.turn) for one in judgments] == [(judge.name, 0), (judge.name, None)]
    with pytest.raises(UsageError, match="was made for another judge or version"):
        load_judge(f"builtin?calibration={file}")
