"""What a benchmark is given as: a card's name or folder, one split of it, a file of prompts, or prompts in Python."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hantei.benchmarks.cache import cache_folder, read_lock
from hantei.benchmarks.card import CARD, BenchmarkCard, card_folder, card_names, load_card
from hantei.benchmarks.fetching import PACKAGE, locate
from hantei.benchmarks.loading import PromptReader, load_prompts
from hantei.benchmarks.made_up import PromptReading, made_up_card
from hantei.cards import did_you_mean
from hantei.errors import RowError, UsageError
from hantei.files import sha256
from hantei.inputs import open_table
from hantei.inputs.given import GivenRows, TableOrRows
from hantei.records import Prompt
from hantei.registry import BENCHMARKS

LANGUAGES = ("en", "ja", "zh")


@dataclass(frozen=True, slots=True)
class NamedBenchmark:
    """A benchmark: its card (made up for a file and for ``rows`` given in Python) and its files on this machine.

    ``notes`` are what people should know of how a file of prompts was read.
    """

    card: BenchmarkCard
    files: tuple[Path, ...]
    split: str | None = None
    path: Path | None = None
    notes: tuple[str, ...] = ()
    rows: GivenRows | None = None

    def prompts(self) -> Iterator[Prompt]:
        """Yield the prompts.

        Raises:
            InputError: a file cannot be read.
            RowError: a row is broken.
        """
        if self.rows is None:
            return load_prompts(self.card, self.files)
        return PromptReader(self.card, self.card.files[0], self.rows.path, self.rows).prompts()

    def identity(self) -> dict[str, Any]:
        """Return what tells one state of it from another: name, split, revision, and SHA-256 by file."""
        own = self.path is not None or self.rows is not None or self.card.folder is not None
        lock = None if own else read_lock(cache_folder(self.card.name))
        files = {_short(path, self.card): sha256(path) for path in self.files}
        if self.rows is not None:
            files["rows"] = self.rows.digest()
        if self.card.folder is not None:
            files[CARD] = sha256(self.card.folder / CARD)
        name = self.path.name if self.path else self.card.name
        return {"name": name, "split": self.split, "revision": lock.revision if lock else None, "files": files}

    def taken(self) -> str | None:
        """Return in a line which columns of a file of prompts are taken as what; None for a card's files."""
        if self.path is None:
            return None
        (spec,) = self.card.files
        taken = [(name, column) for name, columns in spec.columns.items() for column in columns]
        taken += [(name, rule.column) for name, rule in spec.rules.items() if rule.column]
        parts = (f"{name} from '{column}'" for name, column in taken)
        return "; ".join([f"{self.path}: {', '.join(parts)}", *self.notes])


class OwnBenchmark(Protocol):
    """A benchmark of the user's own: its name, and its prompts as records, dictionaries or a table."""

    name: str

    def prompts(self) -> TableOrRows:
        """Return the prompts."""
        ...


AnyBenchmark = str | os.PathLike[str] | OwnBenchmark | TableOrRows
"""A benchmark by its name or split, the path of a file of prompts or of a folder with a card, or its prompts."""


def find(benchmark: AnyBenchmark, cache: Path | None = None, reading: PromptReading | None = None) -> NamedBenchmark:
    """Return a benchmark: ``NAME``, ``NAME:SPLIT``, a path, or prompts as records, dictionaries or a table.

    ``NAME`` alone means the card's default splits: all of them, or those meant for measuring.

    Args:
        benchmark: the name, which may be an entry point of ``hantei.benchmarks``, the path, or the prompts.
        cache: where fetched benchmarks are; None for the usual place.
        reading: how a file of prompts is read.

    Raises:
        UsageError: no benchmark, split or file of that name, or a ``reading`` for a benchmark that has a card.
        FetchError: the benchmark was not fetched yet, or its files changed.
        InputError: the file has no column for the prompt, or none that ``reading`` names.
    """
    reading = reading or PromptReading()
    if not isinstance(benchmark, str | os.PathLike):
        return _of_rows(benchmark, reading)
    given = os.fspath(benchmark)
    path = Path(given)
    if path.is_file():
        card, notes = made_up_card(path, open_table(path, at=reading.rows), reading)
        return NamedBenchmark(card, (path,), path=path, notes=notes)
    name, _, split = given.partition(":")
    if name in card_names() or card_folder(name):
        if reading != PromptReading():
            raise UsageError(f"--map, --rows and --missing say how a file of prompts is read: {name} has its card")
        return _card_files(name, split or None, cache)
    offered = BENCHMARKS.find(name, given)
    if offered is None:
        raise UsageError(_no_benchmark(given[:200], path))
    if isinstance(offered, str | os.PathLike):
        raise UsageError(f"{BENCHMARKS.whose(name)}: expected a folder with a {CARD}, got {offered}")
    return _of_rows(offered, reading, name)


