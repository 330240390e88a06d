"""Supervised training of the world's models: transformers' Trainer, the loss on whole sequences."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.training.world.rows import WorldTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a model of the world is trained: rows are repeated for ``epochs``, or ``steps``, in batches of ``batch``."""

    epochs: float = 2
    batch: int = 32
    lr: float = 3e-3
    warmup: int = 50
    save_steps: int = 200
    steps: int | None = None


def train(model: Any, tokenizer: Any, rows: Sequence[WorldTurns], out: Path, training: Training, seed: int) -> Path:
    """Train a model on conversations and write it to a folder, with its tokenizer; the same again goes on.

    Args:
        model: of transformers.
        tokenizer: of the model.
        rows: conversations that end with what the model is to say.
        out: the folder; ``checkpoints`` beside the weights holds where it stood.
        training: how.
        seed: of the order of rows.

    Returns:
        The folder.
    """
    from transformers import DataCollatorForLanguageModeling, Trainer
    from transformers.trainer_utils import get_last_checkpoint

    if (out / "model.safetensors").is_file():
        return out
    checkpoints = out / "checkpoints"
    trainer = Trainer(
        model=model,
        args=_arguments(checkpoints, training, seed),
        train_dataset=[{"input_ids": ids} for ids in token_ids(tokenizer, rows)],
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
    )
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    tokenizer.save_pretrained(out)
    model.save_pretrained(out)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return out


def loaded(folder: Path) -> tuple[Any, Any]:
    """Return a model and its tokenizer from a folder."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def token_ids(tokenizer: Any, rows: Sequence[WorldTurns]) -> list[list[int]]:
    """Return the tokens of conversations, written by the tokenizer's chat template."""
    turns = [[{"role": turn.role, "content": turn.content} for turn in row] for row in rows]
    texts = tokenizer.apply_chat_template(turns, tokenize=False)
    return [list(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]


def _arguments(checkpoints: Path, training: Training, seed: int) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=training.epochs,
        max_steps=training.steps or -1,
        per_device_train_batch_size=training.batch,
        learning_rate=training.lr,
        warmup_steps=training.warmup,
        lr_scheduler_type="cosine",
        weight_decay=0.1,
        adam_beta2=0.98,
        train_sampling_strategy="group_by_length",
        save_steps=training.save_steps,
        save_total_limit=1,
        logging_steps=50,
        report_to=[],
        seed=seed,
        use_cpu=True,
        disable_tqdm=True,
    )
