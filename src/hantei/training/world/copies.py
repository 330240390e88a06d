"""The curve of safety copies on the world: harm goes down, over-refusal up?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hantei.arrays import Doubles
from hantei.progress import Say
from hantei.training.sweep import STEPS, StepRule
from hantei.training.world.answering import answers, asked, general, rates, safety
from hantei.training.world.scale import ExperimentScale
from hantei.training.world.sft import loaded, train
from hantei.training.world.tokens import make_model, make_tokenizer

Curve = dict[tuple[StepRule, int], dict[str, Doubles]]
"""Rates by arm and copies: for each name of ``answering.RATES`` a number for every answer."""


def answering_base(out: Path, scale: ExperimentScale, seed: int) -> Path:
    """Return the folder of a model trained from nothing on general conversations.

    It answers whatever it is asked and declines a tenth of it whatever that is, so that it has the words to decline.

    Args:
        out: what the folder lies in.
        scale: how many conversations, and how they are trained on.
        seed: decides conversations and weights.
    """
    tokenizer, rows = make_tokenizer(), general(scale.answer_rows, 10 * seed, refused=0.1)
    return train(make_model(tokenizer, seed, scale.width), tokenizer, rows, out / "answering", scale.answering, seed)


def copies_curve(base: Path, out: Path, scale: ExperimentScale, seed: int, say: Say = lambda _line: None) -> Curve:
    """Return the rates of a model tuned with each number of copies of the safety data, by arm and copies.

    Args:
        base: the model that is tuned.
        out: what the tuned models' folders lie in.
        scale: numbers of copies, and how the models are tuned.
        seed: decides conversations and order.
        say: takes lines for people.
    """
    mixtures = {copies: [*general(scale.mixed_rows, 10 * seed + 1), *safety(seed) * copies] for copies in scale.copies}
    steps = {copies: -(-len(rows) // scale.mixing.batch) for copies, rows in mixtures.items()}
    prompts, options = asked(tested=True, seed=0, most=scale.asked), scale.options(seed)
    found: Curve = {}
    for arm in STEPS:
        for copies, rows in mixtures.items():
            if arm == "equal" and steps[copies] == max(steps.values()):
                found[arm, copies] = found["as they come", copies]  # it is the same training
                continue
            folder = out / f"{arm.replace(' ', '-')}-{copies}"
            say(f"seed {seed}, {copies} copies, steps {arm}")
            training = scale.mixing if arm == "as they come" else replace(scale.mixing, steps=max(steps.values()))
            tuned = train(*loaded(base), rows, folder, training, seed)
            found[arm, copies] = rates(answers(tuned, prompts, options, folder / "answers.jsonl"))
    return found