def _no_benchmark(given: str, path: Path) -> str:
    if path.is_dir():
        return f"--benchmark {given}: expected a {CARD} in the folder, which says what its files are, or one of them"
    hint = BENCHMARKS.unknown(given, card_names())
    return f"--benchmark {given}: no such benchmark or file; see 'hantei benchmarks list'{hint}"


def _of_rows(given: OwnBenchmark | TableOrRows, reading: PromptReading, name: str = "rows") -> NamedBenchmark:
    """Return the benchmark of prompts that were given in Python.

    Raises:
        UsageError: they are none.
        InputError: they have no column for the prompt.
    """
    if hasattr(given, "prompts"):
        name, given = getattr(given, "name", name), given.prompts()
    rows = GivenRows(given)
    if not rows:
        raise UsageError(
            "expected a benchmark (--benchmark NAME or FILE, or [[benchmark]] in a run file), or prompts as records, "
            "dictionaries or a table, found none"
        )
    card, notes = made_up_card(Path(name), rows, reading)
    return NamedBenchmark(card, (), notes=notes, rows=rows)


def load_benchmark(benchmark: AnyBenchmark, reading: PromptReading | None = None) -> Iterator[Prompt]:
    """Yield the prompts of a benchmark or of a file of prompts (hantei's own, or a table), read as ``reading`` says.

    Raises:
        UsageError, FetchError, InputError: see ``find``.
        RowError: a row is broken.
    """
    return find(benchmark, reading=reading).prompts()


def prompts_by_id(name_or_path: str) -> dict[str, Prompt]:
    """Return the prompts of a benchmark by id.

    Raises:
        UsageError, FetchError, InputError: see ``find``.
        RowError: a row is broken, or its id was there before.
    """
    found = find(name_or_path)
    prompts: dict[str, Prompt] = {}
    for path in found.files:
        for number, prompt in enumerate(load_prompts(found.card, [path]), 1):
            if prompt.id in prompts:
                column = found.card.match(path).columns.get("id", (None,))[0]
                raise RowError(str(path), number, column, f"the id '{prompt.id[:80]}' was there before")
            prompts[prompt.id] = prompt
    return prompts


def identity(benchmark: AnyBenchmark, reading: PromptReading | None = None) -> dict[str, Any]:
    """Return what tells one state of a benchmark from another: name, split, revision, and SHA-256 by file.

    Raises:
        UsageError, FetchError, InputError: see ``find``.
    """
    return find(benchmark, reading=reading).identity()


def starter_answers() -> list[Path]:
    """Return the recorded answers of two invented systems to the starter, one file a language."""
    return [PACKAGE / "starter" / f"answers.{language}.jsonl" for language in LANGUAGES]


def ordinary_answers() -> list[Path]:
    """Return an ordinary log, questions and answers of daily life without anything unsafe, one file a language."""
    return [PACKAGE / "starter" / f"ordinary.{language}.jsonl" for language in LANGUAGES]


def _short(path: Path, card: BenchmarkCard) -> str:
    return f"{card.match(path).split}/{path.name}"


def _card_files(name: str, split: str | None, cache: Path | None) -> NamedBenchmark:
    card = load_card(name)
    if split is not None and split not in card.splits:
        there = f"{name} has {', '.join(card.splits)}{did_you_mean(split[:80], card.splits)}"
        raise UsageError(f"--benchmark {name}:{split[:80]}: no such split; {there}")
    wanted = (split,) if split else card.default or card.splits
    here = locate(name, cache)
    files = tuple(path for path in here if card.match(path).split in wanted)
    if not files:
        raise UsageError(
            f"--benchmark {name}: the {' and '.join(wanted)} split is not on this machine, only "
            f"{', '.join(sorted({card.match(path).split for path in here}))}; name one as {name}:SPLIT"
        )
    return NamedBenchmark(card, files, split)
