"""Choosing how a classifier is run on this machine, and running it over inputs of any length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hantei.arrays import Floats
from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.judges.encoder.classifier import EncoderClassifier
from hantei.judges.encoder.onnx import ConversionError, Converted, installed
from hantei.judges.encoder.outputs import OutputHead, log_probabilities
from hantei.judges.encoder.packing import batches
from hantei.judges.encoder.runners import Runner, TorchRunner
from hantei.judges.encoder.windows import EncoderTokens, InputTemplate, padded

SETTINGS = {"device": "auto", "precision": "auto", "batch_tokens": "auto"}
_DEVICES, _PRECISIONS = ("auto", "cpu", "cuda"), ("auto", "fp32", "int8", "bf16")
_CHUNK = 256
"""Batches under way at once on a GPU; it bounds what waits in memory."""


@dataclass(frozen=True, slots=True)
class Running:
    """A classifier on a device. ``converted`` is the place of its 8-bit copy where that is what runs."""

    classifier: EncoderClassifier
    template: InputTemplate
    runner: Runner
    device: str
    precision: str
    converted: Converted | None = None
    notices: tuple[str, ...] = ()

    def logits(self, rows: Sequence[EncoderTokens]) -> Floats:
        """Return the logits (rows, columns) of inputs, in their order."""
        return _logits(self.runner, self.template, rows)

    def reference(self, rows: Sequence[EncoderTokens]) -> Floats:
        """Return the logits that 32-bit numbers give."""
        return _logits(TorchRunner(self.classifier.network, "cpu", "fp32"), self.template, rows)


def _logits(runner: Runner, template: InputTemplate, rows: Sequence[EncoderTokens]) -> Floats:
    packed = list(batches([len(row.ids) for row in rows], runner.batch_tokens))
    parts: list[Floats] = []
    for start in range(0, len(packed), _CHUNK):
        part = packed[start : start + _CHUNK]
        parts += runner.logits(padded(template, [rows[place] for place in batch]) for batch in part)
    found = np.concatenate(parts)
    out = np.empty_like(found)
    out[[place for batch in packed for place in batch]] = found
    return out


def running(name: str, classifier: EncoderClassifier, settings: Mapping[str, str]) -> Running:
    """Return a classifier, ready to run as the settings of the judge ``name`` say.

    Left to itself it takes a GPU and bfloat16 where there is a GPU, else 8-bit numbers where onnxruntime is installed
    and takes the network, else 32-bit numbers in torch.

    Raises:
        UsageError: a setting has no such value, or does not fit this machine or this network.
    """
    size = _batch_tokens(name, settings["batch_tokens"])
    device = _device(name, settings["device"])
    precision = _precision(name, settings["precision"], device)
    template = InputTemplate(classifier.tokenizer, pair=classifier.pair)
    notices: tuple[str, ...] = ()
    if precision == "int8":
        converted = Converted(classifier.identity)
        try:
            runner = converted.runner(classifier.network, template, classifier.max_tokens, size)
            return Running(classifier, template, runner, device, precision, converted)
        except ConversionError as error:
            if settings["precision"] == "int8":
                raise UsageError(f"--judge {name}: cannot be made 8-bit: {error}; write precision=fp32") from None
            precision, notices = "fp32", (f"fp32: the network could not be made 8-bit: {error}",)
    return Running(
        classifier,
        template,
        TorchRunner(classifier.network, device, precision, size),
        device,
        precision,
        notices=notices,
    )


def flips(real: Floats, other: Floats, heads: Sequence[OutputHead]) -> dict[str, Any]:
    """Return how many labels of a sample differ between two outputs: ``of`` rows, and by head."""
    before, after = log_probabilities(real, heads), log_probabilities(other, heads)
    differ = {name: int((before[name].argmax(axis=1) != after[name].argmax(axis=1)).sum()) for name in before}
    return {"of": len(real), "by_head": differ}


def flips_line(found: Mapping[str, Any]) -> str:
    """Return ``flips`` as one line for people."""
    parts = [f"{name} {count} of {found['of']}" for name, count in found["by_head"].items()]
    return f"int8: {', '.join(parts)} labels differ from fp32"


def _device(name: str, wanted: str) -> str:
    if wanted not in _DEVICES:
        raise UsageError(
            f"--judge {name}: expected device={' or '.join(_DEVICES)}, got '{wanted}'{did_you_mean(wanted, _DEVICES)}"
        )
    if wanted == "cpu":
        return wanted
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise UsageError(f"--judge {name}: torch finds no GPU here; write device=cpu")
    return "cpu"


def _precision(name: str, wanted: str, device: str) -> str:
    if wanted not in _PRECISIONS:
        hint = did_you_mean(wanted, _PRECISIONS)
        raise UsageError(f"--judge {name}: expected precision={' or '.join(_PRECISIONS)}, got '{wanted}'{hint}")
    if wanted == "int8" and device == "cuda":
        raise UsageError(f"--judge {name}: 8-bit numbers are for the CPU; write device=cpu or precision=bf16")
    if wanted == "int8" and not installed():
        raise UsageError(f"--judge {name}: 8-bit numbers need an extra: pip install 'hantei[onnx]'")
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bf16"
    return "int8" if installed() else "fp32"


def _batch_tokens(name: str, wanted: str) -> int | None:
    if wanted == "auto":
        return None
    if not (wanted.isascii() and wanted.isdigit() and 0 < len(wanted) < 10 and int(wanted) > 0):
        raise UsageError(f"--judge {name}: expected batch_tokens=auto or a whole number from 1, got '{wanted}'")
    return int(wanted)
