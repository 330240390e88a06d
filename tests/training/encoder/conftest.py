"""A tiny encoder and a file of labelled answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hantei.metrics import bootstrap
from hantei.training.encoder.options import TrainOptions
from tests.training.encoder.labelled import answers, write


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.training.encoder.tiny import make_base

    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("rows") / "labelled.csv", answers())


@pytest.fixture(scope="session", autouse=True)
def few_replicates() -> Iterator[None]:
    """Draw less often than for people: the width of an interval is tested where intervals are made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", 100)
        yield


@pytest.fixture
def options(base: Path) -> Callable[..., TrainOptions]:
    """Options for the tiny encoder, with what a test changes."""
    usual = TrainOptions(model=str(base), max_tokens=32, batch_tokens=256, epochs=2, lr=5e-3)

    def make(**changes: Any) -> TrainOptions:
        return replace(usual, **changes)

    return make
