"""How large an experiment of the world is: as in the docs, or so small that it proves no more than the plumbing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hantei.training.preferences import RoundOptions
from hantei.training.world.sft import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentScale:
    """Sizes of the experiments.

    Args:
        base_rows: dialogues that the base of the first judges is trained on.
        base: how.
        judge_rows: other dialogues, of which each first judge has its own.
        judge: how it is trained on them.
        train: dialogues of which the pool writes critiques.
        validation: dialogues on which judges are ranked.
        test: dialogues on which every judge is measured.
        pairs: a round is trained on, in every arm.
        rounds: that follow the first two judges.
        answer_rows: general conversations that the answering model is trained on.
        answering: how.
        mixed_rows: other general conversations, with which copies of the safety data are mixed.
        mixing: how the answering model is tuned on a mixture.
        copies: of the safety data, in each mixture.
        asked: requests at most that answering models are asked.
        edited_rows: corrections that the model that corrects is tuned on.
        editing: how.
        width: of the models' hidden states.
    """

    base_rows: int
    base: Training
    judge_rows: int
    judge: Training
    train: int
    validation: int
    test: int
    pairs: int
    rounds: int
    answer_rows: int
    answering: Training
    mixed_rows: int
    mixing: Training
    copies: tuple[int, ...]
    asked: int
    edited_rows: int
    editing: Training
    width: int = 96

    def options(self, seed: int) -> RoundOptions:
        """Return the choices of the published arm; what the publication leaves open was fixed beforehand."""
        return RoundOptions(
            rounds=self.rounds,
            decide="model",
            conflicts="as-decided",
            keep="always",
            beta=0.1,
            lr=2e-4,
            batch=8,
            max_pairs=self.pairs,
            max_tokens=120,
            seed=seed,
        )


DOCS = ExperimentScale(
    base_rows=16_000,
    base=Training(epochs=2),
    judge_rows=4_000,
    judge=Training(epochs=1, lr=1e-3, warmup=10),
    train=640,
    validation=200,
    test=500,
    pairs=400,
    rounds=3,
    answer_rows=12_000,
    answering=Training(epochs=2),
    mixed_rows=1_000,
    mixing=Training(epochs=1, lr=1e-3, warmup=10),
    copies=(0, 1, 4, 16, 64),
    asked=400,
    edited_rows=5_000,
    editing=Training(epochs=1),
)
"""The experiments of docs/world.md."""

_QUICK = Training(epochs=1, batch=16, warmup=10, lr=1e-2)

PLUMBING = ExperimentScale(
    base_rows=1_920,
    base=_QUICK,
    judge_rows=128,
    judge=replace(_QUICK, lr=3e-3),
    train=24,
    validation=8,
    test=8,
    pairs=8,
    rounds=1,
    answer_rows=1_280,
    answering=_QUICK,
    mixed_rows=32,
    mixing=_QUICK,
    copies=(0, 1),
    asked=30,
    edited_rows=64,
    editing=_QUICK,
    width=48,
)
"""Seconds: critiques and answers get their form, and little else is learnt."""
