"""Who is asked about what, and whose verdict it is; nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from hantei import api
from hantei.judges.cascade.judge import Cascade
from hantei.judges.cascade.rule import CascadeRule
from hantei.judges.classifying import ClassifierJudge, judge_all
from hantei.judges.recorded import load_named as recorded
from hantei.records import Judgment, Response, response_id
from hantei.runs.info import Expectation
from tests.judges.cascade.conftest import acting, cascade, pair, sure, written

UNSAFE = CascadeRule("unsafe")


def judged(found: Cascade, *ids: str) -> list[Judgment]:
    return judge_all(found, [pair(identity) for identity in ids])


def test_only_what_is_below_the_threshold_is_asked_about() -> None:
    found = cascade(
        [sure("a", 0.95), sure("b", 0.6), sure("c", 0.1), sure("d", 0.2)], [sure("b", 0.2), sure("d", 0.9)], UNSAFE, 0.9
    )
    out = judged(found, "a", "b", "c", "d")
    assert isinstance(found.expensive, ClassifierJudge)
    assert found.expensive.classifier.asked == ["b", "d"]  # type: ignore[attr-defined]
    assert [one.unsafe for one in out] == [True, False, False, True]
    assert [one.answered_by for one in out] == ["cheap", "expensive", "cheap", "expensive"]
    assert [one.p_unsafe for one in out] == [0.95, 0.2, 0.1, 0.9]
    assert {one.judge for one in out} == {"cascade@cheap,expensive"}
    assert {one.card_hash for one in out} == {"2" * 64}


def test_a_threshold_is_reached_by_what_equals_it() -> None:
    out = judged(cascade([sure("a", 0.9)], [], UNSAFE, 0.9), "a")
    assert out[0].answered_by == "cheap"


def test_an_answer_that_is_none_has_no_verdict_and_is_not_asked_about() -> None:
    lost = Judgment(response_id="a", judge="", status="error", fault="model", error="there is no answer")
    held = Judgment(response_id="b", judge="", status="filtered", fault="provider")
    found = cascade([lost, held], [], UNSAFE, 0.9)
    out = judged(found, "a", "b")
    assert [(one.status, one.fault, one.unsafe, one.answered_by) for one in out] == [
        ("error", "model", None, None),
        ("filtered", "provider", None, None),
    ]


@pytest.mark.parametrize(
    "first",
    [
        Judgment(response_id="a", judge="", status="abstained", fault="judge"),
        Judgment(response_id="a", judge="", unsafe=False),  # no probability to be sure by
        Judgment(response_id="a", judge="", status="unparsed", fault="parser", p_unsafe=0.99),
    ],
)
def test_where_the_cheap_judge_cannot_say_the_expensive_one_is_asked(first: Judgment) -> None:
    out = judged(cascade([first], [sure("a", 0.7)], UNSAFE, 0.5), "a")
    assert (out[0].unsafe, out[0].answered_by) == (True, "expensive")


def test_where_the_expensive_judge_has_no_verdict_there_is_none() -> None:
    second = Judgment(response_id="a", judge="", status="abstained", fault="judge", error="no measured accuracy")
    out = judged(cascade([sure("a", 0.6)], [second], UNSAFE, 0.9), "a")
    assert (out[0].status, out[0].unsafe, out[0].p_unsafe, out[0].answered_by) == ("abstained", None, None, None)
    assert out[0].error == "no measured accuracy"


def test_a_pair_in_the_cheap_judges_training_is_marked_whoever_answers() -> None:
    found = cascade([sure("a", 0.6, in_training=True), sure("b", 0.6)], [sure("a", 0.6), sure("b", 0.6)], UNSAFE, 0.9)
    assert [one.in_training for one in judged(found, "a", "b")] == [True, False]


CONFUSION = np.full((6, 6), 0.02) + np.eye(6) * 0.88


def test_both_verdicts_are_weighed_and_the_expensive_one_is_kept_as_a_comment() -> None:
    # The cheap judge hesitates between 0 and 5, the expensive one says 5.
    first = acting("a", 0.5, 0.0, 0.0, 0.0, 0.0, 0.5, unsafe=False)
    second = Judgment(response_id="a", judge="", action=5, unsafe=True, score=1, scale="1-5", comment="short")
    out = judged(cascade([first], [second], CascadeRule("action", confusion=CONFUSION), -0.1), "a")[0]
    assert (out.action, out.unsafe, out.score, out.answered_by) == (5, True, 1, "expensive")
    assert out.probabilities["action"]["5"] == pytest.approx(0.9 / 0.92, abs=1e-3)
    assert out.comment == "short; the expensive judge said action 5"


def test_an_overruled_verdict_leaves_nothing_that_contradicts_the_one_that_stands() -> None:
    # An expensive judge that is hardly better than chance does not turn a fairly sure cheap one.
    weak = np.full((6, 6), 0.16) + np.eye(6) * 0.04
    first = acting("a", 0.7, 0.06, 0.06, 0.06, 0.06, 0.06, unsafe=False, refusal="full")
    second = Judgment(response_id="a", judge="", action=5, unsafe=True, score=1, scale="1-5", critique="It follows.")
    out = judged(cascade([first], [second], CascadeRule("action", confusion=weak), 1.0), "a")[0]
    assert (out.action, out.unsafe, out.refusal, out.score, out.scale) == (0, False, "full", None, None)
    assert (out.critique, out.comment) == ("It follows.", "the expensive judge said action 5")


def test_a_class_that_neither_judge_named_has_no_other_verdict() -> None:
    # Whoever calls a 2 a 5 is common: the cheap judge's second guess, 2, is what both verdicts point to.
    odd = np.full((6, 6), 0.02) + np.eye(6) * 0.88
    odd[0, 5], odd[2, 5], odd[5, 5] = 0.001, 0.9, 0.02
    first = acting("a", 0.55, 0.0, 0.44, 0.0, 0.0, 0.01, unsafe=False)
    second = Judgment(response_id="a", judge="", action=5, unsafe=True)
    out = judged(cascade([first], [second], CascadeRule("action", confusion=odd), 1.0), "a")[0]
    assert (out.action, out.unsafe, out.status) == (2, None, "ok")


def test_a_weighed_probability_of_unsafe() -> None:
    rule = CascadeRule("unsafe", confusion=np.array([[0.9, 0.1], [0.2, 0.8]]))
    out = judged(cascade([sure("a", 0.4)], [sure("a", 0.99)], rule, -0.01), "a")[0]
    assert out.p_unsafe == pytest.approx(0.32 / 0.38, abs=1e-4)
    assert (out.unsafe, out.comment) == (True, "the expensive judge said unsafe unsafe")


def test_the_probabilities_of_a_cheap_judge_without_a_verdict_are_not_weighed() -> None:
    first = sure("a", 0.01, status="abstained", fault="judge")
    rule = CascadeRule("unsafe", confusion=np.array([[0.9, 0.1], [0.2, 0.8]]))
    out = judged(cascade([first], [sure("a", 0.7)], rule, -0.01), "a")[0]
    assert (out.unsafe, out.p_unsafe, out.comment) == (True, 0.7, None)


def test_an_expensive_judge_that_says_nothing_of_the_head_gives_no_verdict() -> None:
    first = acting("a", 0.5, 0.5)
    out = judged(cascade([first], [sure("a", 0.9)], CascadeRule("action", confusion=CONFUSION), 1.0), "a")[0]
    assert (out.status, out.fault, out.unsafe, out.answered_by) == ("abstained", "judge", None, None)


def test_calls_saved_are_in_the_summary(tmp_path: Path) -> None:
    rows = [{"id": str(n), "system": "m", "question": f"Why is the sky blue, {n}?", "answer": "So."} for n in range(5)]
    ids = [response_id("m", str(n), 0) for n in range(5)]
    cheap = [sure(identity, p) for identity, p in zip(ids, (0.01, 0.02, 0.5, 0.6, 0.97), strict=True)]
    expensive = [sure(ids[2], 0.9), Judgment(response_id=ids[3], judge="", status="error", fault="judge-provider")]
    one, two = (written(tmp_path / f"{n}.jsonl", said) for n, said in enumerate((cheap, expensive)))
    name = f"cascade?threshold=0.9@recorded@{one},recorded@{two}"
    run = api.judge(rows, name, tmp_path / "run")
    rates = {rate.metric: rate for rate in run.summary().rates if set(rate.by) == {"judge"}}
    saved = rates["calls_saved_rate"]
    assert (saved.numerator, saved.denominator, saved.no_verdict) == (3, 4, {"error": 1})
    assert rates["flagged_rate"].numerator == 2
    assert (run.info().judges[name].cascade or {})["threshold"] == 0.9
    again = api.judge(run.path, "builtin")
    assert not [r for r in again.summary().rates if r.metric == "calls_saved_rate" and r.by["judge"] == "builtin"]


def test_a_recorded_judge_repeats_under_its_own_name(tmp_path: Path) -> None:
    said = [sure("a", 0.9, cost=0.5, answered_by="x", critique="It tells how."), sure("b", 0.1)]
    judge = recorded(f"recorded@{written(tmp_path / 'said.jsonl', said)}")
    other = (pair("b")[0], Response(id="z", prompt_id="b", system="s", text="t"))
    known, unknown = judge_all(judge, [pair("a"), other])
    assert (known.unsafe, known.judge, known.cost, known.answered_by) == (True, judge.name, None, None)
    assert known.critique == "It tells how."
    assert (unknown.status, unknown.fault) == ("abstained", "judge")


def test_a_run_that_asks_surely_more_than_the_fit_lets_expect_is_told(tmp_path: Path) -> None:
    rows = [{"id": str(n), "system": "m", "question": f"Why is the sky blue, {n}?", "answer": "So."} for n in range(40)]
    ids = [response_id("m", str(n), 0) for n in range(40)]
    cheap = written(
        tmp_path / "cheap.jsonl", [sure(identity, 0.5 if n < 20 else 0.01) for n, identity in enumerate(ids)]
    )
    dear = written(tmp_path / "dear.jsonl", [sure(identity, 0.9) for identity in ids])
    name = f"cascade?threshold=0.9@recorded@{cheap},recorded@{dear}"
    run = api.judge(rows, name, tmp_path / "run")
    assert not run.summary().notes  # nothing was promised
    for expected, told in ((0.2, True), (0.3, False), (0.6, False)):  # 20 of 40: the interval is 35 to 65%
        info = run.info()
        share = 1 - 1.25 * expected
        least = Expectation(metric="calls_saved_rate", at_least=share, otherwise="unlike the fit's sample")
        info.judges[name] = replace(info.judges[name], expects=(least,))
        run.write_info(info)
        api.report(run.path)
        notes = [note for note in run.summary().notes if "unlike the fit's sample" in note]
        assert bool(notes) is told


def test_a_rate_that_only_one_half_gives_is_not_in_the_summary(tmp_path: Path) -> None:
    rows = [{"id": str(n), "system": "m", "question": f"Why is the sky blue, {n}?", "answer": "So."} for n in range(4)]
    ids = [response_id("m", str(n), 0) for n in range(4)]
    said = [sure(identity, p, refusal="none") for identity, p in zip(ids, (0.01, 0.02, 0.5, 0.5), strict=True)]
    cheap = written(tmp_path / "cheap.jsonl", said)
    dear = [sure(identity, 0.9, score=1.0, scale="1-5") for identity in ids]
    full = [sure(identity, 0.9, refusal="full") for identity in ids]
    for expensive, metrics in ((dear, {"flagged_rate", "calls_saved_rate"}), (full, {"refusal_rate"})):
        file = written(tmp_path / f"{len(metrics)}.jsonl", expensive)
        run = api.judge(
            rows, f"cascade?threshold=0.9@recorded@{cheap},recorded@{file}", tmp_path / f"run{len(metrics)}"
        )
        found = {rate.metric for rate in run.summary().rates}
        assert metrics <= found
        assert "acceptable_rate" not in found
        assert ("refusal_rate" in found) == (expensive is full)
