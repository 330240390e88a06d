from __future__ import annotations

import math

import numpy as np
import pytest

from hantei.training.encoder.rows import Rows
from hantei.training.encoder.scores import HeldOut, measures, predicted_classes, probabilities, table, temperatures


def _rows(unsafe: list[int]) -> Rows:
    count = len(unsafe)
    numbers, words = np.arange(count), np.full(count, "en")
    return Rows(
        ids=tuple(f"s/{n}/0" for n in range(count)),
        questions=("q",) * count,
        answers=("a",) * count,
        labels={"unsafe": np.array(unsafe)},
        question=numbers,
        pair=numbers.astype(np.uint64),
        system=words,
        harm=words,
        language=words,
        file=np.zeros(count, dtype=np.int64),
        files=(),
    )


def _said(chances: list[float], fold: list[int]) -> HeldOut:
    p = np.array(chances)
    return HeldOut(np.arange(len(p)), np.array(fold), np.stack([1 - p, p], axis=1))


def test_scores_by_fold_their_mean_and_all_together() -> None:
    rows = _rows([1, 0, 1, 0, 0, 0])
    said = _said([0.9, 0.8, 0.7, 0.1, 0.2, 0.3], [0, 0, 0, 1, 1, 1])
    found = {(m.data, m.metric): m for m in measures(rows, said, ["a", "b"], "p")}
    assert found["a", "accuracy"].value == pytest.approx(2 / 3)
    assert found["b", "accuracy"].value == 1
    assert found["mean of 2", "accuracy"].value == pytest.approx((2 / 3 + 1) / 2)
    assert found["all together", "accuracy"].value == pytest.approx(5 / 6)
    # all unsafe answers are found, and one more: precision 2/3, recall 1
    assert found["all together", "F1 of harmful"].value == pytest.approx(0.8)
    assert found["all together", "precision of harmful"].value == pytest.approx(2 / 3)
    assert found["all together", "recall of harmful"].value == 1
    # by falling p: unsafe, safe, unsafe: (1/1 + 2/3) / 2
    assert found["all together", "average precision"].value == pytest.approx((1 + 2 / 3) / 2)
    # bins of width 0.1 with one row each: the mean distance of probability and label
    distances = [0.1, 0.8, 0.3, 0.1, 0.2, 0.3]
    assert found["all together", "calibration error"].value == pytest.approx(np.mean(distances))
    assert found["all together", "accuracy"].low < 5 / 6 < found["all together", "accuracy"].high


def test_what_cannot_be_computed_is_left_out() -> None:
    said = _said([0.9, 0.8, 0.7, 0.1, 0.2, 0.3], [0, 0, 0, 1, 1, 1])
    found = {(m.data, m.metric): m for m in measures(_rows([1, 0, 1, 0, 0, 0]), said, ["a", "b"], "p")}
    assert ("b", "recall of harmful") not in found
    assert found["mean of 2", "recall of harmful"].value == found["a", "recall of harmful"].value


def test_rows_without_a_label_are_not_scored() -> None:
    said = _said([0.9, 0.8, 0.7, 0.1], [0, 0, 0, 0])
    one = next(measures(_rows([1, -1, -1, 0]), said, ["a"], "p"))
    assert (one.n, one.value) == (2, 1)
    assert not list(measures(_rows([-1] * 4), said, ["a"], "p"))


def test_an_even_chance_is_unsafe() -> None:
    assert predicted_classes("unsafe", np.array([[0.5, 0.5], [0.51, 0.49]])).tolist() == [1, 0]


def test_the_temperature_makes_a_guess_as_sure_as_it_is_right() -> None:
    # three of four right at log odds of 4: the likeliest log odds are log(3)
    logits = np.array([[0.0, 4.0]] * 4, dtype=np.float32)
    labels = {"unsafe": np.array([1, 1, 1, 0])}
    heat = temperatures(logits, labels)
    assert heat["unsafe"] == pytest.approx(4 / math.log(3), rel=1e-3)
    assert probabilities(logits, heat)[:, 1] == pytest.approx([0.75] * 4, rel=1e-3)


def test_where_all_is_guessed_no_temperature_is_fitted() -> None:
    logits = np.array([[0.0, 4.0], [4.0, 0.0]], dtype=np.float32)
    assert temperatures(logits, {"unsafe": np.array([1, 0])}) == {"unsafe": 1.0}
    assert temperatures(logits, {"unsafe": np.array([-1, -1])}) == {"unsafe": 1.0}


def test_the_table_has_a_row_for_each_fold() -> None:
    said = _said([0.9, 0.8, 0.7, 0.1, 0.2, 0.3], [0, 0, 0, 1, 1, 1])
    header, lines = table(list(measures(_rows([1, 0, 1, 0, 0, 0]), said, ["a", "b"], "p")), "unsafe")
    assert header[:3] == ["unsafe", "rows", "accuracy"]
    assert [line[0] for line in lines] == ["a", "b", "mean of 2", "all together"]
    assert lines[1][2].startswith("100.0 [")
    assert lines[1][header.index("recall of harmful")] == "-"
