"""A stage of preferences on TRL's DPOTrainer: the tuned model is held to what it was before, by ``beta``.

The log-probabilities of the reference are computed along the way: computed beforehand they gain nothing over one epoch,
and TRL cannot keep them for a resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.progress import Say
from hantei.records import Message
from hantei.training.mixtures.example import TrainingPair
from hantei.training.mixtures.mixture import read_pairs
from hantei.training.mixtures.recipe import Dpo, LoadedRecipe, ModelTable, Sft
from hantei.training.tuning.chat import UNTRAINED, ChatEncoder
from hantei.training.tuning.checkpoints import newest_whole
from hantei.training.tuning.model import EXTRA, load_base
from hantei.training.tuning.order import training_order
from hantei.training.tuning.saving import save
from hantei.training.tuning.sft import Tuned, training_arguments


class EncodedPair(NamedTuple):
    """A pair as tokens: what is asked, and the two answers with the token that ends each."""

    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]

    def __len__(self) -> int:
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))


def prefer(loaded: LoadedRecipe, start: Path, out: Path, say: Say) -> Tuned:
    """Carry out a recipe's stage of preferences; the same call again goes on from the last checkpoint.

    Args:
        loaded: the recipe, with a table [dpo].
        start: the folder of the model that it begins with.
        out: the new model's folder.
        say: takes a line for people.

    Raises:
        UsageError: the recipe has no such stage, or a benchmark has a prompt of it.
    """
    mixture, settings, seed = read_pairs(loaded), loaded.recipe.dpo, loaded.recipe.seed
    assert settings is not None  # noqa: S101 - read_pairs has looked
    base = load_base(ModelTable(base=str(start)), str(start))
    pairs = encode_pairs(mixture.rows, ChatEncoder(base.tokenizer, base.ends))
    longest = base.longest(settings.max_length)
    kept = [index for index, pair in enumerate(pairs) if len(pair) <= longest]
    long = len(pairs) - len(kept)
    say(f"Preferences: {len(kept):,} pairs, {long:,} longer than {longest} tokens left out")
    lengths = [len(pairs[index]) for index in kept]
    copies = [mixture.copies[index] for index in kept]
    order = training_order(lengths, copies, batch_size=settings.batch_size, seed=seed, epochs=settings.epochs)
    return _train(base, [pairs[kept[index]] for index in order], settings, seed, out, say)


def encode_pairs(pairs: Sequence[TrainingPair], encoder: ChatEncoder) -> list[EncodedPair]:
    """Return pairs as tokens.

    Raises:
        UsageError: the chat template writes what is asked differently before the two answers.
    """
    found = []
    for pair in pairs:
        prompt, chosen = _split(encoder, pair, pair.chosen)
        same, rejected = _split(encoder, pair, pair.rejected)
        if same != prompt:
            raise UsageError(f"row {pair.id[:80]}: the first tokens of an answer merge with what is asked")
        found.append(EncodedPair(prompt, chosen, rejected))
    return found


def _split(encoder: ChatEncoder, pair: TrainingPair, answer: str) -> tuple[list[int], list[int]]:
    """Return the tokens before an answer, and those of the answer up to the end of its turn."""
    encoded = encoder.encode((*pair.messages, Message(role="assistant", content=answer)))
    end = max(at for at, label in enumerate(encoded.labels) if label != UNTRAINED) + 1
    start = max((at for at in range(end) if encoded.labels[at] == UNTRAINED), default=-1) + 1
    return encoded.input_ids[:start], encoded.input_ids[start:end]


def _train(base: Any, rows: list[EncodedPair], settings: Dpo, seed: int, out: Path, say: Say) -> Tuned:
    from hantei.training.tuning.trainer import PreferenceTrainer, peak_bytes

    trl, datasets = needed("trl", EXTRA), needed("datasets", EXTRA)
    work = out / "work"
    checkpoint = newest_whole(work)
    if checkpoint:
        say(f"Going on from {checkpoint.name} of the preferences")
    arguments = training_arguments(
        Sft(
            learning_rate=settings.learning_rate,
            min_learning_rate=settings.min_learning_rate,
            batch_size=settings.batch_size,
            device_batch_size=settings.device_batch_size,
            gradient_checkpointing=settings.gradient_checkpointing,
        ),
        len(rows),
        seed,
        work,
        trl.DPOConfig,
        {"beta": settings.beta},
    )
    data = datasets.Dataset.from_list([row._asdict() for row in rows])
    trainer = PreferenceTrainer(model=base.model, args=arguments, train_dataset=data, processing_class=base.tokenizer)
    output = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    save(trainer, base, None, out)
    return Tuned(
        steps=output.global_step,
        losses=[entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        tokens=sum(2 * len(row.prompt_ids) + len(row.chosen_ids) + len(row.rejected_ids) for row in rows),
        trained_tokens=sum(len(row.chosen_ids) + len(row.rejected_ids) for row in rows),
        seconds=output.metrics["train_runtime"],
        peak_bytes=peak_bytes(),
        resumed_from=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
    )
