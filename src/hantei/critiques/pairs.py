"""The same dialogues, or the same prompts alone, in several languages: reading them.

A table has the columns ``pair`` and ``language`` beside those of any table of answers, and perhaps reference units. A
folder with a folder for each language in it (``en``, ``ja``, ``zh``), each with the same tables of one column without
a heading, is XSafety's layout: rows in the same place of the same table are one prompt.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.critiques.reading import UNITS, listed_units
from hantei.errors import InputError, RowError, UsageError
from hantei.inputs import open_table
from hantei.inputs.names import ALIASES

_SUFFIX = re.compile(r"_[a-z]{1,2}$")


@dataclass(frozen=True, slots=True)
class PairedRow:
    """One dialogue in one language: the number of its pair, the table that it is from, and its cells.

    ``units`` are those of the reference critique, in this language.
    """

    pair: str
    group: str
    language: str
    cells: Mapping[str, Any]
    units: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Names it among all rows."""
        return f"{self.pair}/{self.language}"

    @property
    def prompt(self) -> str:
        """What is asked."""
        return str(_cell(self.cells, "prompt") or _cell(self.cells, "messages") or "")

    @property
    def answered(self) -> bool:
        """Whether there is an answer, and not only a prompt."""
        return any(_cell(self.cells, field) is not None for field in ("response", "messages"))


def read_pairs(path: Path) -> list[PairedRow]:
    """Return the rows of a table or of a folder of tables.

    Raises:
        UsageError: no such file, or fewer than two languages.
        InputError: a table cannot be read, lacks a column, has a row twice, or tables have not as many rows.
    """
    rows = list(_folder(path) if path.is_dir() else _table(path))
    found = sorted({row.language for row in rows})
    if len(found) < 2:
        raise UsageError(f"{path}: expected the same dialogues in two languages or more, found {', '.join(found)}")
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise InputError(f"{path}: pair '{row.pair[:60]}' has two rows in {row.language}")
        seen.add(row.id)
    return rows


def by_pair(rows: Sequence[PairedRow]) -> dict[str, dict[str, PairedRow]]:
    """Return the rows of each pair by language, in the order in which they first occur."""
    out: defaultdict[str, dict[str, PairedRow]] = defaultdict(dict)
    for row in rows:
        out[row.pair][row.language] = row
    return dict(out)


def _table(path: Path) -> Iterator[PairedRow]:
    for row in open_table(path).rows():
        if isinstance(row, RowError):
            raise row
        by_lower = {name.strip().lower(): cell for name, cell in row.cells.items()}
        pair, language = (by_lower.get(name) for name in ("pair", "language"))
        if pair in (None, "") or not isinstance(language, str) or not language:
            raise InputError(f"{path}: row {row.number}: expected the columns pair and language, both filled")
        taken = {"pair", "id", *UNITS}
        cells = {name: cell for name, cell in row.cells.items() if name.strip().lower() not in taken}
        yield PairedRow(str(pair), "", language, cells, listed_units(path, by_lower) or ())


def _folder(path: Path) -> Iterator[PairedRow]:
    languages = sorted(folder for folder in path.iterdir() if folder.is_dir())
    tables = {folder.name: {_plain(file): file for file in sorted(folder.glob("*.csv"))} for folder in languages}
    common = set.intersection(*(set(files) for files in tables.values())) if tables else set()
    if not common:
        raise UsageError(f"{path}: expected a folder for each language, each with CSV tables of the same names")
    for name in sorted(common):
        texts = {language: _column(files[name]) for language, files in tables.items()}
        if len({len(column) for column in texts.values()}) > 1:
            counts = ", ".join(f"{language} {len(column):,}" for language, column in texts.items())
            raise InputError(f"{path}: {name}: the languages have not as many rows: {counts}")
        for number, row in enumerate(zip(*texts.values(), strict=True), 1):
            for language, text in zip(texts, row, strict=True):
                yield PairedRow(f"{name}/{number}", name, language, {"prompt": text, "language": language})


def _plain(file: Path) -> str:
    return _SUFFIX.sub("", file.stem)


def _column(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [" ".join(row).strip() for row in csv.reader(lines) if any(row)]


def _cell(cells: Mapping[str, Any], field: str) -> Any:
    """Return what stands in the column of a field, None where there is none."""
    by_lower = {name.strip().lower(): cell for name, cell in cells.items()}
    return next((by_lower[name] for name in ALIASES[field] if by_lower.get(name) not in (None, "")), None)
