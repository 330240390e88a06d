"""The first judges of the world: a base trained from nothing on noisy critiques, and M1 and M2 tuned from it."""

from __future__ import annotations

from pathlib import Path

from hantei.training.world.critiques import CORRUPT
from hantei.training.world.dialogues import dialogues
from hantei.training.world.rows import judge_rows
from hantei.training.world.scale import ExperimentScale
from hantei.training.world.sft import loaded, train
from hantei.training.world.tokens import make_model, make_tokenizer

NOISE = (0.3, CORRUPT)
"""How much of the critiques that M1 and M2 are tuned on is wrong: of two judges alike neither is the better one."""


def first_judges(out: Path, scale: ExperimentScale, seed: int) -> tuple[Path, Path]:
    """Return the folders of M1 and M2, each tuned on dialogues of its own; what is there is not trained again.

    Args:
        out: what their folders lie in.
        scale: how many dialogues, and how they are trained on.
        seed: decides dialogues, noise and weights.
    """
    rows = judge_rows(dialogues(scale.base_rows, "train", 10 * seed), 10 * seed)
    tokenizer = make_tokenizer()
    base = train(make_model(tokenizer, seed, scale.width), tokenizer, rows, out / "base", scale.base, seed)
    one, two = (
        _tuned(base, out / f"M{number}", scale, 10 * seed + number, corrupt) for number, corrupt in enumerate(NOISE, 1)
    )
    return one, two


def _tuned(base: Path, out: Path, scale: ExperimentScale, seed: int, corrupt: float) -> Path:
    rows = judge_rows(dialogues(scale.judge_rows, "train", seed), seed, corrupt)
    return train(*loaded(base), rows, out, scale.judge, seed)
