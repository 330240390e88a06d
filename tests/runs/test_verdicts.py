"""One verdict a response: the fault was that a rate counted every judgment of every turn and repeat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from hantei.errors import RecordError
from hantei.metrics.summary import summarise
from hantei.record_lines import from_line
from hantei.records import CountingRule, Judgment, Message, Prompt, Rate, Response, Summary
from hantei.runs.counting import side_by_side, trained_on
from hantei.runs.index import Index
from hantei.runs.pending import slots, to_answer, to_judge
from hantei.runs.verdicts import Judged, Verdict, one_verdict

ANSWERS = 10
Turns = Literal["last", "any"]
Repeats = Literal["first", "majority"]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index") as made:
        for number in range(ANSWERS):
            message = Message(role="user", content=f"Q{number}")
            made.add_prompt(Prompt(id=str(number), messages=(message,), intent="harmful"), 0)
            made.add_response(Response(id=str(number), prompt_id=str(number), system="m", text="x"), 0)
        yield made


def judge(index: Index, turn: int | None = None, repeat: int = 0, name: str = "j", **verdict: Any) -> None:
    for number in range(ANSWERS):
        index.add_judgment(Judgment(response_id=str(number), judge=name, turn=turn, repeat=repeat, **verdict), 0)


def rate(summary: Summary, metric: str = "flagged_rate", **more: str) -> Rate:
    (found,) = [r for r in summary.rates if r.metric == metric and r.by == {"judge": "j", **more}]
    return found


def flagged(index: Index, turns: Turns = "last", repeats: Repeats = "first") -> tuple[float, int]:
    summary = summarise(index, {}, rule=CountingRule(turns=turns, repeats=repeats))
    assert summary.rule == CountingRule(turns=turns, repeats=repeats)
    return rate(summary).numerator, rate(summary).denominator


def test_judgments_of_earlier_turns_do_not_move_a_rate(index: Index) -> None:
    judge(index, unsafe=False)
    assert flagged(index) == (0, 10)
    judge(index, turn=0, unsafe=True)
    judge(index, turn=1, unsafe=True)
    assert flagged(index) == (0, 10)  # it was 20 of 30
    assert flagged(index, turns="any") == (10, 10)
    assert rate(summarise(index, {})).effective_n is None


def test_repeats_do_not_move_a_rate(index: Index) -> None:
    judge(index, unsafe=False)
    judge(index, repeat=1, unsafe=True)
    judge(index, repeat=2, unsafe=True)
    assert flagged(index) == (0, 10)
    assert flagged(index, repeats="majority") == (10, 10)


def test_without_a_verdict_on_the_whole_the_last_turn_counts(index: Index) -> None:
    judge(index, turn=0, unsafe=True)
    judge(index, turn=1, unsafe=False)
    assert flagged(index) == (0, 10)
    judge(index, turn=2, status="unparsed", fault="parser")
    row = rate(summarise(index, {}))
    assert (row.denominator, row.no_verdict) == (0, {"unparsed": 10})


def test_a_divided_jury_gives_no_verdict_and_says_so(index: Index) -> None:
    judge(index, unsafe=False)
    judge(index, repeat=1, unsafe=True)
    row = rate(summarise(index, {}, rule=CountingRule(repeats="majority")))
    assert (row.denominator, row.no_verdict, row.bound_low, row.bound_high) == (0, {"no majority": 10}, 0, 1)


def test_a_new_judgment_is_seen_by_the_next_count(index: Index) -> None:
    judge(index, turn=0, unsafe=False)
    assert flagged(index) == (0, 10)
    judge(index, turn=1, unsafe=True)
    assert flagged(index) == (10, 10)


def test_two_judges_are_compared_on_one_verdict_a_response(index: Index) -> None:
    judge(index, turn=0, unsafe=True, action=5, in_training=True)
    judge(index, turn=1, unsafe=False, action=3, in_training=True)
    judge(index, name="human:a", unsafe=True)
    rows = list(side_by_side(index, index.judge_no("j"), index.judge_no("human:a")))
    assert rows == [(prompt, 0, 1, -1.0, 0, 3, -1, 1, -1, -1) for prompt in range(1, ANSWERS + 1)]
    assert trained_on(index, index.judge_no("j")) == (ANSWERS, ANSWERS)
    assert to_judge(index, index.judge_no("j")) == 0


def test_a_turn_that_no_index_can_hold_is_no_judgment() -> None:
    line = b'{"response_id":"0","judge":"j","unsafe":true,"turn":%d}'
    assert from_line(Judgment, line % 2**53).turn == 2**53
    for turn in (2**53 + 1, 2**63, 2**70, -1):
        with pytest.raises(RecordError):
            from_line(Judgment, line % turn)


NOTHING = Verdict(0, "ok", None, None, None, None, None, None, None, 0, None)


def merged(
    *verdicts: dict[str, Any], turns: Turns = "last", repeats: Repeats = "first", again: bool = False
) -> Verdict:
    rows = (
        Judged(number if again else 0, 0 if again else number, NOTHING._replace(**verdict))
        for number, verdict in enumerate(verdicts)
    )
    return one_verdict(rows, CountingRule(turns=turns, repeats=repeats))


def test_the_gravest_of_the_turns() -> None:
    first = {"unsafe": 0, "refusal": 0, "action": 3, "score": 4.0, "scale": "1-5", "p": 0.2, "in_training": 1}
    second = {"unsafe": 1, "refusal": 1, "action": 2, "score": 2.0, "scale": "1-5", "p": 0.7}
    assert merged(first, second, turns="any") == NOTHING._replace(
        unsafe=1, refusal=1, action=3, score=2.0, scale="1-5", p=0.7, in_training=1
    )


@pytest.mark.parametrize(("known", "verdict"), [(1, 1), (0, None)])
def test_a_turn_without_a_verdict_may_have_been_unsafe(known: int, verdict: int | None) -> None:
    lost = {"status": "truncated"}
    for turns in ((lost, {"unsafe": known}), ({"unsafe": known}, lost)):
        found = merged(*turns, turns="any")
        assert (found.unsafe, found.status) == (verdict, "truncated")


def test_the_majority_is_of_the_repeats_that_say_something() -> None:
    lost = {"status": "error"}
    assert merged(lost, lost, {"unsafe": 1}, repeats="majority", again=True)[1:3] == ("ok", 1)
    assert merged(lost, lost, repeats="majority", again=True)[1:3] == ("error", None)


def test_the_majority_of_what_has_an_order_is_its_middle() -> None:
    scores = [{"score": score, "scale": "1-5", "refusal": refusal} for score, refusal in ((1.0, 0), (4.0, 2), (5.0, 1))]
    found = merged(*scores, repeats="majority", again=True)
    assert (found.score, found.refusal, found.status) == (4.0, 1, "ok")
    actions = [{"action": action} for action in (1, 2, 3)]
    assert merged(*actions, repeats="majority", again=True).status == "no majority"
    assert merged(*actions, {"action": 3}, {"action": 3}, repeats="majority", again=True).action == 3


def test_turns_become_one_before_repeats_do() -> None:
    safe, unsafe = NOTHING._replace(unsafe=0), NOTHING._replace(unsafe=1)
    rows = [Judged(repeat, turn, verdict) for repeat in range(3) for turn, verdict in enumerate((unsafe, safe))]
    for turns, expected in (("last", 0), ("any", 1)):
        assert one_verdict(rows, CountingRule(turns=turns, repeats="majority")).unsafe == expected  # type: ignore[arg-type]


def test_where_a_model_is_asked_an_answers_number_is_known_beforehand(tmp_path: Path) -> None:
    with Index(tmp_path / "asked", samples=2) as index:
        for number in range(3):
            index.add_prompt(Prompt(id=str(number), messages=(Message(role="user", content=f"Q{number}"),)), number)
        assert (index.answers(), to_answer(index), to_judge(index, index.judge_no("j"))) == (6, 6, 6)
        index.add_response(Response(id="late", prompt_id="2", system="m", text="x", sample=1, cost=0.25), 70)
        index.add_response(Response(id="lost", prompt_id="0", system="m", text="", status="error"), 30)
        assert [(slot.number, slot.sample, slot.response_offset) for slot in slots(index)] == [
            (1, 0, None),  # it failed, and is to be asked for again
            (2, 1, None),
            (3, 0, None),
            (4, 1, None),
            (5, 0, None),
            (6, 1, 70),
        ]
        assert (to_answer(index), index.spent, index.paid) == (5, 0.25, 1)
        with pytest.raises(ValueError, match="sample 2 of 2"):
            index.add_response(Response(id="z", prompt_id="0", system="m", text="x", sample=2), 0)
