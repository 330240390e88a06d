"""What judges of the world are worth on test dialogues, dialogue by dialogue, and over several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hantei.arrays import Doubles
from hantei.critiques.scoring import item_scores
from hantei.estimates import Estimate
from hantei.metrics.bootstrap import percentile_interval
from hantei.training.preferences import Dialogue, RoundOptions
from hantei.training.preferences.measuring import check
from hantei.training.preferences.writing import Written, write_critiques
from hantei.training.world.checker import WorldChecker
from hantei.training.world.critiques import unit_of
from hantei.training.world.form import WorldForm

MEASURES = ("precision", "recall", "f1", "units", "unparsed", "unknown", "accuracy", "tokens")
"""Of each reply: the units' three scores and their number, whether the reply could not be read, sentences that are no
unit, whether the label is right, tokens. A reply that could not be read has no unit, scores 0, and a wrong label."""

Tested = dict[str, Doubles]
"""``MEASURES`` by name, each with a number for every dialogue."""

DRAWS = 2000
BY_BOTH = "percentiles of drawing seeds and dialogues again"


def tested(judge: Path, dialogues: Sequence[Dialogue], options: RoundOptions, file: Path) -> Tested:
    """Return what a judge is worth, from one reply to each dialogue, drawn at the temperature of the rounds.

    Args:
        judge: its folder.
        dialogues: with their reference units.
        options: temperature, length and seed.
        file: where its replies are kept.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    return measures(dialogues, write_critiques(judge, dialogues, WorldForm(), options, file))


def measures(dialogues: Sequence[Dialogue], written: Sequence[Written]) -> Tested:
    """Return ``MEASURES`` of replies, one to each dialogue."""
    checked = check("judge", dialogues, written, WorldChecker())
    precision, recall, f1 = np.nan_to_num(item_scores(checked, "robust"), nan=0.0)
    unknown = [
        sum(unit_of(unit.text, dialogue.language) is None for unit in one.units)
        for dialogue, one in zip(dialogues, checked, strict=True)
    ]
    found = (
        *(precision, recall, f1, [len(one.units) for one in checked]),
        *([not one.reading.parsed for one in written], unknown),
        [one.unsafe == dialogue.unsafe for dialogue, one in zip(dialogues, written, strict=True)],
        [one.output_tokens for one in written],
    )
    return {name: np.asarray(values, dtype=float) for name, values in zip(MEASURES, found, strict=True)}


def over_seeds(values: Sequence[Doubles]) -> Estimate:
    """Return the mean over seeds and dialogues, its interval from drawing both again.

    Args:
        values: for each seed, a number for every dialogue, nan where there is none; all seeds have the same dialogues.
    """
    table = np.array(values)
    known, filled = ~np.isnan(table), np.nan_to_num(table)
    if not known.any():
        return Estimate(value=None, method=BY_BOTH)
    (seeds, dialogues), rng = table.shape, np.random.default_rng(0)
    by_seed = rng.multinomial(seeds, np.full(seeds, 1 / seeds), DRAWS)
    by_dialogue = rng.multinomial(dialogues, np.full(dialogues, 1 / dialogues), DRAWS)
    sums, weights = (((by_seed @ one) * by_dialogue).sum(axis=1) for one in (filled, known))
    low, high = percentile_interval(sums[weights > 0] / weights[weights > 0])  # few dialogues may all be left out
    return Estimate(value=float(filled[known].mean()), low=low, high=high, n=int(known.sum()), method=BY_BOTH)
