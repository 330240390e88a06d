from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from hantei.critiques.critique import CheckedCritique, CheckedUnit
from hantei.critiques.matching import ENCODER, LEXICAL, matcher
from hantei.critiques.people import (
    _labels,
    _strengths,
    agreement_with_people,
    best_threshold,
    embedded_agreement,
    read_unit_labels,
    shipped_labels,
    thresholds,
)
from hantei.errors import InputError


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_sixty_labels_come_with_hantei_in_each_language(language: str) -> None:
    found = read_unit_labels(shipped_labels(language))
    assert sum(len(one.precision) + len(one.recall) for one in found) == 60
    assert all(one.critique.language == language for one in found)
    english = read_unit_labels(shipped_labels("en"))
    assert [(one.precision, one.recall) for one in found] == [(one.precision, one.recall) for one in english]


def test_agreement_is_counted_over_units_with_a_verdict() -> None:
    labelled = read_unit_labels(shipped_labels("en"))
    checked = [
        CheckedCritique(
            id=one.critique.id,
            judge="j",
            units=tuple(CheckedUnit(text="u", right=True) for _ in one.precision),
            reference=tuple(
                CheckedUnit(text="u", right=None if at == 0 else label) for at, label in enumerate(one.recall)
            ),
        )
        for one in labelled
    ]
    precision, recall = agreement_with_people("file", labelled, checked, "m")
    assert (precision.n, precision.no_verdict) == (30, 0)
    assert precision.right == pytest.approx(21 / 30)
    assert precision.accuracy.value == pytest.approx(21 / 30)
    assert precision.kappa.value == pytest.approx(0)
    assert (recall.n, recall.no_verdict) == (20, 10)
    assert recall.accuracy.value == recall.kappa.value == 1


def test_the_best_threshold_has_the_highest_kappa() -> None:
    label = np.array([0, 0, 1, 0, 1, 1])
    strength = np.array([0.1, 0.2, 0.35, 0.4, 0.6, 0.7])
    found = best_threshold(label, strength)
    kappas = [cohen_kappa_score(label, strength >= one / 100) for one in range(1, 100)]
    assert cohen_kappa_score(label, strength >= found) == pytest.approx(max(kappas))


def test_a_dialogue_has_no_part_in_its_own_threshold() -> None:
    dialogue = np.repeat(np.arange(10), 4)
    label = np.tile([0, 0, 1, 1], 10)
    strength = np.tile([0.1, 0.2, 0.6, 0.7], 10)
    before = thresholds(label, dialogue, strength)
    moved = np.where(dialogue == 3, 1 - strength, strength)  # dialogue 3 says the contrary
    after = thresholds(label, dialogue, moved)
    assert after[[3, 8]].tolist() == before[[3, 8]].tolist()  # its fold is judged by the others


@pytest.mark.parametrize(
    ("name", "shipped"), [("lexical", LEXICAL), pytest.param("encoder", ENCODER, marks=pytest.mark.long)]
)
def test_the_shipped_thresholds_are_the_best_on_metacritique(data: Path, name: str, shipped: float) -> None:
    labelled = read_unit_labels(data / "metacritique" / "annotation_data.json")
    assert best_threshold(_labels(labelled, "recall")[0], _strengths(labelled, "recall", matcher(name))) == shipped


def test_the_words_agree_with_people_on_recall_and_hardly_on_precision(data: Path) -> None:
    labelled = read_unit_labels(data / "metacritique" / "annotation_data.json")
    precision, recall = embedded_agreement("MetaCritique", labelled, matcher("lexical"), out_of_fold=True)
    assert (precision.n, recall.n) == (1951, 2106)
    assert recall.kappa.low is not None
    assert recall.kappa.low > 0.15
    assert precision.kappa.high is not None
    assert precision.kappa.high < 0.2


@pytest.mark.parametrize(
    "change", [{"precision_labels": [True]}, {"units": None}, {"reference": None}, {"question": None, "language": None}]
)
def test_units_without_a_label_each_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    row = json.loads(shipped_labels("en").read_text(encoding="utf-8").splitlines()[0])
    file = tmp_path / "labels.jsonl"
    file.write_text(json.dumps({key: value for key, value in {**row, **change}.items() if value is not None}) + "\n")
    with pytest.raises(InputError, match="row 1: expected units with a label each"):
        read_unit_labels(file)
