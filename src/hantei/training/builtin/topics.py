"""Of which topics the judge knows what it is worth, and whether it notices others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hantei.arrays import Integers
from hantei.judges.builtin.encoder import WIDTH, Vectors
from hantei.judges.drift import ENOUGH
from hantei.judges.topics import LIMIT, Embed, Spread, Topics
from hantei.training.builtin.evaluate import EvaluationData
from hantei.training.builtin.labels import TrainingLabels, distinct
from hantei.training.builtin.left_out import TOGETHER, source_names
from hantei.training.builtin.measure_only import measured_rows
from hantei.training.builtin.row import TrainingRow
from hantei.training.builtin.scoring import EvaluationMeasure, Subject

_PROTOCOL = "asked about other topics"
_HALVINGS = 100


def topics_of(rows: Iterable[TrainingRow], data: Path, embed: Embed) -> Topics:
    """Return the topics of the answered training rows and of the sets under ``data`` that are measured only."""
    return Topics.build(_prompts(rows, data), embed)


def _prompts(rows: Iterable[TrainingRow], data: Path) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        if row.response is not None and not row.asked:
            yield row.source, row.language, row.prompt
    for name, measured in measured_rows(data):
        for row in measured:
            yield name, row.language, row.prompt


def topic_measures(data: EvaluationData) -> Iterator[EvaluationMeasure]:
    """Yield how many sources left out are noticed, and how many random halves of known sources are mistaken.

    A source is left out with those that ``TOGETHER`` puts beside it. A half is compared with the other half of its
    source, where each has enough prompts.
    """
    labels = data.labels
    names = source_names(labels)
    answered = np.flatnonzero(labels.answered & data.usable & ~labels.framed)
    asked = {name: _asked(labels, answered[names[answered] == name]) for name in sorted(set(names[answered].tolist()))}
    vectors = {name: data.matrix.prompts[rows, :WIDTH] for name, rows in asked.items() if len(rows) >= ENOUGH}
    spreads = {name: Spread.of(found) for name, found in vectors.items()}
    language = {name: str(labels.language[asked[name][0]]) for name in vectors}
    unlike = []
    for name, spread in spreads.items():
        beside = next((group for group in TOGETHER if name in group), (name,))
        others = [spreads[one] for one in spreads if one not in beside and language[one] == language[name]]
        unlike.append(min((spread.apart(other) for other in others), default=np.inf) > LIMIT)
    yield Subject(_PROTOCOL, "sources left out", "all", "prompt").share("noticed", np.array(unlike), 0.9)
    random = np.random.default_rng(0)
    large = [found for found in vectors.values() if len(found) >= 2 * ENOUGH]
    halves = np.array([_halved(found, random) for found in large for _ in range(_HALVINGS)])
    yield Subject(_PROTOCOL, "halves of known sources", "all", "prompt").share("taken for known", halves <= LIMIT, 0.98)


def _asked(labels: TrainingLabels, rows: Integers) -> Integers:
    return distinct(rows, labels.question)


def _halved(vectors: Vectors, random: np.random.Generator) -> float:
    order = random.permutation(len(vectors))
    return Spread.of(vectors[order[::2]]).apart(Spread.of(vectors[order[1::2]]))
