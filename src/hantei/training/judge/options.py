"""How a generative judge is tuned from labelled critiques."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from hantei.cards import did_you_mean
from hantei.errors import UsageError

WordingOrder = Literal["curriculum", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSftOptions:
    """What a judge is tuned from and how; the defaults of learning are ShieldLM's, the nearest published recipe.

    Args:
        model: the base: a folder, or a name on Hugging Face.
        revision: of the base.
        template: one of hantei's chat templates, for a base that has none.
        prompt: a folder with templates of the judge's own prompt, which are kept with it; None for the card's.
        wordings: folders with other templates, in which it is asked too while it is trained.
        wording_order: ``curriculum`` begins with the judge's own prompt alone and ends with all of them by lot,
            ``mixed`` takes them by lot from the beginning.
        lr: the highest learning rate.
        epochs: passes over the rows.
        batch: rows in a step.
        device_batch: rows in memory together.
        max_length: tokens of a row, at most; what is longer is left out and named.
        lora: rank of low-rank adapters; None tunes all weights.
        save_every: steps between checkpoints; None for a tenth of them.
        seed: of order and wordings.
        mapping: field or label to column where a name is not the usual.
        language: of rows that do not say.
        encoding: of the files.
        licence: the terms of the data, for the card.
    """

    model: str
    revision: str | None = None
    template: str | None = None
    prompt: Path | None = None
    wordings: tuple[Path, ...] = ()
    wording_order: WordingOrder = "curriculum"
    lr: float = 2e-5
    epochs: int = 3
    batch: int = 48
    device_batch: int = 8
    max_length: int = 1536
    lora: int | None = None
    save_every: int | None = None
    seed: int = 0
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    encoding: str | None = None
    licence: str = "not stated"

    def check(self) -> None:
        """Look whether the choices fit together.

        Raises:
            UsageError: they do not.
        """
        if self.wording_order not in get_args(WordingOrder):
            hint = did_you_mean(self.wording_order, get_args(WordingOrder))
            raise UsageError(f"--wording-order {self.wording_order}: expected curriculum or mixed{hint}")
        if self.wordings and self.wording_order == "curriculum" and self.epochs < 2:
            raise UsageError("--wording-order curriculum: needs --epochs 2 or more: the last is that of all wordings")
        for name in ("epochs", "batch", "device_batch", "max_length"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: expected 1 or more")
