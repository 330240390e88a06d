"""``hantei critiques write``: a model writes critiques of labelled answers, those that fit their label are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import msgspec

from hantei.benchmarks.build.asking import DraftingModel, Talk, limits_in
from hantei.critiques.writing import CritiqueRow, Fate, read, request, tongue_of
from hantei.engine.limits import Limits
from hantei.errors import InputError
from hantei.files import check_place, write_atomic
from hantei.inputs.labelled import Labelled, read_labelled
from hantei.judges.llm_judge import AskedJudge
from hantei.judges.loading import asked_judge
from hantei.models.load import load_model
from hantei.progress import Say

_MAX_TOKENS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How critiques are written.

    Args:
        model: who writes them.
        mapping: field or label to column where a name is not the usual.
        language: of rows that do not say.
        encoding: of the files.
        temperature: of the replies.
        limits: connections, money, time, and the folder of replies.
        prices: a file of prices in place of hantei's own.
    """

    model: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    encoding: str | None = None
    temperature: float = 0.0
    limits: Limits = field(default_factory=Limits)
    prices: Path | None = None


@dataclass(frozen=True, slots=True)
class CritiquesWritten:
    """What became of each dialogue, counted by language and label; ``cost`` is in US dollars."""

    counts: Mapping[tuple[str, str], Counter[Fate]]
    calls: int
    cost: float | None

    @property
    def kept(self) -> int:
        """How many critiques were written that fit their label."""
        return sum(fates["written"] for fates in self.counts.values())

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return a header and a row for each language and label."""
        fates = get_args(Fate)
        rows = [
            [language, label, *(f"{found[fate]:,}" for fate in fates)]
            for (language, label), found in sorted(self.counts.items())
        ]
        return ["Language", "Label", *(fate.capitalize() for fate in fates)], rows


def write_critiques(
    files: Sequence[Path], out: Path, options: WriteOptions, say: Say = lambda _line: None
) -> CritiquesWritten:
    """Have a model write a critique of each labelled answer, and write those that fit the label to a file.

    Beside ``out`` lie ``OUT.dropped.jsonl``, what was left out and why, and ``OUT.replies``, the folder of replies from
    which the same call goes on.

    Args:
        files: answers with people's labels.
        out: the file of dialogues with their critiques (JSON lines).
        options: who writes and how.
        say: takes lines for people.

    Raises:
        UsageError: no such model, nothing can be written at ``out``, or no price for a limit.
        InputError: a file cannot be read, or holds no label safe or unsafe.
        RunError: calls to the model ended early.
    """
    check_place(out, folder=False, pipes=False)
    rows = [
        row for row in read_labelled(files, options.mapping, options.language, options.encoding)
        if row.labels.unsafe is not None
    ]  # fmt: skip
    if not rows:
        raise InputError(f"{', '.join(map(str, files))}: expected labels safe or unsafe, found none")
    limits = limits_in(options.limits, out.with_name(f"{out.name}.replies"))
    asked = DraftingModel(name=options.model, limits=limits, prices=options.prices, temperature=options.temperature)
    asked.check()
    say(f"{len(rows):,} calls of {options.model}; replies are kept in {limits.cache}: the same command goes on")
    found = asked.each(
        rows, _CritiqueAsker(asked_judge(f"critique@{options.model}", load_model(options.model))), "critiques"
    )
    _write(out, rows, found, options.model)
    return CritiquesWritten(_counted(rows, found), asked.meter.calls, asked.meter.cost)


@dataclass(frozen=True, slots=True)
class _CritiqueAsker:
    judge: AskedJudge

    async def __call__(self, talk: Talk, row: Labelled) -> tuple[Fate, str | None]:
        unsafe = bool(row.labels.unsafe)
        reply = await talk.reply(request(row.prompt, row.response, unsafe), _MAX_TOKENS)
        return read(self.judge, row.prompt, row.response, unsafe, reply)


def _write(out: Path, rows: Sequence[Labelled], found: Sequence[tuple[Fate, str | None]], model: str) -> None:
    kept: list[bytes] = []
    dropped: list[bytes] = []
    for row, (fate, critique) in zip(rows, found, strict=True):
        if fate == "written" and critique:
            kept.append(msgspec.json.encode(_line(row, critique, model)) + b"\n")
        else:
            dropped.append(msgspec.json.encode({"id": row.response.id, "why": fate, "critique": critique}) + b"\n")
    write_atomic(out, kept)
    write_atomic(out.with_name(f"{out.name}.dropped.jsonl"), dropped)


def _line(row: Labelled, critique: str, model: str) -> CritiqueRow:
    return CritiqueRow(
        id=row.response.id,
        language=tongue_of(row.prompt, row.response),
        messages=row.prompt.messages,
        response=row.response.text,
        unsafe=bool(row.labels.unsafe),
        critique=critique,
        critic=model,
    )


def _counted(
    rows: Sequence[Labelled], found: Sequence[tuple[Fate, str | None]]
) -> Mapping[tuple[str, str], Counter[Fate]]:
    counts: dict[tuple[str, str], Counter[Fate]] = {}
    for row, (fate, _) in zip(rows, found, strict=True):
        key = tongue_of(row.prompt, row.response), "unsafe" if row.labels.unsafe else "safe"
        counts.setdefault(key, Counter())[fate] += 1
    return counts
