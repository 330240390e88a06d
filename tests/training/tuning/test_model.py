"""What is known of a model before it is tuned."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hantei.training.tuning.model import Base


@pytest.mark.parametrize(
    ("places", "asked", "longest"), [(384, 4000, 384), (384, 256, 256), (None, 4000, 4000), (-1, 9, 9)]
)
def test_no_row_is_longer_than_the_model_has_places_for(places: int | None, asked: int, longest: int) -> None:
    model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=places))
    assert Base(model, None, "m").longest(asked) == longest
