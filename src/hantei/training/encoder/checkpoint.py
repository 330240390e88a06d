"""What is kept of a training after each epoch, so that it goes on from there after a kill: one safetensors file.

Its header holds the state that is no tensor as JSON. It is written beside its place and renamed: it is whole or absent.
No state of random numbers is kept: those of an epoch follow from the seed and the number of the epoch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from hantei.errors import RunError

Tensors = dict[str, torch.Tensor]
_NOW, _BEST, _OPTIMIZER = "now.", "best.", "optimizer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a training is: finished epochs, the best of them with its loss on the validation rows, all losses."""

    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    losses: tuple[float, ...] = ()
    validation_losses: tuple[float, ...] = ()

    def after(self, loss: float, validation_loss: float) -> Standing:
        """Return the standing one epoch later."""
        better = validation_loss < self.best_loss
        return Standing(
            epoch=self.epoch + 1,
            best_epoch=self.epoch + 1 if better else self.best_epoch,
            best_loss=validation_loss if better else self.best_loss,
            losses=(*self.losses, loss),
            validation_losses=(*self.validation_losses, validation_loss),
        )


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training as it stood after an epoch: weights by name, the best ones, and the optimizer's state by parameter."""

    standing: Standing
    weights: Tensors
    best: Tensors
    optimizer: Mapping[int, Tensors]


def state_of(module: torch.nn.Module) -> Tensors:
    """Return a copy of a module's weights on the CPU."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in module.state_dict().items()}


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint by atomic rename."""
    from safetensors.torch import save_file

    tensors = {_NOW + name: tensor for name, tensor in checkpoint.weights.items()}
    if checkpoint.best is not checkpoint.weights:
        tensors |= {_BEST + name: tensor for name, tensor in checkpoint.best.items()}
    for number, state in checkpoint.optimizer.items():
        tensors |= {f"{_OPTIMIZER}{number}.{key}": tensor.detach().cpu().clone() for key, tensor in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    save_file(tensors, beside, metadata={"standing": json.dumps(asdict(checkpoint.standing))})
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(beside, path)


def read(path: Path) -> Checkpoint | None:
    """Return a checkpoint, None where there is none.

    Raises:
        RunError: the file is damaged.
    """
    if not path.is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            standing = json.loads((file.metadata() or {})["standing"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        standing |= {key: tuple(standing[key]) for key in ("losses", "validation_losses")}
        return _checkpoint(Standing(**standing), tensors)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: expected a checkpoint, it is damaged: {error}; delete it to start again") from None


def _checkpoint(standing: Standing, tensors: Tensors) -> Checkpoint:
    weights = _starting(tensors, _NOW)
    optimizer: dict[int, Tensors] = {}
    for name, tensor in _starting(tensors, _OPTIMIZER).items():
        number, _, key = name.partition(".")
        optimizer.setdefault(int(number), {})[key] = tensor
    return Checkpoint(standing, weights, _starting(tensors, _BEST) or weights, optimizer)


def _starting(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
