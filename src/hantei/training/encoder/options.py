"""What training an encoder depends on, checked before anything is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from hantei.cards import one_of
from hantei.errors import UsageError
from hantei.judges.encoder.folder import MIN_TOKENS, InputText, Pooling
from hantei.judges.encoder.heads import HEADS

Loss = Literal["weighted", "focal", "plain"]
Precision = Literal["auto", "fp32", "bf16"]
Folds = Literal["prompt", "system", "harm"]

_NOT_THE_WEIGHTS = ("folds", "k", "only_folds", "final", "licence")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """What is trained, on which rows, and how; the flags of ``hantei train encoder``.

    Rows: ``mapping`` is field or label to column where a name is not one of the usual; ``language`` and ``encoding``
    are declared for all files; ``benchmark`` is a card's name or a file of prompts that the rows' ids belong to;
    ``limit`` is how many rows are trained on at most, drawn with the seed: for a trial.

    Judge: ``model`` is a Hugging Face name or a folder. ``heads`` are ``unsafe``, ``action`` and ``refusal``; none
    means each for which there are labels. ``text`` is what it reads, cut to ``max_tokens``. ``pooling`` makes one
    vector of a text: that of the ``first`` token, or the ``mean`` of all.

    Fitting: ``epochs`` at most, ending after ``patience`` epochs without a lower loss on the ``validation`` share of
    the rows, which is split off by prompt. ``lr`` rises linearly over the ``warmup`` share of the steps and falls
    linearly to 0. A batch holds at most ``batch_tokens`` tokens, padding included. ``loss`` is ``weighted`` (each class
    of a head counts alike), ``focal`` (with ``focal_gamma``) or ``plain``. ``precision`` ``auto`` is bf16 on a GPU that
    has it, else fp32.

    Measuring: ``folds`` by ``prompt`` (``k`` of them), ``system`` or ``harm`` (each left out once); ``only_folds`` runs
    those and no more; ``final`` says whether a judge is then trained on all rows. ``licence`` are the terms of the
    data, which nobody but the user can know.
    """

    model: str
    heads: tuple[str, ...] = ()
    text: InputText = "question and answer"
    max_tokens: int = 512
    pooling: Pooling = "mean"
    epochs: int = 4
    patience: int = 2
    validation: float = 0.1
    lr: float = 5e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    batch_tokens: int = 4096
    loss: Loss = "weighted"
    focal_gamma: float = 2.0
    precision: Precision = "auto"
    seed: int = 0
    limit: int | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    encoding: str | None = None
    benchmark: str | None = None
    folds: Folds | None = None
    k: int = 5
    only_folds: tuple[str, ...] = ()
    final: bool = True
    licence: str = "not stated"

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise UsageError(problem)

    def _problems(self) -> Iterator[str]:
        for name, values, allowed in (
            ("head", self.heads, tuple(HEADS)),
            ("text", (self.text,), get_args(InputText)),
            ("pooling", (self.pooling,), get_args(Pooling)),
            ("loss", (self.loss,), get_args(Loss)),
            ("precision", (self.precision,), get_args(Precision)),
            ("folds", (self.folds,), (*get_args(Folds), None)),
        ):
            for value in values:
                if value not in allowed:
                    known = [str(one) for one in allowed if one]
                    yield f"--{name} {value}: {one_of(str(value), known)}"
        for name, number, least, most in (
            ("max-tokens", self.max_tokens, MIN_TOKENS, 1 << 20),
            ("epochs", self.epochs, 1, 10_000),
            ("patience", self.patience, 1, 10_000),
            ("validation", self.validation, 0.01, 0.5),
            ("lr", self.lr, 0, 1),
            ("warmup", self.warmup, 0, 1),
            ("weight-decay", self.weight_decay, 0, 1),
            ("batch-tokens", self.batch_tokens, 16, 1 << 24),
            ("focal-gamma", self.focal_gamma, 0, 100),
            ("k", self.k, 2, 1000),
            ("seed", self.seed, 0, 1 << 40),
            ("limit", 10 if self.limit is None else self.limit, 10, 1 << 40),
        ):
            if not least <= number <= most:
                yield f"--{name} {number:g}: expected a number from {least:g} to {most:g}"
        if self.only_folds and self.folds is None:
            yield "--only-folds: needs --folds prompt, system or harm"
        if not self.final and self.folds is None:
            yield "--no-final without --folds leaves nothing to do: add --folds prompt, system or harm"

    def plan(self) -> dict[str, Any]:
        """Return what decides the weights, given the rows: what may change between two calls is left out."""
        return {key: value for key, value in asdict(self).items() if key not in _NOT_THE_WEIGHTS}
