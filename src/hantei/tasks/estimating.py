"""Estimating a violation rate: a run's verdicts, people's labels of some answers, and how these were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from msgspec.structs import replace

from hantei.arrays import Doubles, Flags, Integers
from hantei.cards import did_you_mean, one_of
from hantei.errors import UsageError
from hantei.files import AnyPath
from hantei.inputs.label_files import CHANCE, LabelFiles
from hantei.inputs.label_sheet import SheetRow
from hantei.judges.base import CALIBRATION, split_setting
from hantei.metrics.definitions import RISKY
from hantei.metrics.error_budget import error_budget
from hantei.metrics.estimation import ESTIMANDS, Estimand, LabelFold, RateEstimate, Verdicts, WeightedLabels, estimated
from hantei.metrics.scaling import apply_line, fit_line, logits_of
from hantei.records import CountingRule
from hantei.runs.counting import verdicts_on_answers
from hantei.runs.folder import Run, load_run
from hantei.runs.labels import PersonLabels, is_person, labels_of, lost_rows

LabelsAre = Literal["random", "all"]
_FOLDS = 2
_FEWEST_TO_FIT = 10
_SURELY = 2
_NONE = 2


@dataclass(frozen=True, slots=True)
class CountedAnswers:
    """The answers that a violation rate counts, in input order: ids, numbers of their prompts, a judge's word."""

    ids: list[str]
    prompt: Integers
    verdicts: Verdicts


def estimate(
    path: AnyPath,
    labels: str | Path | None = None,
    judge: str | None = None,
    labels_are: LabelsAre | None = None,
    estimand: Estimand = "population",
    system: str | None = None,
    precision: float | None = None,
    files: LabelFiles | None = None,
) -> RateEstimate:
    """Return a violation rate from a judge's verdicts on all answers and people's labels of some of them.

    Only what the labels say makes it a violation rate: a bad judge leaves it right, and wide.

    Args:
        path: the run folder.
        labels: a file with the columns ``response_id``, ``unsafe`` and ``sampling_p``, or ``human:NAME`` of the run;
            default the run's only person.
        judge: the judge's name; default the run's only one.
        labels_are: how the labelled answers were chosen where no ``sampling_p`` says it: ``random``, each with the same
            chance, or ``all`` of them.
        estimand: ``population``, all prompts that these stand for, or ``answers``, exactly these answers.
        system: the rate of this system's answers; default all of them.
        precision: half width for which the number of labels is wanted, as a share: 0.02 is two points.
        files: how a file of labels is read.

    Raises:
        UsageError: no such run, judge, labels or system, or nothing says how the labelled answers were chosen.
        InputError: the file of labels cannot be read.
    """
    run = load_run(path)
    if estimand not in ESTIMANDS:
        raise UsageError(f"--of {estimand}: {one_of(estimand, ESTIMANDS)}")
    if labels_are is not None and labels_are not in get_args(LabelsAre):
        hint = did_you_mean(labels_are, get_args(LabelsAre))
        raise UsageError(f"--labels-are {labels_are}: expected random (each with the same chance) or all{hint}")
    name = run.one_judge(judge)
    answers = answers_of(run, name, system)
    person = labels_of(run, labels, files or LabelFiles())
    if labels_are is None and (labels is None or is_person(labels)):
        person, beside_draw = _drawn(person)
    else:
        beside_draw = []
    rows = _counted(person, answers)
    found = _labelled(person.source, rows, labels_are, len(answers.ids))
    folds, notes = _folds(run, name, system, found, answers.prompt)
    notes += [*lost_rows(person), *beside_draw, *_said(person, rows, found, len(answers.ids))]
    made = estimated(name, answers.verdicts, found, answers.prompt, estimand, folds, precision)
    budget = error_budget(made.rate, _by_judge(run, made, system, found), _filled(made, rows, answers, found))
    return replace(made, budget=budget, notes=tuple(notes))


