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
from hantei.progress import Say
from hantei.runs.lock import locked
from hantei.training.chat_turns import turns_for
from hantei.training.judge.dialogues import Sample, read_samples
from hantei.training.judge.form import CardForm, card_form, keep_card, worded
from hantei.training.judge.lessons import Lesson, described, stages, usable
from hantei.training.judge.options import JudgeSftOptions
from hantei.training.judge.product import inherited, write_card
from hantei.training.mixtures.recipe import Lora, ModelTable, Sft
from hantei.training.tuning.chat import ChatEncoder, Encoded, shown
from hantei.training.tuning.model import Base, load_base, uses_bf16
from hantei.training.tuning.sft import Tuned, tune

_SHOWN = 3
_NAMED = 5


@dataclass(frozen=True, slots=True)
class TunedJudge:
    """A judge's folder, the figures of each stage of its tuning, and what was left out of it by reason."""

    path: Path
    stages: tuple[Tuned, ...]
    left_out: Mapping[str, int]


def train_judge(
    files: Sequence[Path], out: Path, options: JudgeSftOptions, say: Say = lambda _line: None
) -> TunedJudge:
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
        for made in (*out.glob("stage-*"), *out.glob("work")):
            shutil.rmtree(made)
    return TunedJudge(out, tuned, left_out)


def _describe(samples: Sequence[Sample], left_out: Mapping[str, int], say: Say) -> None:
    for line in described(samples):
        say(line)
    for why, count in left_out.items():
        say(f"left out: {count:,} rows {why}")
    if len({one.dialogue.unsafe for one in samples}) < 2:
        say("every row has the same label: what comes of it will say that label of everything")


def _forms(options: JudgeSftOptions) -> list[CardForm]:
    """Return the prompt with which the judge will be asked, and then the others."""
    base = Path(options.model)
    card = card_form(base if base.is_dir() else None)
    own = worded(card, options.prompt) if options.prompt else card
    return [own, *(worded(own, folder) for folder in options.wordings)]


def _stage(lessons: Sequence[Sequence[Lesson]], number: int, out: Path, options: JudgeSftOptions, say: Say) -> Tuned:
    """Carry out one stage, each from what the one before it wrote; one that is finished is not made again."""
    place = out if number + 1 == len(lessons) else out / f"stage-{number + 1}"
    done = place / "tuned.json"
    if done.is_file():
        return msgspec.json.decode(done.read_bytes(), type=Tuned)
    base = _base(options, str(out / f"stage-{number}") if number else options.model)
    rows = _encoded(lessons[number], base, options, say)
    for row in rows[:_SHOWN]:
        say(f"trained is what stands between [[ and ]]: {shown(base.tokenizer, row)}")
    tuned = tune(base, rows, [1] * len(rows), _settings(options), seed=options.seed, out=place, say=say)
    write_atomic(done, [msgspec.json.encode(tuned)])
    return tuned


def _base(options: JudgeSftOptions, name: str) -> Base:
    table = ModelTable(base=name, revision=options.revision, template=options.template)
    return load_base(table, name, _lora(options), uses_bf16("auto"))


def _lora(options: JudgeSftOptions) -> Lora | None:
    return Lora(rank=options.lora, alpha=2 * options.lora) if options.lora else None


def _settings(options: JudgeSftOptions) -> Sft:
    return Sft(
        learning_rate=options.lr,
        schedule="linear",
        epochs=1,  # the lessons hold all epochs
        batch_size=options.batch,
        device_batch_size=options.device_batch,
        max_length=options.max_length,
        save_every=options.save_every,
        lora=_lora(options),
    )


def _encoded(lessons: Sequence[Lesson], base: Base, options: JudgeSftOptions, say: Say) -> list[Encoded]:
    """Return the rows as tokens; what is too long is left out whole, since cut off it would teach the judge not to end.

    Raises:
        UsageError: every row is too long, or the chat template takes none of them.
    """
    encoder, longest = ChatEncoder(base.tokenizer, base.ends), base.longest(options.max_length)
    rows = {one: encoder.encode(turns_for(base.tokenizer, one.messages)) for one in lessons}
    over_long = dict.fromkeys(one.id for one, row in rows.items() if len(row.input_ids) > longest)
    if over_long:
        named = ", ".join(list(over_long)[:_NAMED])
        say(f"left out: {len(over_long):,} rows longer than {longest} tokens, such as {named}")
    kept = [rows[one] for one in lessons if len(rows[one].input_ids) <= longest]
    if not kept:
        raise UsageError(f"every row is longer than {longest} tokens; raise --max-length")
    return kept


def _keep_plan(out: Path, options: JudgeSftOptions, lessons: Sequence[Sequence[Lesson]]) -> None:
    """Write what the training follows, or look whether the folder's is the same.

    Raises:
        RunError: it is another.
    """
    taught = hashlib.sha256(msgspec.json.encode(lessons)).hexdigest()
    chosen = {one.name: str(getattr(options, one.name)) for one in fields(options) if one.name not in _FREE}
    plan = msgspec.json.encode({"lessons": taught, **chosen})
    file = out / "plan.json"
    if not file.is_file():
        write_atomic(file, [plan])
    elif file.read_bytes() != plan:
        raise RunError(f"{out}: holds another training; name another --out")


_FREE = ("device_batch", "save_every", "licence", "encoding", "mapping", "language")


def _finish(
    out: Path,
    samples: Sequence[Sample],
    left_out: Mapping[str, int],
    tuned: Sequence[Tuned],
    options: JudgeSftOptions,
) -> None:
    chosen = [(one.name.replace("_", " "), str(getattr(options, one.name))) for one in fields(options)]
    data = [(line.partition(": ")[0], line.partition(": ")[2]) for line in described(samples)]
    data += [("left out", f"{count:,} rows {why}") for why, count in left_out.items()]
    stages_run = {
        f"Stage {number}" if len(tuned) > 1 else "Tuning": list(one.figures().items())
        for number, one in enumerate(tuned, 1)
    }
    title = "A judge of answers that says safe or unsafe first, and then why"
    licence = inherited(options.licence, [Path(options.model)])
    write_card(out, title, {"Data": data, "Choices": chosen, **stages_run}, licence)
