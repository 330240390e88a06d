"""Choices that there are, and that fit together."""

from __future__ import annotations

from typing import Any

import pytest

from hantei.errors import UsageError
from hantei.training.preferences import RoundOptions


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"decide": "me"}, "--decide me: expected model, dialogue, random"),
        ({"conflicts": "x"}, "--conflicts x: expected keep-older, as-decided, unscored"),
        ({"method": "ppo"}, "--method ppo: expected dpo, ipo, kto, rloo, best-of-n"),
        ({"save_steps": 0}, "--save-steps 0: expected 1 or more"),
        ({"batch": 8, "micro_batch": 3}, "--micro-batch 3: expected a number that --batch 8 is a multiple of"),
        ({"method": "rloo", "batch": 8, "samples": 3}, "--samples 3: rloo needs 2 or more, of which --batch 8"),
    ],
)
def test_choices_that_do_not_fit_are_refused_by_their_option(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RoundOptions(**choices).check()


@pytest.mark.parametrize(
    ("choices", "scores"),
    [
        ({}, True),
        ({"conflicts": "unscored"}, False),
        ({"conflicts": "unscored", "decide": "dialogue"}, True),
        ({"conflicts": "unscored", "margin": 0.1}, True),
    ],
)
def test_training_critiques_are_scored_only_where_something_needs_it(choices: dict[str, Any], scores: bool) -> None:
    assert RoundOptions(**choices).scores_pairs is scores
