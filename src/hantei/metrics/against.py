"""How each judge of a run does against people's labels of the same answers: agreement, and calibration.

Everything is plain data for ``summary.json``: a dictionary for each judge and person, with

- ``judge``, ``against``, ``n`` (answers of which both said something), ``no_verdict`` (labelled answers that the judge
  calls neither unsafe nor safe) and ``in_training`` (how many of the n the judge was trained on);
- ``unsafe``: ``base_rate`` (what people call unsafe), ``accuracy``, and ``precision``, ``recall`` and ``f1`` of unsafe;
- ``p_unsafe``: the calibration of the judge's probability of unsafe;
- ``action`` and ``refusal``: ``n``, ``accuracy``, ``macro_f1``, and the ``calibration`` of the probability of the
  likeliest, with ``drawn_of`` where only a draw of so many rows was read.

A calibration has ``n``, ``factor`` (see ``metrics.calibration.Calibration``) and up to three readings: ``before``,
``after_temperature`` and ``after_isotonic``, the latter two out of fold.

A number is ``{"value", "low", "high"}`` with its 95% interval, and ``k`` and ``n`` where it is a share. What cannot be
measured is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hantei.arrays import Doubles, Flags, Integers
from hantei.metrics.bootstrap import drawn
from hantei.metrics.calibration import Calibration, Reading, calibrated, calibrated_top
from hantei.metrics.intervals import Moments, interval
from hantei.records import ACTIONS, REFUSALS, Judgment, from_line
from hantei.runs.counting import side_by_side
from hantei.runs.folder import Run
from hantei.runs.index import Index

MOST_READ = 20_000
"""Judgments of which the probabilities of a head are read from their file, drawn at random where there are more."""

_CLASSES = {"action": tuple(map(str, range(len(ACTIONS)))), "refusal": REFUSALS}
"""The heads of several classes, and the labels by which ``Judgment.probabilities`` has them."""

_SAID = ("unsafe", "action", "refusal")
_PAIR = np.dtype(
    [
        *(("prompt", np.int64), ("offset", np.int64), ("in_training", np.bool_), ("p", np.float64)),
        *((head, np.int8) for head in _SAID),
        *((f"people_{head}", np.int8) for head in _SAID),
    ]
)
Pairs = NDArray[np.void]
"""Integers of ``runs.counting.side_by_side``."""


def against_people(run: Run, index: Index) -> tuple[dict[str, Any], ...]:
    """Return how each judge of a run that is no person does against each person who labelled its answers."""
    judges = index.judges()
    people = [(number, name) for number, name in judges if name.startswith("human:")]
    machines = [(number, name) for number, name in judges if not name.startswith("human:")]
    found = []
    for judge, name in machines:
        for person, whose in people:
            pairs = np.fromiter(side_by_side(index, judge, person), dtype=_PAIR)
            said = _against(pairs, run.judgments_path(name))
            if said:
                found.append({"judge": name, "against": whose, **said})
    return tuple(found)


def _against(pairs: Pairs, file: Path) -> dict[str, Any]:
    both = {head: (pairs[head] >= 0) & (pairs[f"people_{head}"] >= 0) for head in _SAID}
    either = np.logical_or.reduce(list(both.values()))
    if not either.any():
        return {}
    labelled = pairs["people_unsafe"] >= 0
    said: dict[str, Any] = {
        "n": int(either.sum()),
        "no_verdict": int((labelled & (pairs["unsafe"] < 0)).sum()),
        "in_training": int(pairs["in_training"][either].sum()),
    }
    if both["unsafe"].any():
        said["unsafe"] = _unsafe(pairs[both["unsafe"]])
    likely = pairs[labelled & (pairs["p"] >= 0)]
    if len(likely):
        found = calibrated(likely["p"], likely["people_unsafe"].astype(np.int64), likely["prompt"])
        said["p_unsafe"] = _calibration(found)
    said |= {head: _classified(head, pairs[both[head]], file) for head in _CLASSES if both[head].any()}
    return said


def _unsafe(both: Pairs) -> dict[str, Any]:
    label, guess, prompt = both["people_unsafe"] == 1, both["unsafe"] == 1, both["prompt"]
    everything = np.ones(len(both), dtype=np.bool_)
    hit = label & guess
    return {
        "base_rate": _share(label, everything, prompt),
        "accuracy": _share(label == guess, everything, prompt),
        "precision": _share(hit, guess, prompt),
        "recall": _share(hit, label, prompt),
        "f1": _f1(_share(hit, label | guess, prompt)),
    }


def _f1(overlap: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return F1 from the share of hits among the rows that are labelled or guessed: it rises with it, as 2J / (1 + J).

    So it has the interval of a share, which does not collapse where every guess is right.
    """
    if overlap is None:
        return None
    return {key: 2 * overlap[key] / (1 + overlap[key]) for key in ("value", "low", "high")}


