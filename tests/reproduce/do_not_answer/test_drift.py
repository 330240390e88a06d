from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hantei.reproduce.do_not_answer.drift import compared, drift
from hantei.reproduce.do_not_answer.reading import NONE, TITLES, JudgeLabels, Study, read_study

ALL = tuple(TITLES.values())


def made(lengths: tuple[int, ...]) -> Study:
    """Return a study of 40 questions in which each model's answers have so many words."""
    words = ["the", "answer", "is", "that", "it", "can", "not", "be", "said", "with", "certainty"]
    responses = tuple(
        tuple(" ".join(words[(turn + place) % len(words)] for place in range(length)) for turn in range(40))
        for length in lengths
    )
    people = np.zeros((6, 40), dtype=np.int64)
    right, half = people.copy(), people.copy()
    half[:, ::2] = 1
    return Study(
        folder=Path("nowhere"),
        ids=tuple(map(str, range(40))),
        questions=("?",) * 40,
        area=np.zeros(40, dtype=np.int64),
        responses=responses,
        people=JudgeLabels("people", people, people),
        judges=(JudgeLabels("Longformer", half, people), JudgeLabels("BERT", right, people)),
        notes=(),
    )


def test_the_model_that_writes_more_than_the_others_is_named() -> None:
    section = drift(made((26, 28, 40, 50, 90, 60)))
    assert [row.cells[-1] for row in section.tables[0].rows] == ["none", "none", "none", "none", "length", "none"]
    assert section.data[4]["measures"]["length"]["unlike"] is True
    assert [row["accuracy"] for row in section.data] == [{"Longformer": 0.5, "BERT": 1.0}] * 6


def test_a_judge_that_says_nothing_of_a_model_has_no_accuracy_there() -> None:
    study = made((20,) * 6)
    said = np.zeros((6, 40), dtype=np.int64)
    said[2] = NONE
    said[3, :10] = NONE
    own = JudgeLabels("mine", said, said)
    found = [row["accuracy"]["mine"] for row in drift(study, [own]).data]
    assert np.isnan(found[2])
    assert [value for value in found if not np.isnan(value)] == [1.0] * 5


@pytest.fixture(scope="module")
def study(data: Path) -> Study:
    return read_study(data)


def test_it_warns_of_the_model_on_which_the_published_classifiers_fall_and_of_no_other(study: Study) -> None:
    section = drift(study)
    assert {row.name: row.cells[-1] for row in section.tables[0].rows} == {
        title: "length" if title == "LLaMA-2" else "none" for title in ALL
    }
    fallen = [row["model"] for row in section.data if max(row["accuracy"].values()) < 0.8]
    assert fallen == ["LLaMA-2"]


def test_the_typical_lengths_are_those_of_the_answers(study: Study) -> None:
    place = ALL.index("LLaMA-2")
    length = next(one for one in compared(study, place) if one.measure == "length")
    logs = [np.mean([np.log(len(text)) for text in answers]) for answers in study.responses]
    others = [value for number, value in enumerate(logs) if number != place]
    assert length.value == pytest.approx(np.exp(logs[place]))
    assert (length.usual_low, length.usual_high) == pytest.approx((np.exp(min(others)), np.exp(max(others))))
