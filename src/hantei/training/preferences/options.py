"""The choices of preference rounds, with those that the publication makes, and hantei's own where it makes none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hantei.errors import UsageError

Decide = Literal["model", "dialogue", "random"]
Conflicts = Literal["keep-older", "as-decided", "unscored"]
Mismatched = Literal["chosen", "either", "keep"]
Method = Literal["dpo", "ipo", "kto", "rloo", "best-of-n"]
Keep = Literal["gain", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundOptions:
    """How rounds are run; docs/judge-training.md has the reason for each default.

    Args:
        rounds: how many judges are trained, at most.
        decide: whose critique is chosen: that of the judge that is better on validation (``model``, published), the
            one that scores higher on its dialogue (``dialogue``), or by lot (``random``, the control).
        conflicts: where a judge that a round made is the better one and yet scores lower on a dialogue than an older
            one: ``keep-older`` chooses the older one's critique, ``as-decided`` does not; they are listed either way;
            ``unscored`` does not look: critiques of training dialogues are then scored only where something else needs
            it.
        margin: least difference in F1 of the two critiques of a pair, where both can be scored.
        mismatched: which critiques take their pair out where their verdict is not the label, or their words deny it:
            the ``chosen`` one, ``either``, or none (``keep``).
        balance_length: as many pairs whose chosen critique is the longer as pairs where it is the shorter.
        keep: whether a judge joins the pool only where its gain on validation is beyond its interval (``gain``; the
            rounds end with the first that is not), or ``always`` (published).
        method: ``dpo``, ``ipo``, ``kto``, ``rloo`` with the units' F1 as reward, or ``best-of-n``, which needs no
            preferences.
        beta: how strongly the new judge is held to the one that it starts from.
        lr: the highest learning rate.
        epochs: passes over the pairs.
        batch: pairs in a step.
        micro_batch: pairs of it that are in memory together, of which ``batch`` is a multiple; None for all.
        max_pairs: pairs of a round at most, drawn with the seed; None for all.
        max_length: tokens of a question with its reply at most; what is longer is left out and counted.
        max_tokens: tokens of a reply at most.
        temperature: at which judges write; 0 takes the likeliest token.
        samples: critiques that are drawn of a dialogue by ``best-of-n`` and ``rloo``.
        save_steps: steps between checkpoints, from which a round that was cut off goes on.
        seed: of drawing, order and sampling.
    """

    rounds: int = 3
    decide: Decide = "model"
    conflicts: Conflicts = "keep-older"
    margin: float = 0.0
    mismatched: Mismatched = "chosen"
    balance_length: bool = False
    keep: Keep = "gain"
    method: Method = "dpo"
    beta: float = 0.1
    lr: float = 1e-6
    epochs: int = 1
    batch: int = 16
    micro_batch: int | None = None
    max_pairs: int | None = None
    max_length: int = 2048
    max_tokens: int = 512
    temperature: float = 1.0
    samples: int = 4
    save_steps: int = 50
    seed: int = 0

    @property
    def scores_pairs(self) -> bool:
        """Whether the critiques of training dialogues are scored."""
        return self.conflicts != "unscored" or self.decide == "dialogue" or self.margin > 0

    def check(self) -> None:
        """Look whether the choices are ones that there are.

        Raises:
            UsageError: they are not.
        """
        named = {"decide": Decide, "conflicts": Conflicts, "mismatched": Mismatched, "keep": Keep, "method": Method}
        for name, choices in named.items():
            if getattr(self, name) not in get_args(choices):
                raise UsageError(f"--{name} {getattr(self, name)}: expected {', '.join(get_args(choices))}")
        for name in ("rounds", "epochs", "batch", "samples", "save_steps", "max_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: expected 1 or more")
        if self.micro_batch is not None and (self.micro_batch < 1 or self.batch % self.micro_batch):
            raise UsageError(
                f"--micro-batch {self.micro_batch}: expected a number that --batch {self.batch} is a multiple of"
            )
        if self.method == "rloo" and (self.samples < 2 or self.batch % self.samples):
            raise UsageError(
                f"--samples {self.samples}: rloo needs 2 or more, of which --batch {self.batch} is a multiple"
            )
