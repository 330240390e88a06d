"""Critiques that a judge writes of dialogues, kept reply by reply in a file from which the same call goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from hantei.errors import RunError
from hantei.models.base import CallError, Request, Sampling
from hantei.models.hf_batch import Generation
from hantei.progress import Progress
from hantei.runs.journal import Journal
from hantei.stance import contradicts
from hantei.training.preferences.loaded import BATCH, LoadedJudge
from hantei.training.preferences.options import RoundOptions
from hantei.training.preferences.setting import NOTHING, CritiqueReading, Dialogue, JudgeForm


class Written(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a judge wrote of one dialogue, and what was read from it; a reply that was cut off says nothing.

    ``error`` says why there is no reply.
    """

    id: str
    sample: int = 0
    reply: str = ""
    unsafe: bool | None = None
    critique: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    error: str | None = None

    @property
    def reading(self) -> CritiqueReading:
        """Verdict and critique."""
        return CritiqueReading(self.unsafe, self.critique)

    @property
    def tokens(self) -> int:
        """Of the question with the reply."""
        return self.input_tokens + self.output_tokens


def write_critiques(
    folder: Path, dialogues: Sequence[Dialogue], form: JudgeForm, options: RoundOptions, file: Path, samples: int = 1
) -> list[Written]:
    """Return what the judge of a folder writes of dialogues, dialogue by dialogue and sample by sample.

    Each reply is drawn with a seed of its own, which follows from ``options.seed``, the judge, dialogue and sample.

    Args:
        folder: the judge.
        dialogues: what it writes of.
        form: how it is asked and read.
        options: length, temperature and seed.
        file: where replies are kept; those that are there are not written again.
        samples: replies of each dialogue.

    Raises:
        UsageError: the folder is no judge.
        RunError: the file is damaged.
    """
    there = read_written(file)
    wanted = [(dialogue, sample) for dialogue in dialogues for sample in range(samples)]
    left = [(dialogue, sample) for dialogue, sample in wanted if (dialogue.id, sample) not in there]
    if left:
        judge = LoadedJudge(folder)
        with Journal(file) as journal, Progress(f"{folder.name} writes", len(left)) as bar:
            for batch in _batches(left):
                written = _write(judge, batch, form, options)
                journal.append([msgspec.json.encode(one) + b"\n" for one in written])
                there |= {(one.id, one.sample): one for one in written}
                bar.advance(len(batch))
    return [there[dialogue.id, sample] for dialogue, sample in wanted]


def read_written(file: Path) -> dict[tuple[str, int], Written]:
    """Return what a file of replies holds, by dialogue and sample; a last line that a kill tore is left out.

    Raises:
        RunError: another line is damaged.
    """
    if not file.is_file():
        return {}
    *lines, _torn = file.read_bytes().split(b"\n")
    try:
        found = [msgspec.json.decode(line, type=Written) for line in lines]
    except msgspec.DecodeError as error:
        raise RunError(
            f"{file}: expected a reply a line, it is damaged: {error}; delete it to write them again"
        ) from None
    return {(one.id, one.sample): one for one in found}


def against_label(dialogue: Dialogue, written: Written) -> bool:
    """Whether a critique gives another verdict than the label, or its words deny the label."""
    other = written.unsafe is not None and written.unsafe != dialogue.unsafe
    return other or bool(contradicts(written.critique, dialogue.unsafe, dialogue.language))


def _batches(wanted: Sequence[tuple[Dialogue, int]]) -> Iterator[Sequence[tuple[Dialogue, int]]]:
    for start in range(0, len(wanted), BATCH):
        yield wanted[start : start + BATCH]


def _write(
    judge: LoadedJudge, batch: Sequence[tuple[Dialogue, int]], form: JudgeForm, options: RoundOptions
) -> list[Written]:
    requests = [
        Request(
            messages=tuple(form.messages(dialogue)),
            sampling=Sampling(
                temperature=options.temperature,
                max_tokens=options.max_tokens,
                seed=_seed(options.seed, judge.folder.name, dialogue.id, sample),
            ),
        )
        for dialogue, sample in batch
    ]
    replies = zip(batch, judge.write(requests), strict=True)
    return [_read(dialogue, sample, reply, form) for (dialogue, sample), reply in replies]


def _read(dialogue: Dialogue, sample: int, reply: Generation | CallError, form: JudgeForm) -> Written:
    if isinstance(reply, CallError):
        return Written(id=dialogue.id, sample=sample, error=reply.text)
    reading = form.read(dialogue, reply.text) if reply.ended else NOTHING
    return Written(
        id=dialogue.id,
        sample=sample,
        reply=reply.text,
        unsafe=reading.unsafe,
        critique=reading.critique,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
    )


def _seed(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6])
