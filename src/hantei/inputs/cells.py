"""Typed access to one row's cells; every complaint names file, row and column."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hantei.errors import RowError
from hantei.inputs.conversation import Conversation, UnknownPartError, content_text, read_conversation
from hantei.inputs.row import Row
from hantei.inputs.values import is_nan, kind_of, parsed_list, text_problem, value_at
from hantei.reasoning import Split, split_reasoning

_SAMPLE_DIGITS = 9
_ID_LIMIT = 10**30
_NO_ANSWER = ("NaN", "nan", "null", "NULL")
"""What programs write where a cell is missing."""


class Cells:
    """One row's cells by field; ``missing`` are texts of the user's own that mean that there is no answer."""

    def __init__(self, path: Path, row: Row, found: Mapping[str, str], missing: Collection[str] = ()) -> None:
        self._path, self._row, self._found, self._missing = path, row, found, missing

    def error(self, name: str, problem: str) -> RowError:
        """Return the error of the cell of a field."""
        return RowError(str(self._path), self._row.number, self._found.get(name, name), problem)

    def has(self, name: str) -> bool:
        """Whether a column is that of a field."""
        return name in self._found

    def comes_from(self, name: str, column: str) -> bool:
        """Whether a field's cell stands in the column of this name, in any case."""
        return self._found.get(name, "").casefold() == column

    def value(self, name: str) -> Any:
        """Return a field's cell as it is, None where there is none or it is not a number (NaN)."""
        column = self._found.get(name)
        if column is None:
            return None
        cells = self._row.cells
        value = cells[column] if column in cells else value_at(cells, column)
        return None if is_nan(value) else value

    def text(self, name: str) -> str | None:
        """Return a field's text, None where it is empty; of a list of texts, each in a paragraph."""
        if name not in self._found:
            return None
        value = self.value(name)
        if value is None or value == "":
            return None
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = "\n\n".join(value)
        if isinstance(value, bool | int | float) and name in ("prompt", "input"):
            value = json.dumps(value)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return self._readable(name, value)
        raise self.error(
            name, f"expected text, found {kind_of(value)}; name what is inside with --map {name}=COLUMN.KEY"
        )

    def answer(self) -> Split:
        """Return the answer and what was thought before it; an empty text where there is no answer."""
        value = self.value("response")
        if value is None or (isinstance(value, str) and (value in _NO_ANSWER or value in self._missing)):
            return Split("", None, True)
        if isinstance(value, str):
            return split_reasoning(self._readable("response", value))
        if isinstance(value, bool | int | float):
            return Split(json.dumps(value), None, True)
        try:
            if isinstance(value, Mapping) and "role" in value:
                read = read_conversation([value])
                return Split(read.messages[-1].shown, read.reasoning, read.closed)
            text, reasoning = content_text(value)
        except (UnknownPartError, IndexError) as error:
            problem = (
                f"expected text, found {kind_of(value)} ({error}); name what is inside with --map response=COLUMN.KEY"
            )
            raise self.error("response", problem) from None
        return Split(self._readable("response", text), reasoning, True)

    def _readable(self, name: str, text: str, where: str = "") -> str:
        problem = text_problem(text)
        if problem is not None:
            raise self.error(name, where + problem)
        return text

    def identifier(self, name: str) -> str | None:
        """Return an id, None where there is none; whole numbers that a table holds as 1.0 are ids too."""
        value = self.value(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return self._readable(name, value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_LIMIT:
            return str(value)
        whole = "a number that is not whole" if isinstance(value, float) else kind_of(value)
        found = "one of more than 30 digits" if type(value) is int else whole
        raise self.error(name, f"expected an id, found {found}")

    def whole(self, name: str) -> int:
        """Return a whole number from 0; 0 where there is none."""
        value = self.identifier(name)
        if value is None:
            return 0
        if not value.isascii() or not value.isdigit():
            raise self.error(name, f"expected a whole number from 0, found '{value[:40]}'")
        if len(value) > _SAMPLE_DIGITS:
            raise self.error(name, f"expected a whole number of at most {_SAMPLE_DIGITS} digits, found {len(value):,}")
        return int(value)

    def conversation(self) -> Conversation:
        """Return the stored messages."""
        value = self.value("messages")
        if isinstance(value, str):
            value = parsed_list(self._readable("messages", value))
            if value is None:
                raise self.error("messages", "expected a JSON list of messages")
        if isinstance(value, Mapping):  # {"messages": [...]}
            value = next((inner for inner in value.values() if isinstance(inner, list)), value)
        if not isinstance(value, list):
            raise self.error("messages", f"expected a list of messages, found {kind_of(value)}")
        if not value:
            raise self.error("messages", "expected a list of messages, found an empty list")
        try:
            read = read_conversation(value)
        except UnknownPartError as error:
            raise self.error("messages", str(error)) from None
        for number, message in enumerate(read.messages, 1):
            self._readable("messages", message.shown, f"message {number} ")
        return read
