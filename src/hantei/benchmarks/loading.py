"""A benchmark's files as prompts, by its card: one loader for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hantei import taxonomy
from hantei.benchmarks.card import TEXT_FIELDS, BenchmarkCard, FileSpec
from hantei.benchmarks.card_file import CellRule
from hantei.errors import RowError
from hantei.inputs import Row, open_table
from hantei.inputs.conversation import UnknownPartError, read_conversation
from hantei.inputs.given import GivenRows
from hantei.inputs.names import is_system_prompt
from hantei.inputs.values import has_path, parsed_list, value_at
from hantei.records import INTENTS, Message, Prompt
from hantei.turns import answer_positions

_JOINTS = {"id": "-", "parent": "-"}
"""What stands between the cells of a field that is made of several columns; else an empty line."""


def load_prompts(card: BenchmarkCard, files: Iterable[Path]) -> Iterator[Prompt]:
    """Yield the prompts of a benchmark's files, one by one.

    A prompt's ``harm`` is an id of the card's taxonomy; an unknown label is kept as its last segment. Columns that no
    field of a prompt takes up are kept in ``meta`` under their own names: labels, responses and whatever hantei does
    not know.

    Raises:
        UsageError: a file is not one of the card's.
        InputError: a file cannot be read.
        RowError: a row is broken, or a cell does not hold what its field needs.
    """
    for path in files:
        yield from PromptReader(card, card.match(path), path).prompts()


class PromptReader:
    """How the rows of one file, or rows given in Python, become prompts."""

    def __init__(self, card: BenchmarkCard, spec: FileSpec, path: Path, given: GivenRows | None = None) -> None:
        self._card, self._spec, self._path, self._given = card, spec, path, given
        self._taxonomy = taxonomy.load(card.taxonomy) if card.taxonomy else None
        self._taken = _taken(spec)

    def rows(self) -> Iterator[Row | RowError]:
        """Yield the file's rows, a ``RowError`` for a broken one; of a user's file not a first row about the file."""
        table = self._given or open_table(self._path, self._spec.encoding, self._spec.rows)
        for row in table.rows():
            own = self._card.origin.kind == "user"
            if not (own and isinstance(row, Row) and row.number == 1 and not asks(self._spec, row)):
                yield row

    def prompts(self) -> Iterator[Prompt]:
        """Yield the prompts.

        Raises:
            RowError: a row is broken, or a cell does not hold what its field needs.
        """
        for row in self.rows():
            if isinstance(row, RowError):
                raise row
            yield self.prompt(row)

    def prompt(self, row: Row) -> Prompt:
        """Return a row as a prompt.

        Raises:
            RowError: a cell does not hold what its field needs.
        """
        harm = self._harm(row)
        messages = self._after_system_prompt(row, self._messages(row))
        row = self._with_last_references(row, len(answer_positions(messages)) + 1)
        texts = {name: self._joined(row, name) for name in TEXT_FIELDS if name != "prompt"}
        return Prompt(
            id=self._id(row),
            messages=messages,
            benchmark=self._ruled(row, "benchmark") or self._card.name,
            language=self._ruled(row, "language"),
            intent=self._intent(row),
            harm=harm,
            region=self._ruled(row, "region"),
            parent=self._parent(row),
            variant=self._ruled(row, "variant"),
            plain=self._plain(row),
            meta=self._meta(row, harm),
            **texts,
        )

    def labels(self, row: Row) -> tuple[str, ...]:
        """Return a row's harm labels, from the widest to the narrowest; of several at one level the first."""
        labels = (_labels(self._cell(row, column)) for column in self._spec.columns.get("harm", ()))
        return tuple(found[0] for found in labels if found)

    def _error(self, row: Row, column: str | None, problem: str) -> RowError:
        return RowError(str(self._path), row.number, column, problem)

    def _cell(self, row: Row, column: str) -> Any:
        value = cell(row, column)
        return None if isinstance(value, str) and value.strip() in self._spec.missing else value

    def _id(self, row: Row) -> str:
        return f"{self._spec.id_prefix}{self._joined(row, 'id') or row.number}"

    def _parent(self, row: Row) -> str | None:
        parent = self._joined(row, "parent")
        return f"{self._spec.id_prefix}{parent}" if parent else None

    def _joined(self, row: Row, name: str) -> str | None:
        if name not in self._spec.columns:
            return None
        parts = []
        for column in self._spec.columns[name]:
            value = self._cell(row, column)
            if isinstance(value, str) or (name in _JOINTS and isinstance(value, int) and not isinstance(value, bool)):
                parts.append(str(value))
            elif value is not None:
                raise self._error(row, column, f"expected text, found {type(value).__name__}")
        return _JOINTS.get(name, "\n\n").join(part for part in parts if part.strip()) or None

    def _messages(self, row: Row) -> tuple[Message, ...]:
        if "messages" in self._spec.columns:
            return self._conversation(row, self._spec.columns["messages"][0])
        text = self._joined(row, "prompt")
        if text is None:
            raise self._error(row, self._spec.columns["prompt"][0], "expected text, found nothing")
        return (Message(role="user", content=text),)

    def _after_system_prompt(self, row: Row, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Put a row's system prompt before its messages; in a column ``system`` a name is none."""
        text = self._system_prompt(row)
        if text is None or messages[0].role == "system":
            return messages
        return (Message(role="system", content=text), *messages)

    def _system_prompt(self, row: Row) -> str | None:
        text = self._joined(row, "system_prompt")
        by_system = self._spec.columns.get("system_prompt", ("",))[0].strip().lower() == "system"
        return None if by_system and text is not None and not is_system_prompt(text) else text

    def _conversation(self, row: Row, column: str) -> tuple[Message, ...]:
        value = cell(row, column)
        if isinstance(value, str):
            value = parsed_list(value)
        if not isinstance(value, list) or not value:
            raise self._error(row, column, "expected a list of messages")
        turns = [{"role": "user", "content": item} if isinstance(item, str) else item for item in value]
        try:
            messages = read_conversation(turns).messages
        except UnknownPartError as error:
            raise self._error(row, column, str(error)) from None
        if not messages or messages[-1].role != "user":
            raise self._error(row, column, "expected the last message to be the user's")
        return messages

    def _with_last_references(self, row: Row, turns: int) -> Row:
        """Return a row in which a list of references, one for each turn, is that of the last turn, which is judged."""
        columns = self._spec.columns.get("reference", ())
        lists = {name: row.cells[name] for name in columns if isinstance(row.cells.get(name), list)}
        last = {name: texts[-1] for name, texts in lists.items() if len(texts) == turns}
        return Row(row.number, {**row.cells, **last}) if last else row

    def _plain(self, row: Row) -> tuple[Message, ...]:
        """Return the messages before an attack wrapped them, none where no attack did."""
        columns = self._spec.columns.get("plain", ())
        return self._conversation(row, columns[0]) if columns and self._cell(row, columns[0]) else ()

    def _ruled(self, row: Row, name: str) -> str | None:
        rule = self._spec.rules.get(name)
        if rule is None or rule.column is None:
            return rule.constant if rule else None
        return _translated(rule, self._cell(row, rule.column))

    def _intent(self, row: Row) -> Any:
        value = self._ruled(row, "intent")
        if value is not None and value not in INTENTS:
            column = self._spec.rules["intent"].column
            raise self._error(row, column, f"expected one of {', '.join(INTENTS)}, found '{value[:40]}'")
        return value

    def _harm(self, row: Row) -> str | None:
        labels = self.labels(row)
        if self._taxonomy is None:
            return labels[-1] if labels else None
        return self._taxonomy.harm_id(*labels)

    def _meta(self, row: Row, harm: str | None) -> dict[str, Any]:
        said = {name for name in self._spec.columns.get("harm", ()) if harm and row.cells.get(name) == harm}
        if self._system_prompt(row) is not None:
            said.update(self._spec.columns["system_prompt"])
        meta = {name: _plain(value) for name, value in row.cells.items() if name not in self._taken | said}
        for column in self._spec.columns.get("meta", ()):
            own = row.cells.get(column)
            if isinstance(own, dict):
                meta.update(_plain(own))
        return meta


def asks(spec: FileSpec, row: Row) -> bool:
    """Whether a row has a column for what is asked, be it empty."""
    columns = (*spec.columns.get("prompt", ()), *spec.columns.get("messages", ()))
    return any(has_path(row.cells, column) for column in columns)


def _taken(spec: FileSpec) -> set[str]:
    """Return the columns that a prompt's fields hold whole; a part of an id and a translated word stay in meta too."""
    fields = ("prompt", "reference", "criteria", "messages", "plain", "meta", "parent")
    taken = {column for field in fields for column in spec.columns.get(field, ())}
    taken |= {rule.column for rule in spec.rules.values() if rule.column and rule.map is None}
    own_id = spec.columns.get("id", ())
    return taken | set(own_id) if len(own_id) == 1 else taken


def cell(row: Row, column: str) -> Any:
    """Return a cell; ``meta.risk-area`` is the entry of an object where no column has that very name."""
    return value_at(row.cells, column)


def _translated(rule: CellRule, value: Any) -> str | None:
    if value is None or value == "":
        return None
    key = str(value).lower() if isinstance(value, bool) else str(value)
    return key if rule.map is None else rule.map.get(key)


def _labels(value: Any) -> list[str]:
    """Return the labels that a cell holds: itself, the items of a list, or the keys of an object that are true."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        return [key for key, is_so in value.items() if is_so is True]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what Parquet has besides becomes text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return value if isinstance(value, float) and value - value == 0 else str(value)
