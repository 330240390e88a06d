"""A tuned model as a product: one folder of safetensors and a tokenizer that transformers loads by itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hantei.models.extras import needed
from hantei.training.mixtures.recipe import Lora
from hantei.training.tuning.model import EXTRA, Base

ADAPTER = "adapter"


def save(trainer: Any, base: Base, lora: Lora | None, out: Path) -> None:
    """Write what a trainer has tuned into ``out``; every process of several calls it.

    Args:
        trainer: one of TRL's, after its training.
        base: what was tuned.
        lora: the adapters; they are kept in ``adapter``, and what lies in ``out`` has them in its weights.
        out: the folder.
    """
    part = out / ".part"
    if trainer.args.should_save:
        shutil.rmtree(part, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(part / ADAPTER if lora else part))
    if trainer.args.should_save:
        if lora:
            _merge(base, part)
        base.tokenizer.save_pretrained(part)
        for pickle in part.rglob("training_args.bin"):
            pickle.unlink()
        for made in part.iterdir():
            _replace(made, out / made.name)
        part.rmdir()
    trainer.accelerator.wait_for_everyone()  # the next stage reads it


def _merge(base: Base, part: Path) -> None:
    """Put the adapters into the base's weights, read anew: those in memory may be of 4 bits, or in shards."""
    torch, transformers, peft = (needed(name, EXTRA) for name in ("torch", "transformers", "peft"))
    dtype = torch.bfloat16 if torch.cuda.is_available() else "auto"
    whole = transformers.AutoModelForCausalLM.from_pretrained(base.name, revision=base.revision or "main", dtype=dtype)
    peft.PeftModel.from_pretrained(whole, str(part / ADAPTER)).merge_and_unload().save_pretrained(part)


def _replace(made: Path, place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    os.replace(made, place)
