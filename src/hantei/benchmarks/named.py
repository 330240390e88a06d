"""What ``--benchmark`` names: a card, one split of it, or a file of prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hantei.benchmarks.cache import cache_folder, read_lock
from hantei.benchmarks.card import BenchmarkCard, CellRule, FileSpec, Origin, card_names, load_card
from hantei.benchmarks.fetching import PACKAGE, locate
from hantei.benchmarks.loading import asks, load_prompts
from hantei.cards import did_you_mean
from hantei.errors import InputError, RowError, UsageError
from hantei.files import sha256
from hantei.inputs import Row, open_table
from hantei.inputs.names import ALIASES, mapping_of_file
from hantei.inputs.values import columns_message, has_path
from hantei.records import Prompt

LANGUAGES = ("en", "ja", "zh")
_COLUMNS = ("messages", "prompt", "system_prompt", "id", "parent", "reference", "criteria", "harm")
_RULES = ("intent", "language", "region", "variant", "benchmark")
_FIELDS = (*_COLUMNS, *_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptReading:
    """How a file of prompts is read where its own names do not say.

    ``mapping`` is field to column (a dotted path goes into an object), ``rows`` where the rows are inside a JSON
    object, ``missing`` are cells that mean that nothing is there.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    rows: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedBenchmark:
    """A benchmark by name, split or path: its card (made up for a file) and its files on this machine.

    ``notes`` are what people should know of how a file of prompts was read.
    """

    card: BenchmarkCard
    files: tuple[Path, ...]
    split: str | None = None
    path: Path | None = None
    notes: tuple[str, ...] = ()

    def taken(self) -> str | None:
        """Return in a line which columns of a file of prompts are taken as what; None for a card's files."""
        if self.path is None:
            return None
        (spec,) = self.card.files
        taken = [(name, column) for name, columns in spec.columns.items() for column in columns]
        taken += [(name, rule.column) for name, rule in spec.rules.items() if rule.column]
        parts = (f"{name} from '{column}'" for name, column in taken)
        return "; ".join([f"{self.path}: {', '.join(parts)}", *self.notes])


def find(name_or_path: str, cache: Path | None = None, reading: PromptReading | None = None) -> NamedBenchmark:
    """Return what a name means: ``NAME``, ``NAME:SPLIT``, or the path of a file of prompts.

    ``NAME`` alone means the card's default splits: all of them, or those meant for measuring.

    Args:
        name_or_path: the name or the path.
        cache: where fetched benchmarks are; None for the usual place.
        reading: how a file of prompts is read.

    Raises:
        UsageError: no benchmark, split or file of that name, or a ``reading`` for a benchmark that has a card.
        FetchError: the benchmark was not fetched yet, or its files changed.
        InputError: the file has no column for the prompt, or none that ``reading`` names.
    """
    reading = reading or PromptReading()
    name, _, split = name_or_path.partition(":")
    if name in card_names():
        if reading != PromptReading():
            raise UsageError(f"--map, --rows and --missing say how a file of prompts is read: {name} has its card")
        return _card_files(name, split or None, cache)
    path = Path(name_or_path)
    if not path.is_file():
        hint = did_you_mean(name_or_path[:200], card_names())
        raise UsageError(
            f"--benchmark {name_or_path[:200]}: no such benchmark or file; see 'hantei benchmarks list'{hint}"
        )
    card, notes = _made_up(path, reading)
    return NamedBenchmark(card, (path,), path=path, notes=notes)


def load(name_or_path: str, reading: PromptReading | None = None) -> Iterator[Prompt]:
    """Yield the prompts of a benchmark or of a file of prompts (hantei's own, or a table), read as ``reading`` says.

    Raises:
        UsageError, FetchError, InputError: see ``find``.
        RowError: a row is broken.
    """
    found = find(name_or_path, reading=reading)
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