def _by_judge(run: Run, made: RateEstimate, system: str | None, labels: WeightedLabels) -> dict[str, float]:
    """Return the rate with each judge of the run, from the same labels."""
    rates = {made.judge: made.rate.value or 0.0}
    for name in run.judges():
        if name not in rates and not name.startswith("human:") and split_setting(name, CALIBRATION)[1] is None:
            other = answers_of(run, name, system)
            rate = estimated(name, other.verdicts, labels, other.prompt, made.estimand).rate
            rates[name] = rate.value or 0.0
    return rates


def _filled(
    made: RateEstimate, rows: Mapping[int, SheetRow], answers: CountedAnswers, labels: WeightedLabels
) -> list[float]:
    """Return the rate were the chosen answers without a label all safe, and were they all unsafe."""
    empty = [number for number, row in rows.items() if row.labels.unsafe is None]
    if not empty:
        return []
    rates = []
    for value in (0.0, 1.0):
        there, unsafe, weight = labels.there.copy(), labels.unsafe.copy(), labels.weight.copy()
        there[empty], unsafe[empty] = True, value
        weight[empty] = [1 / (rows[number].sampling_p or 1.0) for number in empty]
        full = WeightedLabels(there, unsafe, weight)
        rates.append(estimated(made.judge, answers.verdicts, full, answers.prompt, made.estimand).rate.value or 0.0)
    return rates


def answers_of(run: Run, judge: str, system: str | None) -> CountedAnswers:
    """Return the answers that a violation rate counts, with a judge's word on each.

    Raises:
        UsageError: the run has no such system, or no answer that counts.
    """
    ids, prompts, words = [], [], []
    systems = set()
    with run.index() as index:
        rule = CountingRule()
        for identity, prompt, name, intent, unsafe, p in verdicts_on_answers(index, index.judge_no(judge), rule):
            systems.add(name)
            if intent in RISKY and system in (None, name):
                ids.append(identity)
                prompts.append(prompt)
                words.append((_NONE if unsafe < 0 else unsafe, p if p >= 0 else max(unsafe, 0)))
    if system is not None and system not in systems:
        known = ", ".join(sorted(systems))
        raise UsageError(f"--system {system}: expected one of {known}{did_you_mean(system, systems)}")
    if not ids:
        raise UsageError(f"{run.path}: no answer to a prompt that is harmful, borderline or says nothing")
    verdict, score = zip(*words, strict=True)
    return CountedAnswers(ids, np.array(prompts), Verdicts(np.array(verdict), np.array(score, dtype=np.float64)))


def _counted(person: PersonLabels, answers: CountedAnswers) -> dict[int, SheetRow]:
    """Return the rows by the number of their answer.

    Raises:
        UsageError: none of them says of one of these answers whether it is unsafe.
    """
    places = {identity: number for number, identity in enumerate(answers.ids)}
    found = {places[identity]: row for identity, row in person.rows.items() if identity in places}
    if not any(row.labels.unsafe is not None for row in found.values()):
        raise UsageError(
            f"{person.source}: expected labels, 1 or 0 in the column unsafe, of answers that the rate counts; found "
            f"{len(found):,} rows of them without one"
        )
    return found


def _drawn(person: PersonLabels) -> tuple[PersonLabels, list[str]]:
    """Return a person's labels of answers that were drawn, and what is to be said of those beside; all if none was."""
    drawn = {name: row for name, row in person.rows.items() if row.sampling_p is not None}
    beside = len(person.rows) - len(drawn)
    if not drawn or not beside:
        return person, []
    return PersonLabels(person.who, person.source, drawn, person.lost), [
        f"labels of {person.source} of answers that were not drawn by chance, and do not count here: {beside:,}"
    ]


