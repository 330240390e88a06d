"""One harm type left out: what is fitted on never holds it, nor what is asked, nor rows that may be of any harm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from hantei.arrays import Integers
from hantei.inputs.label_files import LabelFiles, read_tables
from hantei.judges.builtin.labels import HARMS
from hantei.judges.builtin.weights import Heads
from hantei.metrics.agreement.from_labels import of_labels
from hantei.training.builtin.evaluate import EvaluationData, Evaluator, Predictions, PredictionsByBuild
from hantei.training.builtin.labels import labels_of
from hantei.training.builtin.left_out_harm import _lines, harms_asked, judged, seen_and_unseen
from hantei.training.builtin.row import TrainingRow
from tests.commands import hantei


def row(prompt: str, response: str | None = "a", **fields: object) -> TrainingRow:
    return TrainingRow(**{"source": "s", "language": "en", "prompt": prompt, "response": response, **fields})  # type: ignore[arg-type]


ROWS = [
    *(row(f"zero {n}", f"a{n}", unsafe=bool(n % 2), harm=0, intent=True) for n in range(20)),
    *(row(f"one {n}", None, harm=1, intent=True) for n in range(10)),  # the harm stands on the question alone
    *(row(f"one {n}", f"a{n}", unsafe=bool(n % 2), intent=True) for n in range(10)),
    row("may be anything", unsafe=True, intent=True),
    row("a cake", unsafe=False, intent=False),
    row("zero, with no answer to judge", None, harm=0, intent=True),
]


def data() -> EvaluationData:
    return EvaluationData(ROWS, cast("object", None), labels_of(ROWS), np.ones(len(ROWS), dtype=np.bool_))  # type: ignore[arg-type]


@dataclass
class Fits:
    """In place of fits: what each was given, and a verdict that says whether it had seen the harm type."""

    data: EvaluationData
    jobs: list[tuple[Integers, Integers]] = field(default_factory=list)

    def fitted_on(self, jobs: Sequence[tuple[Integers, Integers]]) -> list[PredictionsByBuild]:
        self.jobs = list(jobs)
        return [{"use": self._said(kept, rows), "none": self._said(kept, rows)} for kept, rows in jobs]

    def _said(self, kept: Integers, rows: Integers) -> Predictions:
        harms = harms_asked(self.data)
        seen = np.isin(harms[rows], harms[kept]).astype(np.float64)
        empty = np.zeros((len(rows), 0))
        return Predictions(rows, Heads(seen, empty, empty, empty, seen))


def test_a_harm_type_that_stands_on_the_question_is_that_of_its_answers() -> None:
    found = harms_asked(data())
    assert found.tolist() == [0] * 20 + [1] * 20 + [-1, -1, 0]
    assert len(judged(data())) == 30


def test_no_fit_holds_what_it_judges_or_what_may_be_of_any_harm() -> None:
    fits = Fits(data())
    seen, unseen = seen_and_unseen(cast("Evaluator", fits))
    assert seen.rows.tolist() == unseen.rows.tolist() == judged(data()).tolist()
    assert seen.unsafe.tolist() == [1] * 30  # other prompts of the same harm type were there
    assert unseen.unsafe.tolist() == [0] * 30
    questions, harms = data().labels.question, harms_asked(data())
    for kept, rows in fits.jobs:
        assert not set(questions[kept]) & set(questions[rows])
        assert 40 not in kept
        assert 41 in kept
    for kept, rows in fits.jobs[5:]:
        assert not set(harms[kept]) & set(harms[rows])


def test_agreement_reads_what_is_written(tmp_path: Path) -> None:
    seen, unseen = seen_and_unseen(cast("Evaluator", Fits(data())))
    file = tmp_path / "left_out.jsonl"
    file.write_bytes(b"".join(_lines(data(), seen, unseen)))
    first = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    assert (first["harm"], first["people"], first["seen"], first["unseen"]) == (HARMS[0], 0, 1, 0)
    files = LabelFiles(
        raters={name: name for name in ("people", "seen", "unseen")}, unsafe=frozenset({"1"}), by=("harm",)
    )
    ratings = of_labels(read_tables([file], files), files)
    assert ratings.judges == ("people", "seen", "unseen")
    assert set(ratings.heads) == {"unsafe"}


def test_options_that_exclude_each_other_are_told() -> None:
    said = hantei("train", "builtin", "--data", ".", "--left-out-harms", "x.jsonl", "--out", "y")
    assert said.exit_code == 2
    assert "--left-out-harms trains nothing that stays" in said.output