def identity(name_or_path: str, reading: PromptReading | None = None) -> dict[str, Any]:
    """Return what tells one state of a benchmark from another: name, split, revision, and SHA-256 by file.

    Raises:
        UsageError, FetchError, InputError: see ``find``.
    """
    found = find(name_or_path, reading=reading)
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


def ordinary_answers() -> list[Path]:
    """Return an ordinary log, questions and answers of daily life without anything unsafe, one file a language."""
    return [PACKAGE / "starter" / f"ordinary.{language}.jsonl" for language in LANGUAGES]


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


def _made_up(path: Path, reading: PromptReading) -> tuple[BenchmarkCard, tuple[str, ...]]:
    """Return a card for a file of prompts, from the names of its columns, and notes; a row may leave some of them out.

    Raises:
        UsageError: a mapped field is none of a prompt's.
        InputError: no column holds the prompt, or a mapped one is in no row.
    """
    mapping = mapping_of_file(reading.mapping, path)
    for name in sorted(mapping.keys() - set(_FIELDS)):
        raise UsageError(f"--map {name}=...: a prompt has no such field; choose from {', '.join(_FIELDS)}")
    seen = _columns_of(path, reading.rows, mapping)
    names = list(seen.names)
    found = _usual(names, mapping)
    if "prompt" not in found and "messages" not in found:
        expected = f"expected {', '.join(ALIASES['prompt'])}, or messages"
        raise InputError(
            f"{path}: no column for the prompt ({expected}); {columns_message(names)}; name it with --map prompt=COLUMN"
        )
    columns: dict[str, tuple[str, ...]] = {name: (found[name],) for name in _COLUMNS if name in found}
    about = next((name for name in names if name.strip().lower() == "input"), None)
    if about and found.get("prompt", "").strip().lower() == "instruction":
        columns["prompt"] += (about,)  # Alpaca: the task, and the text that it is about
    if seen.has_meta:
        columns["meta"] = ("meta",)
    if "plain" in names and "variant" in found:
        columns["plain"] = ("plain",)
    rules = {name: CellRule(column=found[name]) for name in _RULES if name in found}
    spec = FileSpec(
        split="prompts", path=path.name, columns=columns, rules=rules, rows=reading.rows, missing=reading.missing
    )
    about_file = seen.rows > 1 and not asks(spec, seen.first)
    notes = (seen.above, "the first line is no prompt and was passed over" if about_file else "")
    return _card_of(path, spec), tuple(note for note in notes if note)


class _Seen(NamedTuple):
    """The columns that any row has, whether any has an object ``meta``, what stands above, and the first row."""

    names: dict[str, None]
    has_meta: bool
    above: str
    first: Row
    rows: int


def _columns_of(path: Path, rows: str | None, mapping: Mapping[str, str]) -> _Seen:
    """Return what all rows of a file have.

    Raises:
        InputError: no row has what a mapped column names.
    """
    names: dict[str, None] = {}
    has_meta, absent, first, count = False, set(mapping.values()), Row(0, {}), 0
    for row in open_table(path, at=rows).rows():
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
            first, count = first if count else row, count + 1
            has_meta = has_meta or isinstance(row.cells.get("meta"), dict)
            absent -= {column for column in absent if has_path(row.cells, column)}
    if absent:
        raise InputError(f"{path}: no column '{min(absent)}' to --map; {columns_message(list(names))}")
    return _Seen(names, has_meta, first.above, first, count)


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


def _usual(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return field to column: mapped ones, then those of the usual names; messages stand in for a prompt."""
    by_lower = {name.strip().lower(): name for name in reversed(names) if name not in mapping.values()}
    found = dict(mapping)
    for target in _FIELDS:
        aliases = (*ALIASES[target], "system") if target == "system_prompt" else ALIASES[target]
        column = next((by_lower[alias] for alias in aliases if alias in by_lower), None)
        other = {"prompt": "messages", "messages": "prompt"}.get(target)
        if column is None or target in found or column in found.values() or other in found:
            continue
        found[target] = column
    return found
