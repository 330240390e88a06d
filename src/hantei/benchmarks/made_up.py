"""A card for prompts that have none: a file of prompts, or rows given in Python, by the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hantei.benchmarks.card import BenchmarkCard, FileSpec
from hantei.benchmarks.card_file import CellRule, Origin
from hantei.benchmarks.loading import asks
from hantei.cards import did_you_mean
from hantei.errors import InputError, UsageError
from hantei.inputs import Row, Table
from hantei.inputs.given import GivenRows
from hantei.inputs.names import ALIASES, mapping_of_file, naming
from hantei.inputs.values import columns_message, has_path

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


def made_up_card(path: Path, table: Table | GivenRows, reading: PromptReading) -> tuple[BenchmarkCard, tuple[str, ...]]:
    """Return a card for a table of prompts, from the names of its columns, and notes; a row may leave some of them out.

    Raises:
        UsageError: a mapped field is none of a prompt's.
        InputError: no column holds the prompt, or a mapped one is in no row.
    """
    mapping = mapping_of_file(reading.mapping, path)
    for name in sorted(mapping.keys() - set(_FIELDS)):
        hint = did_you_mean(name, _FIELDS)
        raise UsageError(f"--map {name}=...: a prompt has no such field; choose from {', '.join(_FIELDS)}{hint}")
    seen = _columns_of(path, table, mapping)
    names = list(seen.names)
    found = _usual(names, mapping)
    if "prompt" not in found and "messages" not in found:
        expected = f"expected {', '.join(ALIASES['prompt'])}, or messages"
        raise InputError(
            f"{path}: no column for the prompt ({expected}); {columns_message(names)}; {naming('prompt', names)}"
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


def _columns_of(path: Path, table: Table | GivenRows, mapping: Mapping[str, str]) -> _Seen:
    """Return what all rows of a table have.

    Raises:
        InputError: no row has what a mapped column names.
    """
    names: dict[str, None] = {}
    has_meta, absent, first, count = False, set(mapping.values()), Row(0, {}), 0
    for row in table.rows():
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
            first, count = first if count else row, count + 1
            has_meta = has_meta or isinstance(row.cells.get("meta"), dict)
            absent -= {column for column in absent if has_path(row.cells, column)}
    if absent:
        hint = did_you_mean(min(absent), names)
        raise InputError(f"{path}: no column '{min(absent)}' to --map; {columns_message(list(names))}{hint}")
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
