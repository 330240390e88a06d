"""How each judge of a run does against people's labels of the same answers: agreement, and calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hantei.arrays import Doubles, Integers
from hantei.estimates import AgainstPerson, Calibration, ClassAgreement, Estimate, UnsafeAgreement
from hantei.metrics.agreement.draws import kinds_of
from hantei.metrics.agreement.measures import tables
from hantei.metrics.bootstrap import BY_PROMPT, percentile_interval
from hantei.metrics.calibration import calibrated, calibrated_top
from hantei.metrics.classification import macro_f1_of
from hantei.metrics.shares import share_of, unsafe_agreement
from hantei.record_lines import from_line
from hantei.records import ACTIONS, REFUSALS, Judgment
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
PairRows = NDArray[np.void]
"""Integers of ``runs.counting.side_by_side``."""


def against_people(run: Run, index: Index) -> tuple[AgainstPerson, ...]:
    """Return how each judge of a run that is no person does against each person who labelled its answers."""
    judges = index.judges()
    people = [(number, name) for number, name in judges if name.startswith("human:")]
    machines = [(number, name) for number, name in judges if not name.startswith("human:")]
    found = []
    for judge, name in machines:
        for person, whose in people:
            pairs = np.fromiter(side_by_side(index, judge, person), dtype=_PAIR)
            found.append(_against(name, whose, pairs, run.judgments_path(name)))
    return tuple(one for one in found if one is not None)


def _against(judge: str, person: str, pairs: PairRows, file: Path) -> AgainstPerson | None:
    both = {head: (pairs[head] >= 0) & (pairs[f"people_{head}"] >= 0) for head in _SAID}
    either = np.logical_or.reduce(list(both.values()))
    if not either.any():
        return None
    labelled = pairs["people_unsafe"] >= 0
    return AgainstPerson(
        judge=judge,
        against=person,
        n=int(either.sum()),
        no_verdict=int((labelled & (pairs["unsafe"] < 0)).sum()),
        in_training=int(pairs["in_training"][either].sum()),
        unsafe=_unsafe(pairs[both["unsafe"]]),
        p_unsafe=_p_unsafe(pairs[labelled & (pairs["p"] >= 0)]),
        action=_classified("action", pairs[both["action"]], file),
        refusal=_classified("refusal", pairs[both["refusal"]], file),
    )


def _unsafe(both: PairRows) -> UnsafeAgreement | None:
    return unsafe_agreement(both["people_unsafe"] == 1, both["unsafe"] == 1, both["prompt"])


def _p_unsafe(likely: PairRows) -> Calibration | None:
    if not len(likely):
        return None
    return calibrated(likely["p"], likely["people_unsafe"].astype(np.int64), likely["prompt"])


def _classified(head: str, pairs: PairRows, file: Path) -> ClassAgreement | None:
    label, guess = pairs[f"people_{head}"].astype(np.int64), pairs[head].astype(np.int64)
    accuracy = share_of(label == guess, np.ones(len(pairs), dtype=np.bool_), pairs["prompt"])
    if accuracy is None:
        return None
    return ClassAgreement(
        n=len(pairs),
        accuracy=accuracy,
        macro_f1=_macro_f1(label, guess, len(_CLASSES[head]), pairs["prompt"]),
        calibration=_likeliest(head, pairs, file),
    )


def _macro_f1(label: Integers, guess: Integers, classes: int, prompt: Integers) -> Estimate:
    kinds = kinds_of(np.stack([guess, label], axis=1).astype(np.float64), prompt)
    levels = np.arange(classes, dtype=np.float64)

    def of(weights: Doubles) -> Doubles:
        return macro_f1_of(tables(kinds.values[:, 0], kinds.values[:, 1], weights, levels))

    low, high = percentile_interval(np.concatenate([of(weights) for weights in kinds.draws()]))
    return Estimate(value=float(of(kinds.counts[None])[0]), low=low, high=high, n=len(prompt), method=BY_PROMPT)


def _likeliest(head: str, pairs: PairRows, file: Path) -> Calibration | None:
    read = _read_probabilities(head, _drawn_rows(pairs), file)
    if read is None:
        return None
    return replace(calibrated_top(*read), drawn_of=len(pairs) if len(pairs) > MOST_READ else None)


def _drawn_rows(rows: PairRows) -> PairRows:
    """Return at most ``MOST_READ`` rows, drawn at random with the seed 0, in their order."""
    if len(rows) <= MOST_READ:
        return rows
    return rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_READ])]


def _read_probabilities(head: str, pairs: PairRows, file: Path) -> tuple[Doubles, Integers, Integers] | None:
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
