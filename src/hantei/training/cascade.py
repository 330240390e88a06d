"""Fitting a cascade: its rule from one part of a labelled sample, its threshold and guarantee from the other.

    hantei train cascade --cheap builtin --labels FILE --target-accuracy 0.95 --out cascade.json

One question in three goes into the first part: the temperature of the cheap judge's probabilities and, for the rule
``value``, the expensive judge's confusion. The threshold is chosen and everything printed is measured on the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
from msgspec.structs import replace as changed

from hantei.arrays import Flags
from hantei.cards import did_you_mean
from hantei.errors import InputError, UsageError
from hantei.files import cannot_write, write_atomic
from hantei.inputs.labelled import Labelled, read_labelled
from hantei.judges import Judge, load_judge
from hantei.judges.cascade.fit import CascadeFit
from hantei.judges.cascade.rule import ALWAYS, CLASSES, CascadeHead, chances_of, verdict_of
from hantei.judges.classifying import judge_all
from hantei.judges.recorded import RecordedJudge
from hantei.progress import Say
from hantei.records import Judgment
from hantei.training.builtin.thresholds import single_level
from hantei.training.cascade_rule import (
    _FEWEST,
    Goal,
    LabelledVerdicts,
    RuleName,
    choose,
    curve,
    first_part,
    fit_rule,
    point,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """How a cascade is fitted; the flags of ``hantei train cascade``.

    ``cheap`` and ``expensive`` are judges by name that ask no model; ``expensive`` may be None for the rule
    ``confidence``. ``mapping`` is field or label to column; ``language`` and ``encoding`` are those of the files.
    """

    cheap: str = "builtin"
    expensive: str | None = None
    head: CascadeHead = "unsafe"
    rule: RuleName = "confidence"
    goal: Goal = field(default_factory=Goal)
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    encoding: str | None = None


def train(labels: Sequence[Path], out: Path, options: FitOptions, say: Say = lambda _line: None) -> CascadeFit:
    """Fit a cascade to labelled answers, write it to ``out`` and return it.

    Rows on which the cheap judge was trained are left out: on them it is right more often than on new ones.

    Args:
        labels: files of answers with people's labels.
        out: the file to write.
        options: the judges, the rule and the goal.
        say: takes lines for people: what was left out.

    Raises:
        UsageError: the goal is not one, a judge cannot be had or asks a model, more than half of the rows were in the
            cheap judge's training data, or SciPy is not installed.
        InputError: a file cannot be read, or there are too few labels.
    """
    _check(options)
    cheap = _judge("--cheap", options.cheap)
    expensive = _judge("--expensive", options.expensive) if options.expensive else None
    rows = read_labelled(labels, options.mapping, options.language, options.encoding)
    labelled = [row for row in rows if _label(row, options.head) is not None]
    first = _judged(cheap, labelled)
    seen = np.array([judgment.in_training for judgment in first], dtype=np.bool_)
    _say_of_seen(seen, cheap, say)
    used = [row for row, known in zip(labelled, seen.tolist(), strict=True) if not known]
    if len(used) < _FEWEST:
        raise InputError(f"{labels[0]}: {len(used)} answers with a label for {options.head} are left, {_FEWEST} needed")
    first = [judgment for judgment in first if not judgment.in_training]
    verdicts = _verdicts(options.head, used, first, _judged(expensive, used) if expensive else None)
    sample = {
        "files": [{"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in labels],
        "rows": len(used),
        "questions": int(verdicts.question.max()) + 1,
        "in_training_left_out": int(seen.sum()),
        "without_label_left_out": len(rows) - len(labelled),
    }
    fitted = _fit(verdicts, first_part([row.question for row in used]), options, (cheap, expensive), sample)
    try:
        write_atomic(out, [fitted.text().encode()])
    except OSError as error:
        raise UsageError(cannot_write(out, error)) from None
    return fitted


def _check(options: FitOptions) -> None:
    """Raise a UsageError where the options cannot be fitted with.

    Raises:
        UsageError: they cannot.
    """
    for flag, value, known in (("head", options.head, CLASSES), ("rule", options.rule, get_args(RuleName))):
        if value not in known:
            raise UsageError(f"--{flag} {value}: expected {' or '.join(known)}{did_you_mean(value, known)}")
    options.goal.check(options.rule)
    if options.rule == "value" and options.expensive is None:
        raise UsageError("--rule value weighs the expensive judge's errors: give its verdicts with --expensive")
    if find_spec("scipy") is None:
        raise UsageError("fitting a cascade needs SciPy: pip install 'hantei[train]'")


def _fit(
    verdicts: LabelledVerdicts,
    learnt: Flags,
    options: FitOptions,
    judges: tuple[Judge, Judge | None],
    sample: Mapping[str, Any],
) -> CascadeFit:
    rest = verdicts.take(~learnt)
    rule = fit_rule(verdicts.take(learnt), options.rule)
    threshold = choose(rest, rule, options.goal)
    level = single_level(options.goal.confidence) if options.goal.budget is None else options.goal.confidence
    return CascadeFit(
        head=options.head,
        rule=options.rule,
        threshold=threshold,
        temperature=rule.temperature,
        confusion=None if rule.confusion is None else tuple(tuple(row) for row in rule.confusion.tolist()),
        guarantee=guarantee(options.goal, threshold, rest),
        goal=options.goal.outline(),
        cheap=_named(judges[0]),
        expensive=None if judges[1] is None else _named(judges[1]),
        sample={**sample, "learnt_from": int(learnt.sum()), "measured_on": len(rest.label)},
        operating=point(rest, rule, threshold, level),
        curve=curve(rest, rule, level),
    )


def guarantee(goal: Goal, threshold: float, rest: LabelledVerdicts) -> str:
    """Return in words what holds of a threshold that was chosen on the rows ``rest``, and for which answers."""
    n, questions = len(rest.label), len(np.unique(rest.question))
    where = f"for new answers drawn as the {n:,} of the sample were, and for no other kind of answers"
    if goal.budget is not None:
        return (
            f"At most {goal.budget:.1%} of answers are expected to go to the expensive judge, {where} (split "
            "conformal; an average, which a single run may exceed)."
        )
    target = f"{goal.target_accuracy:.1%}"
    if threshold == ALWAYS:
        return (
            f"No threshold could be shown to reach an accuracy of {target}: every answer goes to the expensive judge."
        )
    resembling = " Answers to one question resemble each other and were counted as fewer." if questions < n else ""
    return (
        f"With {goal.confidence:.0%} confidence the cheap judge is right on at least {target} of the answers that it "
        f"keeps, {where} (Clopper-Pearson bounds, thresholds tested in a fixed order).{resembling}"
    )


def _named(judge: Judge) -> dict[str, str]:
    return {"name": judge.name, "card_hash": judge.card_hash}


def _judge(flag: str, name: str) -> Judge:
    judge = load_judge(name)
    if judge.models:
        raise UsageError(
            f"{flag} {name}: asks a model, which fitting does not; run hantei judge FILE --judge {name} first and give "
            f"{flag} recorded@RUN/judgments/FILE.jsonl"
        )
    return judge


def _judged(judge: Judge, rows: Sequence[Labelled]) -> list[Judgment]:
    pairs = [(row.prompt, row.response) for row in rows]
    if isinstance(judge, RecordedJudge) and not any(response.id in judge.judgments for _, response in pairs):
        # A run of one file keeps the file's own ids for its answers.
        pairs = [(prompt, changed(response, id=prompt.id)) for prompt, response in pairs]
        if not any(response.id in judge.judgments for _, response in pairs):
            raise UsageError(f"{judge.name}: holds no verdict on these answers: no id is that of a row of the labels")
    return judge_all(judge, pairs)


def _say_of_seen(seen: Flags, judge: Judge, say: Say) -> None:
    if not seen.any():
        return
    say(f"{int(seen.sum()):,} of {len(seen):,} rows are in the training data of {judge.name} and are left out")
    if seen.mean() > 0.5 and not isinstance(judge, RecordedJudge):
        raise UsageError(
            f"{judge.name} was trained on {seen.mean():.0%} of these rows, and what is left of them is no fair sample; "
            "take other labelled answers, or verdicts of a judge fitted without them: --cheap recorded@FILE"
        )


def _label(row: Labelled, head: CascadeHead) -> int | None:
    label = row.labels.unsafe if head == "unsafe" else row.labels.action
    return None if label is None else int(label)


def _verdicts(
    head: CascadeHead, rows: Sequence[Labelled], first: Sequence[Judgment], second: Sequence[Judgment] | None
) -> LabelledVerdicts:
    classes = CLASSES[head]
    chances = [chances_of(one, head) for one in first]
    if not any(chances):
        raise UsageError(f"the cheap judge gives no probability for {head}: choose another judge or another --head")
    cheap = [_class(one, head) if known is not None else -1 for one, known in zip(first, chances, strict=True)]
    return LabelledVerdicts(
        head=head,
        label=np.array([_label(row, head) for row in rows], dtype=np.int64),
        cheap=np.array(cheap, dtype=np.int64),
        chances=np.array([known or [1 / classes] * classes for known in chances]),
        question=np.unique([row.question for row in rows], return_inverse=True)[1].astype(np.int64),
        expensive=None if second is None else np.array([_class(one, head) for one in second], dtype=np.int64),
    )


def _class(judgment: Judgment, head: CascadeHead) -> int:
    verdict = verdict_of(judgment, head)
    return -1 if verdict is None else verdict
