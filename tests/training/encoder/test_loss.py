# ruff: noqa: E402 - what needs torch is imported only where it is installed
from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hantei.training.encoder.options import TrainOptions

torch: Any = pytest.importorskip("torch", reason="the extra encoder is not installed: torch")

from hantei.training.encoder.loss import class_weights, make_loss

UNSAFE = {"unsafe": np.array([0, 0, 0, 1])}
LOGITS = [[2.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]


def _surprise(row: list[float], label: int) -> float:
    return math.log(sum(math.exp(value) for value in row)) - row[label]


def _loss(kind: str, logits: list[list[float]], labels: list[list[int]], heads: dict[str, Any] = UNSAFE) -> float:
    made = make_loss(heads, TrainOptions(model="m", loss=kind))  # type: ignore[arg-type]
    return float(made(torch.tensor(logits), torch.tensor(labels)))


def test_plain_is_the_mean_cross_entropy() -> None:
    expected = sum(_surprise(row, label) for row, label in zip(LOGITS, (0, 0, 0, 1), strict=True)) / 4
    assert _loss("plain", LOGITS, [[0], [0], [0], [1]]) == pytest.approx(expected)


def test_weights_make_classes_count_alike() -> None:
    # 3 rows of one class and 1 of the other: 4 / (2 * 3) and 4 / (2 * 1)
    assert class_weights([3, 1], balanced=True).tolist() == pytest.approx([2 / 3, 2])
    safe = sum(_surprise(row, 0) for row in LOGITS[:3])
    expected = (2 / 3 * safe + 2 * _surprise(LOGITS[3], 1)) / 4
    assert _loss("weighted", LOGITS, [[0], [0], [0], [1]]) == pytest.approx(expected)


def test_a_class_without_rows_has_no_weight() -> None:
    assert class_weights([3, 0, 1], balanced=True).tolist() == pytest.approx([2 / 3, 0, 2])


def test_focal_loss_is_its_formula() -> None:
    chance = math.exp(-_surprise([1.0, 0.0], 1))
    assert _loss("focal", [[1.0, 0.0]], [[1]]) == pytest.approx((1 - chance) ** 2 * -math.log(chance))
    assert _loss("focal", [[9.0, 0.0]], [[0]]) < 1e-6 * _loss("plain", [[9.0, 0.0]], [[0]]) + 1e-9


def test_a_row_without_a_label_of_a_head_is_left_out_of_it() -> None:
    heads = {"unsafe": np.array([0, 1]), "refusal": np.array([0, 2])}
    logits = [[2.0, 0.0, 1.0, 0.0, 0.0], [0.0, 3.0, 5.0, 5.0, -5.0]]
    both = _surprise([2.0, 0.0], 0) / 2 + _surprise([0.0, 3.0], 1) / 2 + _surprise([1.0, 0.0, 0.0], 0)
    assert _loss("plain", logits, [[0, 0], [1, -1]], heads) == pytest.approx(both)
    assert _loss("plain", logits, [[-1, -1], [-1, -1]], heads) == 0
