"""Training encoders: small transformers that learn to judge from labelled answers.

    from hantei.training.encoder import TrainOptions, train

    train(["labelled.csv"], "judges/mine", TrainOptions(model="answerdotai/ModernBERT-base", folds="prompt"))

The folder that comes out is the judge ``encoder@hf/judges/mine``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hantei.models.extras import needed
from hantei.training.encoder.options import TrainOptions

if TYPE_CHECKING:
    from hantei.training.encoder.run import TrainedEncoder

__all__ = ["TrainOptions", "train"]


def train(
    files: Sequence[str | Path],
    out: str | Path,
    options: TrainOptions,
    say: Callable[[str], None] = lambda _line: None,
) -> TrainedEncoder:
    """Train an encoder on labelled answers, with or without cross-validation, and write the judge's folder.

    A training that was cut off goes on from its last finished epoch when it is called again with the same files and
    options. On a CPU the same seed gives the same weights.

    Args:
        files: JSONL, JSON, CSV or Parquet, as ``hantei judge`` reads them, with columns for labels.
        out: the folder: ``model.safetensors``, the tokenizer and ``card.toml``; ``measures.json``; with folds also
            ``held_out.jsonl``, what was said of each row by a network that had not seen it; ``work``, what a call that
            goes on needs.
        options: what is trained and how.
        say: takes lines for people: what was read, and each epoch's losses, speed and time left.

    Raises:
        UsageError: options that do not fit together, a base model that cannot be had, or a library is not installed.
        InputError: a file cannot be read, or holds too few labels.
        RunError: the folder holds another training, is damaged, or the loss became no number.
    """
    needed("torch", "encoder")
    needed("transformers", "encoder")
    from hantei.training.encoder.run import run

    return run([Path(file) for file in files], Path(out), options, say)
