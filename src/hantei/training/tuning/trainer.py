"""TRL's trainers without what they do unasked (telemetry, cards in checkpoints); a checkpoint is marked when whole."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers
from trl import DPOTrainer, SFTTrainer

from hantei.progress import Progress
from hantei.training.tuning.checkpoints import mark_whole

warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)  # TRL and peft use the old name
transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()  # it advises on what is settled here


class Quiet:
    """Put before one of TRL's trainers: it then keeps to itself."""

    def _send_telemetry(self) -> None:
        """Tell nobody: TRL would report the kind of model, data and machine."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: the card of a tuned model is written once, at the end, by ``card.py``."""


class Follow(transformers.TrainerCallback):
    """Shows progress, and marks each checkpoint that is written to its end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._progress: Progress | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start counting."""
        if state.is_world_process_zero:
            self._progress = Progress(self._what, state.max_steps)
            self._progress.advance(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count a step."""
        if self._progress:
            self._progress.advance(1)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark a checkpoint whole; it is called after all its files."""
        if state.is_world_process_zero:
            mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop showing."""
        if self._progress:
            self._progress.__exit__(None, None, None)


class Trainer(Quiet, SFTTrainer):
    """TRL's SFTTrainer, quiet, with progress."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, callbacks=[Follow("steps")])
        self.remove_callback(transformers.PrinterCallback)


class PreferenceTrainer(Quiet, DPOTrainer):
    """TRL's DPOTrainer, quiet, with progress, on pairs that are tokens already."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, callbacks=[Follow("steps of preferences")])
        self.remove_callback(transformers.PrinterCallback)

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        """Return what was prepared before, by the rules of ``chat.py``."""
        return dataset


def peak_bytes() -> int | None:
    """Return the most memory that was in use: of the GPU where there is one, else of this process; None on Windows."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
