"""What ``--benchmark`` names: a card, one split of it, or a file of prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.benchmarks.cache import cache_folder, read_lock
from hantei.benchmarks.card import BenchmarkCard, CellRule, FileSpec, Origin, card_names, load_card
from hantei.benchmarks.fetching import PACKAGE, locate
from hantei.benchmarks.loading import load_prompts
from hantei.cards import did_you_mean
from hantei.errors import InputError, RowError, UsageError
from hantei.files import sha256
from hantei.inputs import Row, open_table
from hantei.inputs.names import ALIASES
from hantei.records import Prompt

LANGUAGES = ("en", "ja", "zh")
_COLUMNS = ("messages", "prompt", "id", "reference", "criteria", "harm")
_RULES = ("intent", "language", "region", "benchmark")


@dataclass(frozen=True, slots=True)
class NamedBenchmark:
    """A benchmark by name, split or path: its card (made up for a file) and its files on this machine."""

    card: BenchmarkCard
    files: tuple[Path, ...]
    split: str | None = None
    path: Path | None = None


def find(name_or_path: str, cache: Path | None = None) -> NamedBenchmark:
    """Return what a name means: ``NAME``, ``NAME:SPLIT``, or the path of a file of prompts.

    ``NAME`` alone means the card's default splits: all of them, or those meant for measuring.

    Raises:
        UsageError: no benchmark, split or file of that name.
        FetchError: the benchmark was not fetched yet, or its files changed.
        InputError: the file has no column for the prompt.
    """
    name, _, split = name_or_path.partition(":")
    if name in card_names():
        return _card_files(name, split or None, cache)
    path = Path(name_or_path)
    if not path.is_file():
        hint = did_you_mean(name_or_path[:200], card_names())
        raise UsageError(
            f"--benchmark {name_or_path[:200]}: no such benchmark or file; see 'hantei benchmarks list'{hint}"
        )
    return NamedBenchmark(_made_up(path), (path,), path=path)


def load(name_or_path: str) -> Iterator[Prompt]:
    """Yield the prompts of a benchmark or of a file of prompts (hantei's own, or a table with usual columns).

    Raises:
        UsageError, FetchError, InputError: see ``find``.
        RowError: a row is broken.
    """
    found = find(name_or_path)
    return load_prompts(found.card, found.files)


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


def identity(name_or_path: str) -> dict[str, Any]:
    """Return what tells one state of a benchmark from another: name, split, revision, and SHA-256 by file.

    Raises:
        UsageError, FetchError, InputError: see ``find``.
    """
    found = find(name_or_path)
    lock = None if found.path else read_lock(cache_folder(found.card.name))
    return {
        "name": found.path.name if found.path else found.card.name,
        "split": found.split,
        "revision": lock.revision if lock else None,
        "files": {_short(path, found.card): sha256(path) for path in found.files},
    }


def starter_answers() -> list[Path]:
    """Return the recorded answers of two invented systems to the starter, one file a language."""
    return [PACKAGE / "starter" / f"answers.{language}.jsonl" for language in LANGUAGES]


def _short(path: Path, card: BenchmarkCard) -> str:
    return f"{card.match(path).split}/{path.name}"


def _card_files(name: str, split: str | None, cache: Path | None) -> NamedBenchmark:
    card = load_card(name)
    if split is not None and split not in card.splits:
        raise UsageError(f"--benchmark {name}:{split[:80]}: no such split; {name} has {', '.join(card.splits)}")
    wanted = (split,) if split else card.default or card.splits
    here = locate(name, cache)
    files = tuple(path for path in here if card.match(path).split in wanted)
    if not files:
        raise UsageError(
            f"--benchmark {name}: the {' and '.join(wanted)} split is not on this machine, only "
            f"{', '.join(sorted({card.match(path).split for path in here}))}; name one as {name}:SPLIT"
        )
    return NamedBenchmark(card, files, split)


def _made_up(path: Path) -> BenchmarkCard:
    """Return a card for a file of prompts, from the names of its columns; a row may leave some of them out.

    Raises:
        InputError: no column holds the prompt.
    """
    names: dict[str, None] = {}
    has_meta = False
    for row in open_table(path).rows():
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
            has_meta = has_meta or isinstance(row.cells.get("meta"), dict)
    found = _usual(tuple(names))
    if "prompt" not in found and "messages" not in found:
        raise InputError(f"{path}: no column for the prompt (expected {', '.join(ALIASES['prompt'])}, or messages)")
    columns = {name: (found[name],) for name in _COLUMNS if name in found}
    if has_meta:
        columns["meta"] = ("meta",)
    rules = {name: CellRule(column=found[name]) for name in _RULES if name in found}
    return _card_of(path, FileSpec(split="prompts", path=path.name, columns=columns, rules=rules))


def _card_of(path: Path, spec: FileSpec) -> BenchmarkCard:
    return BenchmarkCard(
        name=path.stem,
        title=path.name,
        description="A file of prompts.",
        url="",
        languages=(),
        licence="",
        terms="",
        origin=Origin(kind="user"),
        files=(spec,),
        evidence={},
    )


def _usual(names: Sequence[str]) -> dict[str, str]:
    """Return field to column by the usual names; messages stand in for a prompt."""
    by_lower = {name.strip().lower(): name for name in reversed(names)}
    found: dict[str, str] = {}
    for target in (*_COLUMNS, *_RULES):
        column = next((by_lower[alias] for alias in ALIASES[target] if alias in by_lower), None)
        if column is not None and column not in found.values() and not (target == "prompt" and "messages" in found):
            found[target] = column
    return found
