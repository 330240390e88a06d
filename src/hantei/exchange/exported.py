"""A run from hantei's own tables: what ``hantei export`` wrote as CSV, Parquet or a Hugging Face folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hantei.exchange.items import ImportSource, Item
from hantei.exchange.recognising import rows_of
from hantei.exchange.shared import each_row
from hantei.inputs import Row
from hantei.inputs.exported import exported_row


def read(paths: Sequence[Path]) -> ImportSource:
    """Read tables."""
    judges: dict[str, Any] = {}
    items = (one for path in paths for one in each_row(path, rows_of(path), partial(_item, path, judges)))
    return ImportSource(items, judges)


def _item(path: Path, judges: dict[str, Any], row: Row) -> Iterator[Item]:
    own = exported_row(path, row)
    judges |= own.judges
    yield Item(file=str(path), row=row.number, prompt=own.prompt, response=own.response, judgments=own.judgments)
