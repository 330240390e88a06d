"""Where an encoder is trained: one CPU, one GPU, or several processes that accelerate started together."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.training.encoder.options import Precision


@dataclass(frozen=True, slots=True)
class Machine:
    """A device with its precision, and, where several processes train together, this one's place among them.

    ``accelerator`` is None where there is one process.
    """

    device: torch.device
    bf16: bool
    accelerator: Any = None

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        return int(self.accelerator.process_index) if self.accelerator else 0

    @property
    def processes(self) -> int:
        """How many processes train together."""
        return int(self.accelerator.num_processes) if self.accelerator else 1

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks for all."""
        return self.rank == 0

    def precision(self) -> AbstractContextManager[Any]:
        """Return the context in which the network is run: bf16 where it may, the weights stay fp32."""
        context: AbstractContextManager[Any] = torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)
        return context

    def spread(self, network: torch.nn.Module) -> torch.nn.Module:
        """Return the network as it is called in training; gradients are then averaged over the processes."""
        wrapped: torch.nn.Module = self.accelerator.prepare(network) if self.accelerator else network
        return wrapped

    def agreed(self, number: float) -> float:
        """Return the first process's number, so that all decide alike."""
        if not self.accelerator:
            return number
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor(number, dtype=torch.float64, device=self.device)).item())

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.accelerator:
            self.accelerator.wait_for_everyone()


def this_machine(precision: Precision) -> Machine:
    """Return where this process trains.

    Raises:
        UsageError: several processes were started and accelerate is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        accelerator = needed("accelerate", "encoder").Accelerator(cpu=not torch.cuda.is_available())
        return Machine(accelerator.device, _bf16(precision, accelerator.device), accelerator)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Machine(device, _bf16(precision, device))


def _bf16(precision: Precision, device: torch.device) -> bool:
    if device.type == "cpu":
        return precision == "bf16"
    supported = torch.cuda.is_bf16_supported()
    if precision == "bf16" and not supported:
        raise UsageError("--precision bf16: this GPU has no bf16; use --precision fp32")
    return supported and precision != "fp32"
