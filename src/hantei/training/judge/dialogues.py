"""Labelled dialogues with critiques or reference units, read from tables: what generative judges learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.critiques.embedded import found_units
from hantei.critiques.reading import CRITIQUE, listed_units
from hantei.critiques.writing import tongue_of
from hantei.errors import InputError
from hantei.inputs.labelled import labelled_rows
from hantei.training.preferences.setting import Dialogue


@dataclass(frozen=True, slots=True)
class Sample:
    """A dialogue and the critique that its row holds, None where it holds none."""

    dialogue: Dialogue
    critique: str | None


def read_samples(
    files: Sequence[Path], mapping: Mapping[str, str], language: str | None = None, encoding: str | None = None
) -> list[Sample]:
    """Return the rows of tables that say safe or unsafe.

    Reference units are those of a column ``units`` (``aius``, ``reference_units``), else found by rule in the critique.

    Args:
        files: JSONL, JSON, CSV or Parquet.
        mapping: field or label to column where a name is not the usual.
        language: of rows that do not say.
        encoding: of the files, where their bytes do not tell.

    Raises:
        InputError: a file cannot be read, or no row of it says safe or unsafe.
    """
    out: list[Sample] = []
    for path in files:
        found = list(_rows(path, mapping, language, encoding))
        if not found:
            raise InputError(f"{path}: expected labels safe or unsafe, found none")
        out += found
    return out


def _rows(path: Path, mapping: Mapping[str, str], language: str | None, encoding: str | None) -> Iterator[Sample]:
    for row, cells in labelled_rows(path, mapping, language, encoding):
        if row.labels.unsafe is None:
            continue
        tongue = tongue_of(row.prompt, row.response)
        critique = _critique(cells)
        listed = listed_units(path, cells)
        units = listed if listed is not None else found_units(critique or "", tongue)
        yield Sample(
            Dialogue(
                id=row.response.id,
                language=tongue,
                prompt=row.prompt,
                response=row.response,
                unsafe=row.labels.unsafe,
                reference=units,
            ),
            critique,
        )


def _critique(cells: Mapping[str, Any]) -> str | None:
    held = (cells.get(name) for name in CRITIQUE)
    return next((text.strip() for text in held if isinstance(text, str) and text.strip()), None)
