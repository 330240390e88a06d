"""``hantei train judge-sft``: a language model becomes a judge that says safe or unsafe first, and then why."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import msgspec

from hantei.errors import InputError, RunError, UsageError
from hantei.files import write_atomic
from hantei.judges.card import card_files, load_card
from hantei.judges.loading import asked_judge
from hantei.models.load import load_model
from hantei.progress import Say
from hantei.runs.lock import locked
from hantei.training.judge.dialogues import Sample, read_samples
from hantei.training.judge.form import CARD, CardForm, card_form, keep_card
from hantei.training.judge.lessons import Lesson, described, stages, usable
from hantei.training.judge.options import JudgeSftOptions
from hantei.training.judge.product import write_card
from hantei.training.mixtures.recipe import Lora, ModelTable, Sft
from hantei.training.tuning.chat import Encoded, Encoder, shown
from hantei.training.tuning.model import Base, load_base, uses_bf16
from hantei.training.tuning.sft import Tuned, tune

_SHOWN = 3
_NAMED = 5


@dataclass(frozen=True, slots=True)
class TrainedJudge:
    """A judge's folder, the figures of each stage of its tuning, and what was left out of it by reason."""

    path: Path
    stages: tuple[Tuned, ...]
    left_out: Mapping[str, int]


def train_judge(
    files: Sequence[Path], out: Path, options: JudgeSftOptions, say: Say = lambda _line: None
) -> TrainedJudge:
    """Tune a judge on labelled dialogues with critiques; a call that was cut off goes on when it is made again.

    Args:
        files: tables of labelled dialogues with critiques, such as ``hantei critiques write`` writes.
        out: the judge's folder, which transformers loads by itself, and hantei as ``critique@hf/OUT``.
        options: how it is tuned.
        say: takes lines for people: label balance, lengths and languages before it starts, decoded examples.

    Raises:
        UsageError: choices that do not fit, a base that cannot be had, or a library is not installed.
        InputError: a file cannot be read, or holds nothing to learn from.
        CardError: a wording's template is no template.
        RunError: the folder is in use or holds another training.
    """
    options.check()
    samples, left_out = usable(read_samples(files, options.mapping, options.language, options.encoding))
    if not samples:
        raise InputError(f"{', '.join(map(str, files))}: no row has a critique that fits its label: {dict(left_out)}")
    _describe(samples, left_out, say)
    with locked(out):
        forms = _forms(options)
        lessons = stages(samples, forms, options)
        _keep_plan(out, options, lessons)
        tuned = tuple(_stage(lessons, number, out, options, say) for number in range(len(lessons)))
        keep_card(forms[0], out)
        _finish(out, samples, left_out, tuned, options)
        for stage in out.glob("stage-*"):
            shutil.rmtree(stage)
    return TrainedJudge(out, tuned, left_out)


def _describe(samples: Sequence[Sample], left_out: Mapping[str, int], say: Say) -> None:
    for line in described(samples):
        say(line)
    for why, count in left_out.items():
        say(f"left out: {count:,} rows {why}")
    if len({one.dialogue.unsafe for one in samples}) < 2:
        say("every row has the same label: what comes of it will say that label of everything")


def _forms(options: JudgeSftOptions) -> list[CardForm]:
    """Return the card's own wording, in which the judge will be asked, and then the others."""
    own = card_form(Path(options.model)) if Path(options.model).is_dir() else _hanteis()
    return [own, *(_worded(folder) for folder in options.wordings)]


def _hanteis() -> CardForm:
    name = f"{CARD}@replay/none"
    return CardForm(asked_judge(name, load_model("replay/none")))


def _worded(folder: Path) -> CardForm:
    return _hanteis()


def _stage(lessons: Sequence[Sequence[Lesson]], number: int, out: Path, options: JudgeSftOptions, say: Say) -> Tuned:
    """Carry out one stage, each from what the one before it wrote; one that is finished is not made again."""
    last = number + 1 == len(lessons)
    place = out if last else out / f"stage-{number + 1}"
    done = place / "tuned.json"
    if done.is_file():
        return msgspec.json.decode(done.read_bytes(), type=Tuned)
    base = _base(options, out / f"stage-{number}" if number else None)
    rows = _encoded(lessons[number], base, options, say)
    for row in rows[:_SHOWN]:
        say(f"trained is what stands between [[ and ]]: {shown(base.tokenizer, row)}")
    tuned = tune(base, rows, [1] * len(rows), _settings(options), seed=options.seed, out=place, say=say)
    write_atomic(done, [msgspec.json.encode(tuned)])
    return tuned
