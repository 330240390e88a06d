"""Supervised fine-tuning on TRL's SFTTrainer, of rows that are tokens already: what is trained is settled before.

``judge-sft`` tunes a judge by the same function as ``safety-sft`` an answering model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.progress import Say
from hantei.training.mixtures.recipe import Sft
from hantei.training.tuning.chat import Encoded
from hantei.training.tuning.checkpoints import newest_whole
from hantei.training.tuning.model import EXTRA, Base, uses_bf16, with_adapters
from hantei.training.tuning.order import training_order

_SCHEDULES = {"cosine": "cosine_with_min_lr", "linear": "linear", "constant": "constant_with_warmup"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What a tuning took: steps, the loss at each tenth of them, tokens, seconds, peak memory.

    ``tokens`` counts those that went through the model, padding left out; ``trained_tokens`` those with a loss.
    ``seconds`` are those since it was begun or gone on with, after step ``resumed_from``.
    """

    steps: int
    losses: list[float] = field(default_factory=list)
    tokens: int = 0
    trained_tokens: int = 0
    seconds: float = 0.0
    peak_bytes: int | None = None
    resumed_from: int = 0

    def figures(self) -> dict[str, str]:
        """Return these as a card tells them."""
        memory = {"peak memory": f"{self.peak_bytes / 2**30:.2f} GiB"} if self.peak_bytes else {}
        return {
            "steps": f"{self.steps:,}",
            "tokens": f"{self.tokens:,}",
            "trained tokens": f"{self.trained_tokens:,}",
            "loss at the beginning and end": f"{self.losses[0]:.3f}, {self.losses[-1]:.3f}" if self.losses else "-",
            "seconds": f"{self.seconds:,.1f}" + (f" (since step {self.resumed_from})" if self.resumed_from else ""),
            **memory,
        }


def tune(
    base: Base, rows: Sequence[Encoded], copies: Sequence[int], settings: Sft, *, seed: int, out: Path, say: Say
) -> Tuned:
    """Tune a model; the same call again goes on from the last checkpoint, with the same result.

    Checkpoints lie in ``out/work`` meanwhile. What comes of it is in ``out``, in files that transformers loads.

    Args:
        base: the model and its tokenizer.
        rows: what is trained on, as tokens.
        copies: how often each row stands in an epoch.
        settings: how it is tuned.
        seed: decides the order and what else is chance.
        out: the tuned model's folder.
        say: takes a line for people.

    Raises:
        UsageError: sizes do not fit together.
    """
    from hantei.training.tuning.saving import save
    from hantei.training.tuning.trainer import Trainer, peak_bytes

    order = order_of(rows, copies, settings, seed)
    work = out / "work"
    arguments = training_arguments(settings, len(order), seed, work)
    checkpoint = newest_whole(work)
    if checkpoint:
        say(f"Going on from {checkpoint.name}")
    needed("transformers", EXTRA).set_seed(seed)  # fresh adapters are random
    model = with_adapters(base.model, settings.lora) if settings.lora else base.model
    trainer = Trainer(model=model, args=arguments, train_dataset=_dataset(rows, order), processing_class=base.tokenizer)
    output = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    save(trainer, base, settings.lora, out)
    return Tuned(
        steps=output.global_step,
        losses=[entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        tokens=sum(len(rows[index].input_ids) for index in order),
        trained_tokens=sum(rows[index].trained for index in order),
        seconds=output.metrics["train_runtime"],
        peak_bytes=peak_bytes(),
        resumed_from=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
    )


def order_of(rows: Sequence[Encoded], copies: Sequence[int], settings: Sft, seed: int) -> list[int]:
    """Return the indices of rows as they are trained on.

    Args:
        rows: what is trained on.
        copies: how often each stands in an epoch.
        settings: batches, epochs or steps.
        seed: decides the order.
    """
    return training_order(
        [len(row.input_ids) for row in rows],
        copies,
        batch_size=settings.batch_size,
        seed=seed,
        epochs=settings.epochs,
        steps=settings.steps,
        group_by_length=settings.group_by_length,
    )


def training_arguments(
    settings: Sft, rows: int, seed: int, work: Path, config: Any = None, more: Mapping[str, Any] | None = None
) -> Any:
    """Return TRL's arguments for so many rows, all epochs together.

    Args:
        settings: how the model is tuned.
        rows: how many there are.
        seed: decides what is chance.
        work: where checkpoints are kept.
        config: the kind of arguments; None for those of supervised fine-tuning.
        more: arguments of that kind alone.

    Raises:
        UsageError: the batch cannot be made of whole device batches.
    """
    trl = needed("trl", EXTRA)
    # packed without FlashAttention, rows would see each other
    own = {"packing": False, "dataset_kwargs": {"skip_prepare_dataset": True}} if config is None else more or {}
    config = config or trl.SFTConfig
    steps = -(-rows // settings.batch_size)
    save_every = settings.save_every or max(1, steps // 10)
    torch = needed("torch", EXTRA)
    return config(
        output_dir=str(work),
        per_device_train_batch_size=_on_device(settings.batch_size, settings.device_batch_size),
        gradient_accumulation_steps=_accumulated(settings.batch_size, settings.device_batch_size),
        num_train_epochs=1,  # the order holds all epochs
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        lr_scheduler_type=_SCHEDULES[settings.schedule],
        lr_scheduler_kwargs={"min_lr": settings.min_learning_rate} if settings.schedule == "cosine" else {},
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        bf16=uses_bf16(settings.precision),  # TRL's default would break a run on a CPU
        use_cpu=not torch.cuda.is_available(),
        **checkpointing(config, settings.gradient_checkpointing),
        max_length=None,  # what is too long was left out, by name
        remove_unused_columns=False,
        save_strategy="steps",
        save_steps=save_every,
        save_total_limit=2,  # one is whole while the other is written
        logging_strategy="steps",
        logging_steps=max(1, steps // 10),
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        data_seed=seed,
        dataloader_pin_memory=torch.cuda.is_available(),
        **own,
    )


def checkpointing(config: Any, wanted: bool) -> dict[str, bool]:
    """Return the argument that turns gradient checkpointing on or off: newer versions of transformers renamed it."""
    name = "activation_checkpointing" if hasattr(config, "activation_checkpointing") else "gradient_checkpointing"
    return {name: wanted}


def _dataset(rows: Sequence[Encoded], order: Sequence[int]) -> Any:
    """Return the rows in their order; each is held once, however many copies there are."""
    datasets = needed("datasets", EXTRA)
    columns = {"input_ids": [row.input_ids for row in rows], "labels": [row.labels for row in rows]}
    return datasets.Dataset.from_dict(columns).select(order)


def _on_device(batch_size: int, device_batch_size: int) -> int:
    return min(device_batch_size, batch_size // _devices() or 1)


def _accumulated(batch_size: int, device_batch_size: int) -> int:
    """Return how many device batches on every device make one batch.

    Raises:
        UsageError: it is no whole number.
    """
    at_once = _on_device(batch_size, device_batch_size) * _devices()
    if batch_size % at_once:
        raise UsageError(
            f"sft.batch_size: expected a multiple of {at_once} (device_batch_size x devices), got {batch_size}"
        )
    return batch_size // at_once


def _devices() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))
