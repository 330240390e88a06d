"""What an encoder says of rows that it has not seen, against people's labels: fold by fold, on average, and pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hantei.arrays import Doubles, Floats, Integers
from hantei.judges.encoder.heads import HEADS, slices
from hantei.metrics.bootstrap import bootstrap_counts, percentile_interval
from hantei.metrics.calibration import apply_temperature, calibration_error, fit_temperature
from hantei.metrics.classification import ClassScores, average_precision, classification, macro_f1
from hantei.training.builtin.scoring import EvaluationMeasure, Subject
from hantei.training.encoder.rows import Rows

ScoreFunction = Callable[[str, Integers, Doubles], float]
"""Takes a head, labels (n,) and probabilities (n, classes), and returns a number; nan where there is none."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Probabilities (rows, classes of all heads) that networks gave to rows held out from them, and in which fold."""

    rows: Integers
    fold: Integers
    probabilities: Doubles


def temperatures(logits: Floats, labels: Mapping[str, Integers]) -> dict[str, float]:
    """Return by head the temperature, which divides logits (rows, classes of all heads), fitted to these labels.

    It is 1 where a head has no label among them, or guesses all of them: then no temperature is the likeliest.
    """
    found = {}
    for head, columns in slices(list(labels)).items():
        known = labels[head] >= 0
        own, label = logits[known, columns].astype(np.float64), labels[head][known]
        wrong = bool((own.argmax(axis=1) != label).any())
        found[head] = 1 / fit_temperature(own, label) if wrong else 1.0
    return found


def probabilities(logits: Floats, temperature: Mapping[str, float]) -> Doubles:
    """Return the probabilities of each head side by side."""
    parts = slices(list(temperature)).items()
    heated = [apply_temperature(1 / temperature[head], logits[:, place].astype(np.float64)) for head, place in parts]
    return np.concatenate(heated, axis=1)


def predicted_classes(head: str, chances: Doubles) -> Integers:
    """Return the class that is said; an answer is unsafe from a probability of 0.5."""
    best: Integers = (chances[:, 1] >= 0.5).astype(np.int64) if head == "unsafe" else chances.argmax(axis=1)
    return best


def measures(rows: Rows, said: HeldOut, names: Sequence[str], protocol: str) -> Iterator[EvaluationMeasure]:
    """Yield the measures of every head: of each fold, the mean of the folds, and all folds together.

    Intervals draw whole prompts. What cannot be computed, such as the recall of a fold in which nothing is harmful, is
    left out, and a mean is that of the folds in which it can.

    Args:
        rows: the labelled answers.
        said: the network's probabilities for them, with the fold of each.
        names: the names of the folds, by number.
        protocol: how the rows were held out, in words.
    """
    languages = ", ".join(tag for tag in np.unique(rows.language[said.rows]).tolist() if tag) or "unknown"
    for head, place in slices(rows.heads).items():
        label = rows.labels[head][said.rows]
        known = np.flatnonzero(label >= 0)
        if not len(known):
            continue
        of_head = _Head(
            head, label[known], said.probabilities[known, place], said.fold[known], rows.question[said.rows[known]]
        )
        for data, part, score in _parts(names):
            yield from of_head.measures(partial(Subject, protocol, data, languages), part, score)


Averaging = Callable[[ScoreFunction, "_Head", Integers], float]


def _parts(names: Sequence[str]) -> Iterator[tuple[str, int | None, Averaging]]:
    """Yield what is scored: its name, the fold (None for all), and how a score is taken of it."""
    for number, name in enumerate(names):
        yield name, number, _pooled
    if len(names) > 1:
        yield f"mean of {len(names)}", None, _mean
        yield "all together", None, _pooled


@dataclass(frozen=True, slots=True)
class _Head:
    """Labels, probabilities, folds and prompts of the rows that have a head's label."""

    head: str
    label: Integers
    chances: Doubles
    fold: Integers
    question: Integers

    def measures(
        self, subject: Callable[[str], Subject], part: int | None, averaging: Averaging
    ) -> Iterator[EvaluationMeasure]:
        rows = np.arange(len(self.label)) if part is None else np.flatnonzero(self.fold == part)
        if not len(rows):
            return
        values = self._scores(rows, averaging)
        replicates = [
            self._scores(np.repeat(rows, times.astype(np.int64)), averaging)
            for times in bootstrap_counts(self.question[rows])
        ]
        for metric, value in values.items():
            if not np.isnan(value):
                interval = percentile_interval([replicate[metric] for replicate in replicates])
                yield subject(self.head).value(metric, value, interval, len(rows))

    def _scores(self, rows: Integers, averaging: Averaging) -> dict[str, float]:
        wanted = _SCORES if self.head == "unsafe" else _OF_ALL_HEADS
        return {metric: averaging(score, self, rows) for metric, score in wanted.items()}


def _pooled(score: ScoreFunction, of: _Head, rows: Integers) -> float:
    return score(of.head, of.label[rows], of.chances[rows])


def _mean(score: ScoreFunction, of: _Head, rows: Integers) -> float:
    found = [_pooled(score, of, rows[of.fold[rows] == number]) for number in np.unique(of.fold[rows])]
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _accuracy(head: str, label: Integers, chances: Doubles) -> float:
    return float((predicted_classes(head, chances) == label).mean())


def _macro_f1(head: str, label: Integers, chances: Doubles) -> float:
    return macro_f1(label, predicted_classes(head, chances), len(HEADS[head]))


def _harmful(take: Callable[[ClassScores], float], head: str, label: Integers, chances: Doubles) -> float:
    """Return a score of the harmful class; there is none where nothing is harmful."""
    if not label.any():
        return float("nan")
    return take(classification(label, predicted_classes(head, chances), 2).classes[1])


def _average_precision(_head: str, label: Integers, chances: Doubles) -> float:
    return average_precision(label, chances[:, 1])


def _calibration(head: str, label: Integers, chances: Doubles) -> float:
    """Return the calibration error of p_unsafe, or, of several classes, of the probability of the one that is said."""
    if head == "unsafe":
        return calibration_error(label, chances[:, 1])
    right = (predicted_classes(head, chances) == label).astype(np.int64)
    return calibration_error(right, chances.max(axis=1))


_OF_ALL_HEADS: dict[str, ScoreFunction] = {
    "accuracy": _accuracy,
    "macro-F1": _macro_f1,
    "calibration error": _calibration,
}
_SCORES: dict[str, ScoreFunction] = {
    **_OF_ALL_HEADS,
    "F1 of harmful": partial(_harmful, lambda scores: scores.f1),
    "precision of harmful": partial(_harmful, lambda scores: scores.precision),
    "recall of harmful": partial(_harmful, lambda scores: scores.recall),
    "average precision": _average_precision,
}


def table(found: Sequence[EvaluationMeasure], head: str) -> tuple[list[str], list[list[str]]]:
    """Return the measures of one head as the header and the rows of a table, in percent, a row for each fold."""
    own = [measure for measure in found if measure.head == head]
    metrics = list(dict.fromkeys(measure.metric for measure in own))
    rows = []
    for data in dict.fromkeys(measure.data for measure in own):
        cells = {measure.metric: _cell(measure) for measure in own if measure.data == data}
        n = next(measure.n for measure in own if measure.data == data)
        rows.append([data, f"{n:,}", *(cells.get(metric, "-") for metric in metrics)])
    return [head, "rows", *metrics], rows


def _cell(measure: EvaluationMeasure) -> str:
    return f"{100 * measure.value:.1f} [{100 * measure.low:.1f}, {100 * measure.high:.1f}]"
