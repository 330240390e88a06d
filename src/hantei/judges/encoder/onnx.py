"""An 8-bit copy of a network for onnxruntime: made once, checked, and kept in the user's cache.

The matrices of the linear layers become 8-bit integers with a scale for each output channel; what goes into them is
made 8-bit as it comes, with one scale a batch. All else, embeddings and attention included, stays in 32 bits. The
network is written out with attention in its plain form, which onnxruntime fuses, where the form that torch prefers
would bring a guard against rows without any token that costs a quarter of the time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from importlib.metadata import version
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from hantei.files import cache_root, write_atomic
from hantei.judges.encoder.runners import Batch, OnnxRunner, TorchRunner
from hantei.judges.encoder.windows import InputTemplate
from hantei.models.http_errors import clean

_NEEDED = ("onnx", "onnxruntime", "onnxscript")
_RECIPE = "1"
"""Changes with how a network is converted, so that copies made in another way are made again."""
_MODEL, _FLIPS, _FAILED = "model.onnx", "flips.json", "failed.txt"
_NEAR = 1e-3
"""How far the written network may be from the real one before its numbers are made 8-bit, relative to its logits."""


class ConversionError(Exception):
    """A network cannot be converted; the message says why. The judge then runs in 32 bits, or says so."""


def installed() -> bool:
    """Whether everything that the conversion needs is installed."""
    return all(find_spec(name) is not None for name in _NEEDED)


class Converted:
    """The place of one network's 8-bit copy, by what the network is and by the versions that convert it.

    Args:
        identity: a hash of weights and configuration.
    """

    def __init__(self, identity: str) -> None:
        made_by = [_RECIPE, *(f"{name} {version(name)}" for name in (*_NEEDED, "torch", "transformers"))]
        key = hashlib.sha256("\n".join([identity, *made_by]).encode()).hexdigest()[:32]
        self.folder = cache_root() / "encoders" / key

    def runner(self, network: Any, template: InputTemplate, max_tokens: int, batch_tokens: int | None) -> OnnxRunner:
        """Return what runs the copy, which is made now where it is not there or cannot be read.

        Args:
            network: the PyTorch network that is copied.
            template: how a pair becomes tokens.
            max_tokens: the longest input, in tokens.
            batch_tokens: tokens in a batch at most, padding included; None for the default.

        Raises:
            ConversionError: it cannot be made, or the cache cannot be written.
        """
        model, failed = self.folder / _MODEL, self.folder / _FAILED
        if failed.is_file():
            raise ConversionError(failed.read_text(encoding="utf-8"))
        try:
            if model.is_file():
                return OnnxRunner(model, batch_tokens)
        except Exception:  # noqa: S110 - whatever is wrong with it, it is only a copy, which is made again
            pass
        self._make(network, template, max_tokens)
        return OnnxRunner(model, batch_tokens)

    def flips(self) -> dict[str, Any] | None:
        """Return what ``keep_flips`` kept, None where nothing was counted yet."""
        try:
            found: dict[str, Any] = json.loads((self.folder / _FLIPS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def keep_flips(self, flips: Mapping[str, Any]) -> None:
        """Keep how many labels of the sample differ from those in 32 bits, for every later use of the copy."""
        self._keep(_FLIPS, json.dumps(dict(flips)))

    def _keep(self, name: str, text: str) -> None:
        with suppress(OSError):  # the cache is full or gone since: it is found out again next time
            write_atomic(self.folder / name, [text.encode()])

    def _make(self, network: Any, template: InputTemplate, max_tokens: int) -> None:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=".part-"))
        except OSError as error:
            raise ConversionError(f"{self.folder.parent} cannot be written ({error.strerror})") from None
        try:
            with _silent():
                _export(network, template, max_tokens, part / "fp32.onnx")
                _check(network, template, max_tokens, part / "fp32.onnx")
                _quantise(part / "fp32.onnx", part / _MODEL)
                OnnxRunner(part / _MODEL).logits([_example(template, 2, min(24, max_tokens))])
            self.folder.mkdir(exist_ok=True)
            (self.folder / _FLIPS).unlink(missing_ok=True)
            (part / _MODEL).replace(self.folder / _MODEL)
        except OSError as error:
            raise ConversionError(f"{self.folder} cannot be written ({error.strerror})") from None
        except MemoryError:
            raise ConversionError("there is too little memory") from None
        except Exception as error:  # the libraries raise what they like on a network that they do not know
            reason = clean(str(error)).partition(". ")[0] or type(error).__name__
            self._keep(_FAILED, reason)  # trying costs seconds and would end the same
            raise ConversionError(reason) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _example(template: InputTemplate, rows: int, tokens: int) -> Batch:
    """Return a batch of common token ids, its last row half as long as the others."""
    ids = np.random.default_rng(0).integers(5, template.vocabulary, (rows, tokens))
    mask = np.ones((rows, tokens), dtype=np.int64)
    mask[-1, tokens // 2 :] = 0
    ids = np.where(mask == 1, ids, template.pad)
    types = {"token_type_ids": np.zeros_like(mask)} if template.typed else {}
    return {"input_ids": ids.astype(np.int64), "attention_mask": mask, **types}


def _export(network: Any, template: InputTemplate, max_tokens: int, file: Path) -> None:
    import onnx
    import torch

    example = {name: torch.from_numpy(array) for name, array in _example(template, 2, min(24, max_tokens)).items()}
    dimensions = {0: torch.export.Dim("rows"), 1: torch.export.Dim("tokens", max=max_tokens)}
    with _plain_attention(network):
        program = torch.onnx.export(
            network,
            tuple(example.values()),
            dynamo=True,
            input_names=list(example),
            output_names=["logits"],
            dynamic_shapes=tuple(dimensions for _ in example),
            verbose=False,
        )
    program.save(file)
    model = onnx.load(file)
    # The shapes noted along the way are those of the example in places, and quantisation would stumble over them.
    del model.graph.value_info[:]
    onnx.save(model, file)


@contextmanager
def _plain_attention(network: Any) -> Iterator[None]:
    models = [module for module in network.modules() if hasattr(module, "set_attn_implementation")]
    before = [model.config._attn_implementation for model in models]
    try:
        for model in models:
            model.set_attn_implementation("eager")
        yield
    finally:
        for model, implementation in zip(models, before, strict=True):
            model.set_attn_implementation(implementation)


def _check(network: Any, template: InputTemplate, max_tokens: int, file: Path) -> None:
    """Compare the written network with the real one on another shape than it was written out with.

    Raises:
        ConversionError: the two give other numbers.
    """
    batch = _example(template, 3, min(41, max_tokens))
    (real,), (written,) = TorchRunner(network, "cpu", "fp32").logits([batch]), OnnxRunner(file).logits([batch])
    if real.shape != written.shape or not np.abs(real - written).max() <= _NEAR * max(1.0, np.abs(real).max()):
        raise ConversionError("the written network gives other numbers than the real one")


def _quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        per_channel=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the exporters' many remarks to themselves: what matters of them is raised."""
    root = logging.getLogger()
    # The quantiser logs by functions that would give a program without handlers one for good.
    handler = logging.NullHandler()
    root.addHandler(handler)
    before = root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        root.removeHandler(handler)
