"""What a file of another program looks like: its first object, by which it is recognised, and its files in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hantei.errors import HanteiError, InputError, RowError
from hantei.inputs import Row, open_table
from hantei.inputs.json_rows import MOST, objects_in
from hantei.inputs.tables import ENDINGS

_NAMED = 3
"""So many files that are passed over are named."""

Recognises = Callable[[Mapping[str, Any]], bool]
"""Whether a file is a program's, by its first row or by the one object that it holds."""


def first_object(path: Path) -> Mapping[str, Any]:
    """Return the first row of a file, or the one object that it is; nothing where it is no table that can be read."""
    try:
        table = open_table(path)
        if table.format == "object":
            with table.text() as file:
                whole = next(objects_in(file.read(MOST)))
            return whole if isinstance(whole, Mapping) else {}
        return next((row.cells for row in table.rows() if isinstance(row, Row)), {})
    except (HanteiError, OSError, ValueError, RecursionError):
        return {}


def files_of(paths: Sequence[Path], recognises: Recognises, say: Callable[[str], None]) -> list[Path]:
    """Return the files that the paths name: of a folder those that look right; one that is named is taken anyway.

    Args:
        paths: files and folders.
        recognises: whether a file of a folder is one that is meant.
        say: takes a line where files of a folder are passed over.

    Raises:
        InputError: no file of a folder is recognised.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        files = list(tables_in(path))
        right = [file for file in files if recognises(first_object(file))]
        if not right:
            raise InputError(f"{path}: no file in it looks like one of this program's; name the file itself")
        if others := [str(file.relative_to(path)) for file in files if file not in right]:
            more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
            say(f"{path}: passed over {', '.join(others[:_NAMED])}{more}, which look like other files")
        found += right
    return found


def tables_in(path: Path) -> Iterator[Path]:
    """Yield a file, or the files in a folder and below it that end like tables."""
    if not path.is_dir():
        yield path
        return
    endings = (*ENDINGS, ".gz", ".zst")
    yield from (file for file in sorted(path.rglob("*")) if file.suffix.lower() in endings and file.is_file())


def objects_of(path: Path) -> Iterator[Row | RowError]:
    """Yield the objects of a file as they are: one a line, in an array, or one after another over several lines.

    Raises:
        InputError: it is no JSON.
    """
    table = open_table(path)
    if table.format != "object":
        yield from table.rows()
        return
    try:
        with table.text() as file:
            for number, whole in enumerate(objects_in(file.read(MOST)), 1):
                is_row = isinstance(whole, Mapping)
                yield Row(number, whole) if is_row else RowError(str(path), number, None, "expected an object")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON: {error}") from None


def rows_of(path: Path, at: str | None = None) -> Iterator[Row | RowError]:
    """Yield the rows of a file; where it is one object, those at the path ``at``."""
    table = open_table(path)
    yield from (open_table(path, at=at) if table.format == "object" and at is not None else table).rows()
