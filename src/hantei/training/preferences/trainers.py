"""One round's training with TRL: DPO, IPO, KTO, RLOO with the units' F1 as reward, SFT on the best of n critiques."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.models.extras import needed
from hantei.records import Message
from hantei.training.chat_turns import as_dicts, turns_for
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.pairs import PreferencePair
from hantei.training.preferences.setting import Dialogue, JudgeForm
from hantei.training.tuning.checkpoints import newest_whole
from hantei.training.tuning.sft import checkpointing

Rewards = Callable[[Sequence[Dialogue], Sequence[str]], list[float]]
"""Dialogues and a reply to each, to a reward for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceTraining:
    """One training: from which folder, as what, in which folder checkpoints lie, how, and in which form."""

    start: Path
    out: Path
    work: Path
    options: RoundOptions
    form: JudgeForm

    def on_pairs(self, pairs: Sequence[PreferencePair], dialogues: Mapping[str, Dialogue]) -> None:
        """Train on pairs by DPO, IPO or KTO."""
        trl = needed("trl", "tune")
        prompts = {pair.id: self.form.messages(dialogues[pair.id]) for pair in pairs}
        if self.options.method == "kto":
            rows = [_rated(prompts[pair.id], text, good) for pair in pairs for text, good in _both(pair)]
            self._train(trl.KTOTrainer, trl.KTOConfig, rows, beta=self.options.beta, max_length=None)
            return
        loss = {"dpo": "sigmoid", "ipo": "ipo"}[self.options.method]
        rows = [
            {"prompt": prompts[pair.id], "chosen": _reply(pair.chosen), "rejected": _reply(pair.rejected)}
            for pair in pairs
        ]
        self._train(trl.DPOTrainer, trl.DPOConfig, rows, beta=self.options.beta, loss_type=[loss], max_length=None)

    def on_best(self, replies: Mapping[str, str], dialogues: Mapping[str, Dialogue]) -> None:
        """Train on one good reply to each dialogue."""
        trl = needed("trl", "tune")
        rows = [
            {"prompt": self.form.messages(dialogues[id_]), "completion": _reply(reply)}
            for id_, reply in replies.items()
        ]
        self._train(trl.SFTTrainer, trl.SFTConfig, rows, max_length=None)

    def on_rewards(self, dialogues: Sequence[Dialogue], rewards: Rewards) -> None:
        """Train by RLOO: replies are drawn while it trains, each with its reward."""
        trl = needed("trl", "tune")
        by_id = {dialogue.id: dialogue for dialogue in dialogues}
        rows = [{"prompt": self.form.messages(dialogue), "dialogue": dialogue.id} for dialogue in dialogues]

        def reward(completions: Sequence[Any], dialogue: Sequence[str], **_others: Any) -> list[float]:
            return rewards([by_id[id_] for id_ in dialogue], [turns[0]["content"] for turns in completions])

        self._train(
            trl.RLOOTrainer,
            trl.RLOOConfig,
            rows,
            {"reward_funcs": reward},
            beta=self.options.beta,
            num_generations=self.options.samples,
            max_completion_length=self.options.max_tokens,
            temperature=self.options.temperature or 1.0,
        )

    def _train(
        self, trainer: Any, config: Any, rows: Iterable[Mapping[str, Any]], parts: Mapping[str, Any] = {}, **more: Any
    ) -> None:
        """Train from the last whole checkpoint, save, and let the folder appear by one rename."""
        import datasets

        from hantei.training.tuning.trainer import Follow, Quiet

        transformers = needed("transformers", "tune")
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(self.start))
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        datasets.disable_progress_bars()
        given = [{**row, "prompt": as_dicts(turns_for(tokenizer, row["prompt"]))} for row in rows]
        made = type(f"Quiet{trainer.__name__}", (Quiet, trainer), {})(
            model=str(self.start),
            args=config(**self._settings(config), **more),
            train_dataset=datasets.Dataset.from_list(given),
            processing_class=tokenizer,
            callbacks=[Follow("steps")],
            **parts,
        )
        made.remove_callback(transformers.PrinterCallback)
        last = newest_whole(self.work)
        made.train(resume_from_checkpoint=str(last) if last else None)
        part = self.out.with_name(f".{self.out.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        made.save_model(str(part))
        (part / "training_args.bin").unlink(missing_ok=True)  # a pickle, which nobody needs
        os.replace(part, self.out)
        shutil.rmtree(self.work)

    def _settings(self, config: Any) -> dict[str, Any]:
        torch, options = needed("torch", "tune"), self.options
        gpu = torch.cuda.is_available()
        small = options.micro_batch or options.batch
        return {
            "output_dir": str(self.work),
            "learning_rate": options.lr,
            "num_train_epochs": options.epochs,
            "per_device_train_batch_size": small,
            "gradient_accumulation_steps": options.batch // small,
            "bf16": gpu and torch.cuda.is_bf16_supported(),
            "use_cpu": not gpu,
            **checkpointing(config, gpu),
            "model_init_kwargs": {"dtype": "float32"},
            "save_strategy": "steps",
            "save_steps": options.save_steps,
            "save_total_limit": 2,
            "logging_steps": 10,
            "report_to": "none",
            "disable_tqdm": True,
            "dataloader_pin_memory": gpu,
            "seed": options.seed,
        }


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _rated(prompt: Sequence[Message], text: str, good: bool) -> dict[str, Any]:
    return {"prompt": prompt, "completion": _reply(text), "label": good}


def _both(pair: PreferencePair) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (pair.chosen, True), (pair.rejected, False)
