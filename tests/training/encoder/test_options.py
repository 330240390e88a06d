from __future__ import annotations

from typing import Any

import pytest

from hantei.errors import UsageError
from hantei.training.encoder.options import TrainOptions


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"heads": ("harm",)}, "--head harm: expected one of unsafe, action, refusal"),
        ({"loss": "hinge"}, "--loss hinge: expected one of weighted, focal, plain"),
        ({"folds": "day"}, "--folds day: expected one of prompt, system, harm"),
        ({"epochs": 0}, "--epochs 0: expected a number from 1"),
        ({"max_tokens": 8}, "--max-tokens 8: expected a number from 16"),
        ({"validation": 0.0}, "--validation 0"),
        ({"lr": float("nan")}, "--lr nan"),
        ({"limit": 3}, "--limit 3"),
        ({"limit": 0}, "--limit 0: expected a number from 10"),
        ({"seed": -1}, "--seed -1"),
        ({"only_folds": ("east",)}, "needs --folds"),
        ({"final": False}, "leaves nothing to do"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        TrainOptions(model="m", **given)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_measured_is_no_part_of_the_plan() -> None:
    plain = TrainOptions(model="m")
    assert plain.plan() == TrainOptions(model="m", folds="system", only_folds=("a",), licence="MIT").plan()
    assert plain.plan() != TrainOptions(model="m", lr=1e-5).plan()
