"""The labelled rows that an encoder is trained on, as texts and arrays."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hantei import benchmarks
from hantei.arrays import Integers
from hantei.errors import InputError
from hantei.inputs import check_language
from hantei.inputs.labelled import Labelled, read_labelled
from hantei.judges.base import language_of
from hantei.judges.builtin.model import prompt_text
from hantei.judges.builtin.weights import pair_hashes
from hantei.judges.encoder.heads import HEADS
from hantei.taxonomy.ids import harm_type
from hantei.training.encoder.options import TrainOptions


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that rows came from: its name and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows in one order; every array has one entry a row.

    ``labels`` holds, by head, the number of the label in ``HEADS``, -1 where a row has none. ``question`` numbers the
    prompts: rows with one text of the question, white space folded, share a number. ``pair`` is a hash of both texts.
    ``harm`` is the id of the harm type, empty where none is known; ``language`` a primary tag, empty likewise. ``file``
    is the place of the row's file among ``files``.
    """

    ids: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    labels: dict[str, Integers]
    question: Integers
    pair: NDArray[np.uint64]
    system: NDArray[np.str_]
    harm: NDArray[np.str_]
    language: NDArray[np.str_]
    file: Integers
    files: tuple[SourceFile, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads that are trained, in the order of ``HEADS``."""
        return tuple(self.labels)

    def take(self, chosen: Integers) -> Rows:
        """Return some of the rows."""
        return replace(
            self,
            ids=tuple(self.ids[n] for n in chosen),
            questions=tuple(self.questions[n] for n in chosen),
            answers=tuple(self.answers[n] for n in chosen),
            labels={head: label[chosen] for head, label in self.labels.items()},
            question=self.question[chosen],
            pair=self.pair[chosen],
            system=self.system[chosen],
            harm=self.harm[chosen],
            language=self.language[chosen],
            file=self.file[chosen],
        )

    def languages(self) -> dict[str, int]:
        """Return how many rows there are in each known language, most first."""
        return dict(Counter(tag for tag in self.language.tolist() if tag).most_common())


def read_rows(files: Sequence[Path], options: TrainOptions) -> Rows:
    """Return the rows of files that have an answer and a label of a wanted head.

    Raises:
        InputError: a file cannot be read, or no row has a label of a head that was asked for.
        UsageError: no such benchmark or language.
    """
    prompts = benchmarks.prompts_by_id(options.benchmark) if options.benchmark else None
    language = check_language(options.language) if options.language else None
    found: list[Labelled] = []
    origin: list[int] = []
    for number, path in enumerate(files):
        own = read_labelled([path], options.mapping, language, options.encoding, prompts)
        found += own
        origin += [number] * len(own)
    heads = options.heads or tuple(head for head in HEADS if any(_label(row, head) is not None for row in found))
    kept = [n for n, row in enumerate(found) if any(_label(row, head) is not None for head in heads)]
    rows = _arrays([found[n] for n in kept], [head for head in HEADS if head in heads])
    for head, label in rows.labels.items():
        if len(np.unique(label[label >= 0])) < 2:
            raise InputError(f"{', '.join(map(str, files))}: head {head} needs rows of at least two classes")
    return replace(rows, file=np.array(origin)[kept], files=tuple(_source(path) for path in files))


def _arrays(rows: Sequence[Labelled], heads: Sequence[str]) -> Rows:
    labels = {head: np.array([_number(_label(row, head), head) for row in rows], dtype=np.int64) for head in heads}
    pairs = [(prompt_text(row.prompt), row.response.text) for row in rows]
    return Rows(
        ids=tuple(row.response.id for row in rows),
        questions=tuple(_encodable(question) for question, _ in pairs),
        answers=tuple(_encodable(answer) for _, answer in pairs),
        labels=labels,
        question=_numbers([row.question for row in rows]),
        pair=pair_hashes(pairs),
        system=np.array([row.response.system for row in rows]),
        harm=np.array([(harm_type(row.prompt.harm) or row.prompt.harm) if row.prompt.harm else "" for row in rows]),
        language=np.array([language_of(row.prompt, row.response) or "" for row in rows]),
        file=np.zeros(len(rows), dtype=np.int64),
        files=(),
    )


def _numbers(texts: Sequence[str]) -> Integers:
    """Number different texts in their order; an array of the texts would give each the room of the longest."""
    place = {text: number for number, text in enumerate(sorted(set(texts)))}
    return np.array([place[text] for text in texts], dtype=np.int64)


def _label(row: Labelled, head: str) -> Any:
    return getattr(row.labels, head)


def _number(label: Any, head: str) -> int:
    """Return the number of a label; ``unsafe`` is true or false, ``action`` a number, ``refusal`` a name."""
    if label is None:
        return -1
    return HEADS[head].index(label) if isinstance(label, str) else int(label)


def _encodable(text: str) -> str:
    """Return a text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _source(path: Path) -> SourceFile:
    with path.open("rb") as file:
        return SourceFile(path.name, hashlib.file_digest(file, "sha256").hexdigest())


def class_counts(label: Integers, classes: int) -> list[int]:
    """Return how many rows have each label; rows without one are left out."""
    counts: list[int] = np.bincount(label[label >= 0], minlength=classes).tolist()
    return counts


def describe(rows: Rows) -> Iterator[str]:
    """Yield lines that say what was read: rows, prompts, systems, languages, and labels by head."""
    languages = ", ".join(f"{tag} {count:,}" for tag, count in rows.languages().items()) or "unknown"
    prompts, systems = len(np.unique(rows.question)), len(np.unique(rows.system))
    yield f"{len(rows):,} rows, {prompts:,} prompts, {systems:,} systems; languages: {languages}"
    for head, label in rows.labels.items():
        counts = class_counts(label, len(HEADS[head]))
        shown = ", ".join(f"{name} {count:,}" for name, count in zip(HEADS[head], counts, strict=True))
        yield f"{head}: {shown}"
