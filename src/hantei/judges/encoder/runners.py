"""What computes the logits: torch on the CPU or a GPU, or an 8-bit model in onnxruntime on the CPU."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hantei.arrays import Floats, Integers

Batch = Mapping[str, Integers]

BATCH_TOKENS = {"int8": 1024, "fp32": 2048, "bf16": 2048, "cuda": 65_536}
"""Tokens in a batch: on a CPU what its caches hold well (measured, docs/perf.md), on a GPU enough to keep it busy."""


class Runner(Protocol):
    """Computes logits of batches of tokens. ``batch_tokens`` is the size of batch that suits it."""

    batch_tokens: int

    def logits(self, batches: Iterable[Batch]) -> list[Floats]:
        """Return the logits (rows, columns) of each batch."""
        ...


class TorchRunner:
    """Runs a network with torch, in 32-bit or bfloat16 numbers."""

    def __init__(self, network: Any, device: str, precision: str, batch_tokens: int | None = None) -> None:
        import torch

        self._torch, self._device = torch, torch.device(device)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._network = network.to(device=self._device, dtype=dtype).eval()
        self.batch_tokens = batch_tokens or BATCH_TOKENS["cuda" if device == "cuda" else precision]

    def logits(self, batches: Iterable[Batch]) -> list[Floats]:
        """Return the logits of each batch; on a GPU nothing is waited for until the last batch is under way."""
        with self._torch.inference_mode():
            found = [self._network(**self._moved(batch)) for batch in batches]
            return [logits.float().cpu().numpy() for logits in found]

    def _moved(self, batch: Batch) -> dict[str, Any]:
        return {name: self._torch.from_numpy(array).to(self._device) for name, array in batch.items()}


class OnnxRunner:
    """Runs a converted network with onnxruntime on all cores that the process may use."""

    def __init__(self, model: Path, batch_tokens: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _cores()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = [given.name for given in self._session.get_inputs()]
        self.batch_tokens = batch_tokens or BATCH_TOKENS["int8"]

    def logits(self, batches: Iterable[Batch]) -> list[Floats]:
        """Return the logits of each batch."""
        return [self._run(batch) for batch in batches]

    def _run(self, batch: Batch) -> Floats:
        found: Floats = self._session.run(None, {name: batch[name] for name in self._inputs})[0]
        return found.astype(np.float32, copy=False)


def _cores() -> int:
    """Return how many cores the process may use, which in a container are often fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