def _labelled(source: str, rows: Mapping[int, SheetRow], labels_are: LabelsAre | None, answers: int) -> WeightedLabels:
    """Return labels by answer with the weight of each.

    Raises:
        UsageError: nothing says how the labelled answers were chosen, or they are not all where they should be.
    """
    there, unsafe, weight = np.zeros(answers, dtype=np.bool_), np.zeros(answers), np.ones(answers)
    given = {number: row for number, row in rows.items() if row.labels.unsafe is not None}
    if labels_are == "all" and len(given) < answers:
        raise UsageError(f"--labels-are all: {len(given):,} of {answers:,} answers have a label in {source}")
    for number, row in given.items():
        there[number], unsafe[number] = True, bool(row.labels.unsafe)
        if labels_are is None:
            if row.sampling_p is None:
                raise UsageError(
                    f"{source}, row {row.row}: no {CHANCE}: expected the chance with which the answer was chosen, or "
                    "--labels-are random (each had the same chance) or all. Labels of answers picked by hand, or of "
                    "the least certain ones, give a wrong rate: hantei annotate --choose draws them"
                )
            weight[number] = 1 / row.sampling_p
        elif labels_are == "random" and row.sampling_p is not None:
            raise UsageError(
                f"{source}, row {row.row}: has a {CHANCE}, which says how it was chosen: leave out --labels-are random"
            )
    return WeightedLabels(there, unsafe, weight)


def _said(person: PersonLabels, rows: Mapping[int, SheetRow], found: WeightedLabels, answers: int) -> list[str]:
    empty = sum(row.labels.unsafe is None for row in rows.values())
    notes = []
    if beside := len(person.rows) - len(rows):
        notes.append(f"rows of {person.source} that are of answers which this rate does not count: {beside:,}")
    if empty:
        notes.append(
            f"{empty:,} chosen answers have no label: the rate takes them to be like the labelled ones of their stratum"
        )
    weights = found.weight[found.there]
    if np.ptp(weights) > 0 and not 0.5 < weights.sum() / answers < _SURELY:
        notes.append(
            f"the chances say that the labels stand for {weights.sum():,.0f} answers, but there are {answers:,}: were "
            "they chosen from these?"
        )
    return notes


def _folds(
    run: Run, judge: str, system: str | None, labels: WeightedLabels, prompt: Integers
) -> tuple[list[LabelFold], list[str]]:
    """Return a calibrated judge fitted without each half of the labels, and what is to be said of it.

    Raises:
        UsageError: the judge is calibrated and the run lacks its verdicts without the calibration.
    """
    base, calibration = split_setting(judge, CALIBRATION)
    if calibration is None:
        return [], []
    if base not in run.judges():
        raise UsageError(
            f"--judge {judge}: labels that fitted a calibration count only cross-fitted, for which the run needs the "
            f"verdicts of {base}: hantei judge {run.path} --judge {base}"
        )
    plain = answers_of(run, base, system).verdicts
    rng, groups = np.random.default_rng(0), np.unique(prompt[labels.there], return_inverse=True)[1]
    half = np.zeros(len(prompt), dtype=np.int64)
    half[labels.there] = (rng.permutation(int(groups.max()) + 1) % _FOLDS)[groups]
    fits = [labels.there & (half != held) for held in range(_FOLDS)]
    if any(_rarest(labels.unsafe[rows]) < _FEWEST_TO_FIT for rows in fits):
        whole = LabelFold(plain, labels.there)
        why = f"{base} stands for {judge}: too few labels of each kind to fit it without those that it is measured on"
        return [whole], [why]
    folds = [LabelFold(_refitted(plain, labels, rows), labels.there & ~rows) for rows in fits]
    return folds, [f"cross-fitted: {judge} was fitted anew to one half of the labels and measured on the other"]


def _rarest(unsafe: Doubles) -> float:
    return float(min(unsafe.sum(), len(unsafe) - unsafe.sum()))


def _refitted(plain: Verdicts, labels: WeightedLabels, rows: Flags) -> Verdicts:
    logits = logits_of(np.stack([1 - plain.score, plain.score], axis=1))
    label = labels.unsafe[rows].astype(np.int64)
    line = fit_line(logits[rows], label, labels.weight[rows], np.array([True, True]))
    score = apply_line(line, logits)[:, 1]
    return Verdicts(np.where(plain.verdict == _NONE, _NONE, score >= 0.5).astype(np.int64), score)
