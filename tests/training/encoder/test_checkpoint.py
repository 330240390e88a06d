# ruff: noqa: E402 - what needs torch is imported only where it is installed
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="the extra encoder is not installed: torch")

from hantei.errors import RunError
from hantei.training.encoder.checkpoint import Checkpoint, Standing, read, save, state_of

STANDING = Standing(epoch=3, best_epoch=2, best_loss=0.5, losses=(1.0, 0.5, 0.4), validation_losses=(1.0, 0.5, 0.6))


def _checkpoint() -> Checkpoint:
    optimizer = {0: {"step": torch.tensor(4.0), "exp_avg": torch.ones(2)}, 11: {"step": torch.tensor(4.0)}}
    return Checkpoint(STANDING, {"a.b": torch.zeros(2)}, {"a.b": torch.ones(2)}, optimizer)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    save(tmp_path / "new" / "x.safetensors", _checkpoint())
    found = read(tmp_path / "new" / "x.safetensors")
    assert found is not None
    assert found.standing == STANDING
    assert found.weights["a.b"].tolist() == [0, 0]
    assert found.best["a.b"].tolist() == [1, 1]
    assert sorted(found.optimizer) == [0, 11]
    assert found.optimizer[0]["step"].item() == 4
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["x.safetensors"]


def test_the_best_weights_are_not_written_twice(tmp_path: Path) -> None:
    weights = {"a": torch.ones(1000)}
    save(tmp_path / "one", Checkpoint(replace(STANDING, best_epoch=3), weights, weights, {}))
    save(tmp_path / "two", Checkpoint(STANDING, weights, {"a": torch.zeros(1000)}, {}))
    assert (tmp_path / "two").stat().st_size - (tmp_path / "one").stat().st_size > 3900
    found = read(tmp_path / "one")
    assert found is not None
    assert torch.equal(found.best["a"], weights["a"])


def test_damage_is_named(tmp_path: Path) -> None:
    assert read(tmp_path / "absent") is None
    (tmp_path / "torn").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    with pytest.raises(RunError, match="it is damaged"):
        read(tmp_path / "torn")


def test_the_standing_remembers_the_best_epoch() -> None:
    worse = STANDING.after(0.3, 0.7)
    assert (worse.epoch, worse.best_epoch, worse.best_loss) == (4, 2, 0.5)
    better = worse.after(0.2, 0.4)
    assert (better.epoch, better.best_epoch, better.best_loss) == (5, 5, 0.4)
    assert better.validation_losses == (1.0, 0.5, 0.6, 0.7, 0.4)
    assert Standing().after(1.0, float("nan")).best_epoch == 0


def test_a_state_is_a_copy() -> None:
    module = torch.nn.Linear(2, 1)
    state = state_of(module)
    with torch.no_grad():
        module.weight += 1
    assert not torch.equal(state["weight"], module.weight)
