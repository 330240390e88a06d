"""Reading the sources of a recipe: files, benchmarks with reference answers, Hugging Face data sets."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hantei.benchmarks import named
from hantei.benchmarks.loading import PromptReader
from hantei.errors import InputError, RowError, UsageError
from hantei.inputs import Columns, Row, given_row, open_table
from hantei.inputs.values import value_at
from hantei.language import primary
from hantei.models.extras import needed
from hantei.models.http_errors import clean
from hantei.records import Message, Prompt
from hantei.training.mixtures.example import Example, TrainingPair
from hantei.training.mixtures.oasst import best_conversations
from hantei.training.mixtures.recipe import MixtureSource

MixtureRow = Example | TrainingPair
RowMaker = Callable[[Row], MixtureRow]


@dataclass(slots=True)
class ReadSource:
    """The rows of one source, and how many were left out for which reason."""

    source: MixtureSource
    rows: list[MixtureRow]
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    licence: str = "not stated"
    terms: str = ""


def read_source(
    source: MixtureSource, folder: Path, seed: int, made_of: Callable[[MixtureSource, Path], RowMaker] | None = None
) -> ReadSource:
    """Return the rows of a source that its filters let through.

    Args:
        source: where they are and which are wanted.
        folder: what a file's path is relative to.
        seed: which rows are drawn where there are more than wanted.
        made_of: gives what makes a row of the table an example; None for question and answer.

    Raises:
        UsageError: there is no such file, benchmark or data set, or no row is left.
        InputError: it cannot be read.
        RowError: a row is broken.
        FetchError: the benchmark was not fetched yet.
    """
    found = ReadSource(source, [], licence=source.licence or "not stated", terms=source.terms or "")
    if source.benchmark:
        rows = _of_benchmark(source, found)
    else:
        path = _path(source, folder)
        make = (made_of or examples)(source, path)
        rows = ((row, make(row)) for row in _table(source, path))
    for row, made in rows:
        found.read += 1
        reason = _unwanted(source, row, made)
        if reason:
            found.left_out[reason] += 1
        else:
            found.rows.append(made)
    _cap(found, seed)
    if not found.rows:
        why = ", ".join(f"{reason} ({count})" for reason, count in found.left_out.items()) or "there is none"
        raise UsageError(f"source '{source.name}': no row is left of {found.read}: {why}")
    return found


def examples(source: MixtureSource, path: Path) -> RowMaker:
    """Return what makes rows of question and answer, or of a conversation, examples."""
    columns = Columns(path, source.columns, source.language)

    def made(row: Row) -> Example:
        prompt, response = columns.records(row, bare_ids=True)
        return _answered(source, prompt, response.text)

    return made


def pairs(source: MixtureSource, path: Path) -> RowMaker:
    """Return what makes rows of a prompt, a chosen and a rejected answer pairs; each may be a whole conversation."""
    columns = {name: source.columns.get(name, name) for name in ("prompt", "chosen", "rejected")}

    def made(row: Row) -> TrainingPair:
        texts = {name: _said(value_at(row.cells, column)) for name, column in columns.items()}
        for name, text in texts.items():
            if not text:
                raise RowError(str(path), row.number, columns[name], "expected text, found none")
        return TrainingPair(
            id=f"{source.name}/{row.cells.get('id', row.number)}",
            source=source.name,
            messages=(Message(role="user", content=texts["prompt"]),),
            chosen=texts["chosen"],
            rejected=texts["rejected"],
            language=source.language,
        )

    return made


def _said(value: Any) -> str:
    """Return a text, or what the last turn of a stored conversation says."""
    if isinstance(value, list) and value and isinstance(value[-1], Mapping):
        return _said(value[-1].get("content"))
    return value if isinstance(value, str) else ""


def _of_benchmark(source: MixtureSource, found: ReadSource) -> Iterator[tuple[Row, MixtureRow]]:
    benchmark = named.find(str(source.benchmark))
    card = benchmark.card
    found.licence, found.terms = source.licence or card.licence, source.terms or card.terms
    for file in benchmark.files:
        reader = PromptReader(card, card.match(file), file)
        for row in reader.rows():
            if isinstance(row, RowError):
                raise row
            prompt = reader.prompt(row)
            yield row, _answered(source, prompt, prompt.reference or "")


def _answered(source: MixtureSource, prompt: Prompt, answer: str) -> Example:
    return Example(
        id=f"{source.name}/{prompt.id}",
        source=source.name,
        messages=(*prompt.messages, Message(role="assistant", content=answer)),
        language=prompt.language,
    )


def _path(source: MixtureSource, folder: Path) -> Path:
    return folder / source.file if source.file else Path(str(source.dataset))


def _table(source: MixtureSource, path: Path) -> Iterator[Row]:
    rows: Iterable[Row | RowError] = open_table(path).rows() if source.file else _of_hub(source)
    if source.form == "oasst":
        rows = (given_row(number, {"messages": turns}, path) for number, turns in enumerate(_oasst(rows), 1))
    for row in rows:
        if isinstance(row, RowError):
            raise row
        yield row


def _oasst(rows: Iterable[Row | RowError]) -> Iterator[list[dict[str, str]]]:
    cells: list[Mapping[str, Any]] = []
    for row in rows:
        if isinstance(row, RowError):
            raise row
        cells.append(row.cells)
    return best_conversations(cells)


def _of_hub(source: MixtureSource) -> Iterator[Row | RowError]:
    datasets = needed("datasets", "tune")
    try:
        rows = datasets.load_dataset(source.dataset, source.config, split=source.split, revision=source.revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"source '{source.name}': {source.dataset} cannot be read: {clean(str(error))}") from None
    for number, cells in enumerate(rows, 1):
        yield given_row(number, cells, Path(str(source.dataset)))


def _unwanted(source: MixtureSource, row: Row, made: MixtureRow) -> str:
    """Return why a row is left out, nothing where it is wanted."""
    for column, wanted in source.filter.items():
        if value_at(row.cells, column) not in (wanted if isinstance(wanted, list) else [wanted]):
            return f"filter on {column}"
    if source.language and primary(made.language) != primary(source.language):
        return "another language"
    if isinstance(made, Example) and not made.messages[-1].content.strip():
        return "no answer"
    return ""


def _cap(found: ReadSource, seed: int) -> None:
    """Draw as many rows as the source wants, in the order of the file."""
    wanted = found.source.max_rows
    if wanted is None or wanted >= len(found.rows):
        return
    drawn = random.Random(f"{seed}/{found.source.name}").sample(range(len(found.rows)), wanted)  # noqa: S311 - no secret
    found.left_out["over max_rows"] = len(found.rows) - wanted
    found.rows = [found.rows[index] for index in sorted(drawn)]
