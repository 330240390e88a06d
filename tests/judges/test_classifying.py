"""Classifiers behind the protocol of judges: batches, threads, and what goes wrong in them."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

import hantei
from hantei.errors import RunError
from hantei.judges.base import Ask, Judge
from hantei.judges.classifying import ClassifierJudge, as_judge, judge_all
from hantei.records import Judgment
from tests.judges.cascade.conftest import Told, pair, sure
from tests.judges.conftest import judge_of


def told(count: int) -> Told:
    return Told("told", {str(n): sure(str(n), n / count) for n in range(count)})


def test_a_classifier_is_wrapped_and_a_judge_is_left_alone() -> None:
    wrapped = as_judge(told(1))
    assert isinstance(wrapped, ClassifierJudge)
    assert (wrapped.name, wrapped.card_hash, wrapped.models) == ("told", "0" * 64, ())
    assert as_judge(wrapped) is wrapped
    rubric: Judge = judge_of("rubric")
    assert as_judge(rubric) is rubric


def test_batches_are_bounded_and_off_the_loop() -> None:
    classifier = told(1_200)
    out = judge_all(as_judge(classifier), [pair(str(n)) for n in range(1_200)])
    assert [one.response_id for one in out] == [str(n) for n in range(1_200)]
    assert classifier.batches == [512, 512, 176]
    assert threading.get_ident() not in classifier.threads


def test_answers_of_one_id_are_told_apart() -> None:
    class Reading(Told):
        def judge(self, pairs):  # type: ignore[no-untyped-def]
            return [Judgment(response_id=r.id, judge="told", comment=r.text) for _, r in pairs]

    pairs = [pair("a", "one"), pair("b", "two"), pair("a", "three")]
    assert [one.comment for one in judge_all(as_judge(Reading("told", {})), pairs)] == ["one", "two", "three"]


async def nobody(*_: object, **__: object) -> None:
    raise AssertionError("a classifier asks nobody")


def judged_singly(judge: Judge, count: int) -> list[Judgment]:
    async def one(number: int) -> Judgment:
        ask: Ask = nobody  # type: ignore[assignment]
        return await anext(aiter(judge.judge([pair(str(number))], ask)))

    async def main() -> list[Judgment]:
        return await asyncio.gather(*(one(number) for number in range(count)))

    return asyncio.run(main())


def test_pairs_that_come_singly_are_judged_together() -> None:
    classifier = told(600)
    assert [one.response_id for one in judged_singly(as_judge(classifier), 600)] == [str(n) for n in range(600)]
    assert classifier.batches == [512, 88]


def test_the_last_pairs_of_a_run_wait_for_no_more(tmp_path: Path) -> None:
    judge = ClassifierJudge(Told("told", {"0": sure("0", 0.0), "1": sure("1", 1.0)}))
    judge.gather_s = 3_600.0  # who waited for more would never be done
    rows = [{"id": str(n), "prompt": "?", "response": "!"} for n in range(2)]
    run = hantei.judge(rows, judge, tmp_path / "run")
    assert [one.status for one in run.judgments("told")] == ["ok", "ok"]


def test_the_same_judge_judges_again_in_another_loop() -> None:
    classifier = told(3)
    judge = as_judge(classifier)
    for _ in range(2):
        judged_singly(judge, 3)
    assert classifier.batches == [3, 3]


def test_an_error_of_a_classifier_is_everybodys_who_waits() -> None:
    broken = told(2)  # knows nothing of the third
    with pytest.raises(KeyError):
        judged_singly(as_judge(broken), 3)


def test_a_missing_judgment_is_an_error() -> None:
    class Short(Told):
        def judge(self, pairs):  # type: ignore[no-untyped-def]
            return super().judge(pairs)[1:]

    with pytest.raises(RunError, match="judge told: gave 1 judgments of 2 answers"):
        judge_all(as_judge(Short("told", told(2).said)), [pair("0"), pair("1")])


def test_a_judge_that_asks_a_model_is_not_judged_with_here() -> None:
    with pytest.raises(ValueError, match="asks a model"):
        judge_all(judge_of("rubric"), [pair("0")])
