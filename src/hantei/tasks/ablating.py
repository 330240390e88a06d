"""Judging one labelled file with a judge and variants of it: another order, with a reference, a shorter critique."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hantei.errors import InputError, UsageError
from hantei.inputs.label_files import LabelFiles
from hantei.judges.base import split_setting, with_setting
from hantei.judges.card import load_card
from hantei.metrics.ablation import AblatedRow, Ablation, ablation
from hantei.metrics.agreement.from_run import of_run
from hantei.metrics.datasheet_numbers import right_labels
from hantei.progress import Say
from hantei.runs.folder import Run
from hantei.tasks.carrying_out import carry_out
from hantei.tasks.options import Options
from hantei.tasks.task import judging


@dataclass(frozen=True, slots=True, kw_only=True)
class AblateOptions:
    """What a judge and its variants are compared on.

    Args:
        data: files of answers with people's labels.
        variants: names of judges in place of those that the card has.
        files: how the labels are read.
        options: how the answers are read and the judges are asked.
    """

    data: tuple[Path, ...]
    variants: tuple[str, ...] = ()
    files: LabelFiles = field(default_factory=LabelFiles)
    options: Options = field(default_factory=Options)


def variants_of(name: str) -> dict[str, str]:
    """Return the variants of a judge by name, each with the one thing that it changes.

    These are the card in the other order, and every other value of each setting that the card has; settings that every
    judge has and files are left out.

    Raises:
        UsageError: there is no such judge.
        CardError: its card cannot be read.
    """
    card = load_card(name)
    found: dict[str, str] = {}
    other = card.data.get("other_order")
    if other:
        turned = load_card(other).seen()
        found[_other_card(name, other)] = turned.order if turned else other
    for key, setting in card.data.get("settings", {}).items():
        plain, given = split_setting(name, key)
        current = given or setting.get("default")
        for value in setting.get("choices", ()):
            if value != current:
                found[with_setting(plain, key, value)] = f"{key}={value}"
    return found


def _other_card(name: str, card: str) -> str:
    head, at, model = name.partition("@")
    return f"{card}{head[len(head.partition('?')[0]) :]}{at}{model}"


def ablate(judge: str, out: str | Path, options: AblateOptions, say: Say = lambda _line: None) -> Ablation:
    """Compare a judge with variants of itself on labelled answers, judged in the run folder ``out``.

    Args:
        judge: its name.
        out: the run folder; the same again goes on where it ended.
        options: what they are compared on.
        say: takes lines for people.

    Raises:
        UsageError: no such file or judge, the judge has no variants, or no label belongs to an answer.
        InputError: a file cannot be read or holds no labels.
        RunError: the folder belongs to another plan or is in use, or no call to a model works.
    """
    named = {name: name for name in options.variants} or variants_of(judge)
    variants = {name: changed for name, changed in named.items() if name != judge}
    if not variants:
        raise UsageError(
            f"{judge}: its card has no settings and no other order to vary; name judges to compare with --variant"
        )
    files = [str(path) for path in options.data]
    run = carry_out(judging(files, [judge, *variants], options.options, say), out, say)
    stopped = run.info().stopped
    if stopped:
        say(f"{out}: stopped: {stopped}; the same command goes on from there")
    return ablation(judge, variants, list(_rows(run, [judge, *variants], options)))


def _rows(run: Run, judges: Sequence[str], options: AblateOptions) -> Iterator[AblatedRow]:
    with run.index() as index:
        ratings = of_run(index, options.data, replace(options.files, own=True))
    right = right_labels(ratings, judges[0])
    if np.isnan(right).all():
        raise InputError("the files hold no label of people of what is unsafe, to measure the judge by")
    said = {name: {one.response_id: one for one in run.judgments(name) if one.turn is None} for name in judges}
    for place, response in enumerate(run.responses()):
        if np.isnan(right[place]):
            continue
        own = {name: said[name].get(response.id) for name in judges}
        yield AblatedRow(
            prompt=int(ratings.prompt[place]),
            unsafe=bool(right[place]),
            said={name: one.unsafe if one else None for name, one in own.items()},
            critique={name: len(one.critique or "") if one else 0 for name, one in own.items()},
        )