def _share(hit: Flags, counted: Flags, prompt: Integers) -> dict[str, Any] | None:
    """Return the share of ``hit`` among ``counted`` rows, its interval by prompt; None where nothing is counted."""
    if not counted.any():
        return None
    _, number = np.unique(prompt, return_inverse=True)
    n = np.bincount(number, counted).astype(np.int64)
    k = np.bincount(number, hit & counted).astype(np.int64)
    sums = (int((n > 0).sum()), int(n.sum()), int(k.sum()), int(n @ n), int(k @ n), int(k @ k))
    moments = Moments(*sums)
    low, high = interval(moments)
    return {"value": moments.k / moments.n, "low": low, "high": high, "k": moments.k, "n": moments.n}


def _drawn(statistic: Callable[[Doubles], float], prompt: Integers) -> dict[str, Any]:
    """Return a statistic of how often each row is taken, its interval by drawing prompts."""
    low, high = np.percentile([statistic(times) for times in drawn(prompt)], (2.5, 97.5)).tolist()
    return {"value": statistic(np.ones(len(prompt))), "low": low, "high": high}


def _classified(head: str, pairs: Pairs, file: Path) -> dict[str, Any]:
    classes = len(_CLASSES[head])
    label, guess = pairs[f"people_{head}"].astype(np.int64), pairs[head].astype(np.int64)
    place = label * classes + guess

    def macro_f1(times: Doubles) -> float:
        table = np.bincount(place, times, classes**2).reshape(classes, classes)
        both_ways = table.sum(axis=0) + table.sum(axis=1)
        seen = both_ways > 0
        return float((2 * np.diag(table)[seen] / both_ways[seen]).mean())

    said: dict[str, Any] = {
        "n": len(pairs),
        "accuracy": _share(label == guess, np.ones(len(pairs), dtype=np.bool_), pairs["prompt"]),
        "macro_f1": _drawn(macro_f1, pairs["prompt"]),
    }
    read = _read_probabilities(head, _drawn_rows(pairs), file)
    if read is not None:
        said["calibration"] = _calibration(calibrated_top(*read))
        if len(pairs) > MOST_READ:
            said["calibration"]["drawn_of"] = len(pairs)
    return said


def _drawn_rows(rows: Pairs) -> Pairs:
    """Return at most ``MOST_READ`` rows, drawn at random with the seed 0, in their order."""
    if len(rows) <= MOST_READ:
        return rows
    return rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_READ])]


def _read_probabilities(head: str, pairs: Pairs, file: Path) -> tuple[Doubles, Integers, Integers] | None:
    """Return the probabilities of a head (n, classes), people's labels and the prompts; None where there are none."""
    rows = np.full((len(pairs), len(_CLASSES[head])), np.nan)
    with file.open("rb") as lines:
        for row, offset in enumerate(pairs["offset"].tolist()):
            lines.seek(offset)
            shares = from_line(Judgment, lines.readline()).probabilities.get(head)
            if shares:
                rows[row] = [shares.get(name, 0.0) for name in _CLASSES[head]]
    given = ~np.isnan(rows).any(axis=1)
    kept = pairs[given]
    return (rows[given], kept[f"people_{head}"].astype(np.int64), kept["prompt"]) if len(kept) else None


def _calibration(found: Calibration) -> dict[str, Any]:
    readings: Mapping[str, Reading | None] = {
        "before": found.before,
        "after_temperature": found.temperature,
        "after_isotonic": found.isotonic,
    }
    kept = {name: asdict(reading) for name, reading in readings.items() if reading is not None}
    return {"n": found.n, "factor": found.factor, **kept}
