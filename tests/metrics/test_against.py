"""A judge of a run against people's labels of the same answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hantei.inputs.given import GivenRows
from hantei.metrics import against
from hantei.metrics.against import against_people
from hantei.metrics.classification import classification
from hantei.metrics.intervals import wilson
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo
from hantei.runs.ingest import Reading, ingest
from tests.runs.fakes import judge_run

Said = dict[str, Any]


class Scripted:
    """Says what the answer's text tells it to: the number of what was scripted."""

    name = "scripted"
    card_hash = "0" * 64

    def __init__(self, said: Sequence[Said]) -> None:
        self._said = said

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged"}

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        return [Judgment(response_id=r.id, judge=self.name, **self._said[int(r.text)]) for _, r in pairs]


@contextmanager
def judged(tmp_path: Path, labels: Sequence[Said], said: Sequence[Said]) -> Iterator[tuple[Run, Index]]:
    """Make a run in which people said ``labels`` of the answers and the judge ``said``; two answers a prompt."""
    rows = [
        {"id": str(n // 2), "sample": str(n % 2), "prompt": f"Q{n // 2}", "response": str(n), "unsafe": "", **label}
        for n, label in enumerate(labels)
    ]
    run = Run(tmp_path / "run")
    with Index(run.index_path) as index:
        info = RunInfo(judges={"scripted": JudgeInfo()}, created="2026-01-01")
        run.write_info(ingest([GivenRows(rows)], run, index, Reading(labels={}), info))
        judge_run(run, index, Scripted(said))
        yield run, index


def found(tmp_path: Path, labels: Sequence[Said], said: Sequence[Said]) -> Any:
    with judged(tmp_path, labels, said) as (run, index):
        (one,) = against_people(run, index)
    assert (one.judge, one.against) == ("scripted", "human:given")
    return one


def test_the_verdict_is_scored_against_the_label(tmp_path: Path) -> None:
    labels = [1, 1, 1, 0, 0, 0, 0, 0]
    guesses = [1, 1, 0, 1, 0, 0, 0, 0]
    one = found(tmp_path, [{"unsafe": n} for n in labels], [{"unsafe": bool(n)} for n in guesses])
    assert (one.n, one.no_verdict, one.in_training) == (8, 0, 0)
    unsafe = one.unsafe
    assert {key: getattr(unsafe, key).value for key in unsafe.__struct_fields__} == {
        "base_rate": 3 / 8,
        "accuracy": 6 / 8,
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
    }
    assert (unsafe.precision.n, unsafe.recall.n, unsafe.f1.n, unsafe.accuracy.n) == (3, 3, 4, 8)
    assert (one.p_unsafe, one.action, one.refusal) == (None, None, None)
    assert unsafe.f1.low < 2 / 3 < unsafe.f1.high


def test_an_interval_is_wilsons_where_no_two_answers_share_a_prompt(tmp_path: Path) -> None:
    # Every second answer has no label: one answer a prompt is left.
    labels = [{"unsafe": "1" if n < 8 else "0"} if n % 2 == 0 else {} for n in range(40)]
    said = [{"unsafe": n < 12} for n in range(40)]
    one = found(tmp_path, labels, said)
    assert one.n == 20
    accuracy = one.unsafe.accuracy
    assert (accuracy.low, accuracy.high) == pytest.approx(wilson(18, 20))


def test_what_has_no_verdict_or_no_label_is_in_no_score(tmp_path: Path) -> None:
    labels: list[Said] = [{"unsafe": 1}, {"unsafe": 1}, {}, {"unsafe": 0}]
    said: list[Said] = [
        {"unsafe": True},
        {"status": "abstained", "fault": "judge"},
        {"unsafe": True},
        {"unsafe": False},
    ]
    one = found(tmp_path, labels, said)
    assert (one.n, one.no_verdict) == (2, 1)
    assert one.unsafe.accuracy.value == 1


def test_a_judge_that_marks_nothing_has_no_precision_and_no_f1_where_nothing_is_unsafe(tmp_path: Path) -> None:
    one = found(tmp_path, [{"unsafe": 0}] * 4, [{"unsafe": False}] * 4)
    assert (one.unsafe.precision, one.unsafe.recall, one.unsafe.f1) == (None, None, None)
    assert one.unsafe.base_rate.value == 0


def test_f1_of_a_judge_that_is_always_right_keeps_an_interval(tmp_path: Path) -> None:
    labels = [{"unsafe": int(n < 10)} if n % 2 == 0 else {} for n in range(40)]
    f1 = found(tmp_path, labels, [{"unsafe": n < 10} for n in range(40)]).unsafe.f1
    low, _ = wilson(5, 5)
    assert (f1.value, f1.high) == (1, 1)
    assert f1.low == pytest.approx(2 * low / (1 + low))


def test_pairs_from_training_are_counted(tmp_path: Path) -> None:
    said = [{"unsafe": True, "in_training": n < 3} for n in range(4)]
    assert found(tmp_path, [{"unsafe": 1}] * 4, said).in_training == 3


def test_probabilities_are_measured_and_scaled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 1.5, 400)
    labels = [{"unsafe": int(u)} for u in rng.random(400) < 1 / (1 + np.exp(-odds))]
    said = [{"unsafe": bool(o > 0), "p_unsafe": round(float(1 / (1 + np.exp(-3 * o))), 4)} for o in odds]
    probability = found(tmp_path, labels, said).p_unsafe
    assert probability.n == 400
    assert probability.factor == pytest.approx(1 / 3, rel=0.3)
    before, after = probability.before, probability.after_temperature
    assert after.error.value < before.error.value / 2
    assert after.brier.value < before.brier.value
    assert sum(one.n for one in before.bins) == 400
    assert probability.after_isotonic is not None
    assert probability.drawn_of is None


def shares(action: int, top: float) -> Said:
    rest = (1 - top) / 5
    likely = {str(n): top if n == action else rest for n in range(6)}
    return {"unsafe": False, "action": action, "probabilities": {"action": likely}}


def test_actions_are_scored_and_the_likeliest_ones_probability_is_measured(tmp_path: Path) -> None:
    label = [0, 0, 1, 5, 5, 2, 3, 3]
    guess = [0, 1, 1, 5, 5, 2, 3, 0]
    labels = [{"action": n} for n in label]
    action = found(tmp_path, labels, [shares(n, 0.8) for n in guess]).action
    scores = classification(np.array(label), np.array(guess), 6)
    assert action.accuracy.value == scores.accuracy == 6 / 8
    assert action.macro_f1.value == pytest.approx(scores.f1)
    before = action.calibration.before
    assert [(one.n, one.share) for one in before.bins] == [(8, 0.75)]
    assert before.error.value == pytest.approx(0.05)


def test_refusals_are_scored_like_actions(tmp_path: Path) -> None:
    labels = [{"refusal": label} for label in ("full", "full", "none", "none", "partial", "none")]
    guesses = ("full", "full", "none", "full", "none", "none")
    said = [{"refusal": guess, "probabilities": {"refusal": {guess: 0.7, "other": 0.3}}} for guess in guesses]
    one = found(tmp_path, labels, said)
    assert (one.n, one.no_verdict) == (6, 0)
    assert (one.unsafe, one.p_unsafe, one.action) == (None, None, None)
    assert one.refusal.accuracy.value == 4 / 6
    assert one.refusal.macro_f1.value == pytest.approx((4 / 5 + 4 / 6 + 0) / 3)
    assert one.refusal.calibration.before.error.value == pytest.approx(0.7 - 4 / 6)


def test_of_very_many_answers_the_probabilities_of_a_draw_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(against, "MOST_READ", 5)
    said = [shares(0, 0.8) if n % 2 else {"action": 0} for n in range(12)]
    action = found(tmp_path, [{"action": 0}] * 12, said).action
    assert (action.n, action.calibration.drawn_of) == (12, 12)
    assert 1 <= action.calibration.n <= 5


def test_a_judge_without_a_word_in_common_with_people_is_left_out(tmp_path: Path) -> None:
    with judged(tmp_path, [{"refusal": "full"}] * 2, [{"unsafe": True}] * 2) as (run, index):
        assert against_people(run, index) == ()


def test_people_are_not_held_against_people(tmp_path: Path) -> None:
    with judged(tmp_path, [{"unsafe": 1}] * 2, [{"unsafe": True}] * 2) as (run, index):
        other = Judgment(response_id="rows/0/0", judge="human:other", unsafe=False)
        index.add_judgment(other, 0)
        pairs = [(one.judge, one.against, one.n) for one in against_people(run, index)]
    assert pairs == [("scripted", "human:given", 2), ("scripted", "human:other", 1)]
