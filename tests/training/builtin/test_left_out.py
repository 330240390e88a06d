from __future__ import annotations

import numpy as np

from hantei.judges.builtin.weights import Heads
from hantei.training.builtin.evaluate import Predictions
from hantei.training.builtin.labels import labels_of
from hantei.training.builtin.left_out import _thresholds
from hantei.training.builtin.row import TrainingRow


def test_a_threshold_surely_marks_less_than_the_floor_and_few_prompts_have_none_of_their_own() -> None:
    shape = (("en", "pandalm", 1000), ("ja", "rakuda", 40), ("zh", "belle-eval", 1000))
    rows = [
        TrainingRow(
            source=source, language=language, prompt=f"{language} {n}", response="a", unsafe=False, intent=False
        )
        for language, source, count in shape
        for n in range(count)
    ]
    labels = labels_of(rows)
    # log odds 0 to 0.999 in English, 1 higher in Chinese; Japanese answers have fewer prompts than it takes
    odds = np.concatenate([np.arange(1000) / 1000, np.full(40, 9.0), 1 + np.arange(1000) / 1000])
    chance = 1 / (1 + np.exp(-odds))
    empty = np.zeros((len(rows), 0))
    said = Predictions(np.arange(len(rows)), Heads(chance, empty, empty, empty, chance))
    usual, strict = _thresholds(labels, said, said)
    marked = (odds[:, None] >= usual).astype(int)
    # Wilson's upper limit of 19 of 1,000 is 2.95%, of 20 3.07%; the threshold is rounded
    assert marked[:1000, 0].sum() in (19, 20)
    assert marked[1040:, 2].sum() in (19, 20)
    assert usual[1] == usual[2]
    assert (strict >= usual).all()
    assert (strict == np.maximum(usual, np.round(np.quantile(odds, 0.95), 3))).all()
