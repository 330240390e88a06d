"""Fitting a judge's probabilities to a user's own labels: the file that ``JUDGE?calibration=FILE`` reads.

Platt's scaling from ten rows of each class; from 300 rows isotonic regression where it predicts better out of fold.
What the calibration is worth is measured on prompts that were left out of each fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from hantei.arrays import Doubles, Flags, Integers
from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.files import AnyPath, cannot_write, write_atomic
from hantei.inputs.label_files import LabelFiles
from hantei.inputs.label_sheet import SheetRow
from hantei.judges.calibrated import FORMAT, FittedCalibration, Scaling, apply, shares_of
from hantei.metrics.bootstrap import BY_PROMPT, bootstrap_counts, percentile_interval
from hantei.metrics.calibration import fit_isotonic
from hantei.metrics.intervals import wilson
from hantei.metrics.scaling import fit_line, logits_of
from hantei.records import ACTIONS, REFUSALS, Head, Judgment
from hantei.runs.folder import Run, load_run
from hantei.runs.labels import PersonLabels, labels_of, lost_rows
from hantei.version import __version__

FEWEST = 10
"""Labelled rows of each class that a scaling needs at least."""

ENOUGH_FOR_STEPS = 300
FOLDS = 5
_BINS = 10
_DRAWS = 500
CLASSES: dict[Head, tuple[str, ...]] = {
    "unsafe": ("safe", "unsafe"),
    "action": tuple(map(str, range(len(ACTIONS)))),
    "refusal": REFUSALS,
}


@dataclass(frozen=True, slots=True)
class LabelledChances:
    """Rows of one head: the judge's probabilities (n, classes); labels, weights and prompts by number (n,)."""

    shares: Doubles
    label: Integers
    weight: Doubles
    prompt: Integers

    def __getitem__(self, rows: Flags) -> LabelledChances:
        return LabelledChances(self.shares[rows], self.label[rows], self.weight[rows], self.prompt[rows])


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted, and what a user must know of it."""

    calibration: FittedCalibration
    notes: tuple[str, ...]


def calibrate(
    path: AnyPath,
    out: str | Path,
    judge: str | None = None,
    labels: str | Path | None = None,
    files: LabelFiles | None = None,
) -> Fitted:
    """Fit a judge's probabilities to a person's labels of the same answers, and write the calibration file.

    Answers on which the judge was trained are left out: it is too sure of them.

    Args:
        path: the run folder with the judge's judgments.
        out: the file to write.
        judge: the judge's name; default the run's only one.
        labels: a file, or ``human:NAME`` of the run; default the run's only person.
        files: how a file of labels is read.

    Raises:
        UsageError: the run lacks either of them or has several, the judge gives no probability of unsafe, or there are
            too few labels.
        InputError: the file of labels cannot be read.
    """
    run = load_run(path)
    name = run.one_judge(judge)
    return _calibrate(run, name, labels_of(run, labels, files or LabelFiles()), Path(out))


def _calibrate(run: Run, judge: str, person: PersonLabels, out: Path) -> Fitted:
    labels = {identity: row for identity, row in person.rows.items() if row.labels.any}
    judged = {one.response_id: one for one in run.judgments(judge) if one.response_id in labels and one.status == "ok"}
    seen = {identity for identity, one in judged.items() if one.in_training}
    fresh = [(one, labels[identity]) for identity, one in judged.items() if identity not in seen]
    prompts = {one.id: one.prompt_id for one in run.responses() if one.id in judged}
    notes = [f"{len(seen):,} labelled answers were left out: {judge} was trained on them"] if seen else []
    notes += lost_rows(person)
    scalings = []
    for head in CLASSES:
        scaling = _scaling(head, fresh, prompts)
        if isinstance(scaling, Scaling):
            scalings.append(scaling)
            notes += _no_better(head, scaling)
        elif head == "unsafe":
            raise UsageError("; ".join([f"{run.path}: {judge} against {person.source}: {scaling}", *notes]))
        else:
            notes.append(f"{head}: not scaled: {scaling}")
    made = FittedCalibration(
        format=FORMAT,
        hantei=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        judge=judge,
        card_hash=fresh[0][0].card_hash or "",
        labels=person.who,
        scalings=tuple(scalings),
    )
    _write(out, made)
    return Fitted(made, tuple(notes))


def _no_better(head: Head, scaling: Scaling) -> list[str]:
    """Return a note where the scaling predicts prompts that it has not seen no better than the judge did before."""
    accuracy, error = scaling.accuracy.value, scaling.error.value
    before, error_before = scaling.accuracy_before.value, scaling.error_before.value
    if accuracy is None or error is None or before is None or error_before is None:
        return []
    if accuracy > before or error < error_before:
        return []
    return [f"{head}: no better than the judge as it is, on prompts left out of the fit: label more, or leave it"]


def _write(out: Path, made: FittedCalibration) -> None:
    try:
        write_atomic(out, [msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"])
    except OSError as error:
        raise UsageError(cannot_write(out, error)) from None


def _scaling(head: Head, rows: Sequence[tuple[Judgment, SheetRow]], prompts: dict[str, str]) -> Scaling | str:
    """Return how a head is scaled, or why it cannot be."""
    classes = CLASSES[head]
    found = _labelled(head, rows, prompts)
    if found is None:
        return f"no labelled answer has both a label and a probability of the judge for {head}"
    counts = Counter(classes[number] for number in found.label.tolist())
    free = np.array([counts[name] >= FEWEST for name in classes])
    if free.sum() < 2:
        has = ", ".join(f"{counts[name]} {name}" for name in classes if counts[name] or head == "unsafe")
        return f"expected at least {FEWEST} labelled answers of each of two classes, found {has}: label more of them"
    if len(np.unique(found.prompt)) < 2:
        return "expected labelled answers to at least two prompts, found one"
    fits = [_line_fit(head, free)]
    if head == "unsafe" and len(found.label) >= ENOUGH_FOR_STEPS:
        fits.append(_steps_fit)
    folded = [_out_of_fold(fit, found) for fit in fits]
    best = int(np.argmin([_log_loss(shares, found) for shares in folded]))
    return _measured(fits[best](found), found, folded[best], {name: counts[name] for name in classes})


def _labelled(head: Head, rows: Sequence[tuple[Judgment, SheetRow]], prompts: dict[str, str]) -> LabelledChances | None:
    classes = CLASSES[head]
    kept = []
    for judgment, label in rows:
        said, shares = getattr(label.labels, head), shares_of(judgment, head, classes)
        if said is not None and shares is not None:
            number = int(said) if head != "refusal" else classes.index(said)
            kept.append((shares, number, 1 / (label.sampling_p or 1.0), prompts[judgment.response_id]))
    if not kept:
        return None
    shares_, numbers, weights, ids = zip(*kept, strict=True)
    return LabelledChances(
        np.array(shares_), np.array(numbers), np.array(weights), np.unique(ids, return_inverse=True)[1].astype(np.int64)
    )


FitScaling = Callable[[LabelledChances], Scaling]
_UNKNOWN = Estimate(value=None)


def _line_fit(head: Head, free: Flags) -> FitScaling:
    def fit(rows: LabelledChances) -> Scaling:
        line = fit_line(logits_of(rows.shares), rows.label, rows.weight, free)
        return _plain(head, kind="line", slope=line.slope, intercepts=line.intercepts)

    return fit


def _steps_fit(rows: LabelledChances) -> Scaling:
    knots = fit_isotonic(rows.shares[:, 1], rows.label, rows.weight)
    return _plain("unsafe", kind="steps", knots=tuple((low, high) for low, high in knots.tolist()))


def _plain(head: Head, **fitted: object) -> Scaling:
    unknown = dict.fromkeys(("accuracy_before", "accuracy", "error_before", "error"), _UNKNOWN)
    return msgspec.convert({"head": head, "classes": CLASSES[head], "n": {}, **unknown, **fitted}, Scaling)


def _out_of_fold(fit: FitScaling, rows: LabelledChances) -> Doubles:
    """Return the probabilities that each row gets from a fit on other prompts."""
    groups = int(rows.prompt.max()) + 1
    fold = (np.random.default_rng(0).permutation(groups) % min(FOLDS, groups))[rows.prompt]
    out = np.empty(rows.shares.shape)
    for held in range(min(FOLDS, groups)):
        out[fold == held] = apply(fit(rows[fold != held]), rows.shares[fold == held])
    return out


def _log_loss(shares: Doubles, rows: LabelledChances) -> float:
    return float(np.average(-logits_of(shares)[np.arange(len(rows.label)), rows.label], weights=rows.weight))


def _measured(scaling: Scaling, rows: LabelledChances, folded: Doubles, counts: dict[str, int]) -> Scaling:
    return replace(
        scaling,
        n=counts,
        accuracy_before=_accuracy(rows.shares, rows),
        accuracy=_accuracy(folded, rows),
        error_before=_error(rows.shares, rows),
        error=_error(folded, rows),
    )


def _accuracy(shares: Doubles, rows: LabelledChances) -> Estimate:
    """Return the weighted share of rows whose likeliest class is the label; rows of one prompt count as one."""
    right = float(np.average(shares.argmax(axis=1) == rows.label, weights=rows.weight))
    kish = float(rows.weight.sum() ** 2 / (rows.weight**2).sum())
    n = min(kish, float(rows.prompt.max() + 1))
    low, high = wilson(right * n, n)
    return Estimate(value=right, low=low, high=high, n=n, method="wilson on the effective number of prompts")


def _error(shares: Doubles, rows: LabelledChances) -> Estimate:
    """Return the calibration error of the likeliest class, or of unsafe where there are two; drawn by prompt."""
    binary = shares.shape[1] == 2
    chance = shares[:, 1] if binary else shares.max(axis=1)
    hit = rows.label if binary else (shares.argmax(axis=1) == rows.label).astype(np.int64)
    value = _weighted_error(hit, chance, rows.weight)
    low, high = percentile_interval(
        [_weighted_error(hit, chance, rows.weight * times) for times in bootstrap_counts(rows.prompt, _DRAWS)]
    )
    groups = int(rows.prompt.max()) + 1
    return Estimate(value=value, low=min(low, value), high=high, n=groups, method=BY_PROMPT)


def _weighted_error(hit: Integers, chance: Doubles, weight: Doubles) -> float:
    place = np.minimum((chance * _BINS).astype(np.int64), _BINS - 1)
    return float(np.abs(np.bincount(place, weight * (hit - chance), _BINS)).sum() / weight.sum())
