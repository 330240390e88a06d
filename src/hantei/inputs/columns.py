"""The columns of a user's file as fields of a prompt and a response.

Well-known names are recognised in any case; ``--map field=column`` names others. Columns that are neither are kept in
``Response.meta``, so that a judged file comes back with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs.tables import Row, it_has, kind_of, text_problem
from hantei.language import detect
from hantei.records import INTENTS, ROLES, Message, Prompt, Response, response_id

ALIASES: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "query", "question", "instruction", "context", "text", "input", "问题", "質問"),
    "response": ("response", "answer", "output", "completion", "generation", "回答", "答案"),
    "messages": ("messages", "conversation", "turns"),
    "id": ("id", "prompt_id", "question_id"),
    "system": ("system", "model"),
    "sample": ("sample",),
    "language": ("language", "lang"),
    "intent": ("intent",),
    "harm": ("harm",),
    "region": ("region",),
    "benchmark": ("benchmark",),
    "reference": ("reference", "reference_answer"),
    "criteria": ("criteria",),
}
"""Names by which each field is found, the first that a file has winning; compared without case."""

_OPTIONAL_TEXT = ("language", "harm", "region", "benchmark", "reference", "criteria")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LANGUAGE_EXPECTED = "expected a language tag such as en, ja, zh-Hans"
_SAMPLE_DIGITS = 9
_ID_LIMIT = 10**30


_LANGUAGE_NAMES = {"english": "en", "japanese": "ja", "chinese": "zh", "英語": "en", "日本語": "ja", "中文": "zh"}


def check_language(tag: str) -> str:
    """Return a declared language, as ``--language`` gives it, as a BCP 47 tag.

    Raises:
        UsageError: it is neither a tag nor a name of English, Japanese or Chinese.
    """
    known = _language_tag(tag)
    if known is None:
        raise UsageError(f"--language {tag[:40]!r}: {_LANGUAGE_EXPECTED}")
    return known


def _language_tag(text: str) -> str | None:
    tag = _LANGUAGE_NAMES.get(text.lower(), text.replace("_", "-"))
    return tag if _LANGUAGE.fullmatch(tag) else None


@dataclass(frozen=True, slots=True)
class Columns:
    """Turns rows of one file into prompts and responses.

    ``mapping`` is field to column, as ``--map`` gave it; ``language`` and ``benchmark`` are declared for rows that do
    not say; ``prompts`` maps prompt ids to a benchmark's prompts, which then need no columns of their own here.
    """

    path: Path
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    prompts: Mapping[str, Prompt] | None = None
    _seen: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.mapping:
            if name not in ALIASES:
                raise UsageError(f"--map {name}=...: no such field; choose from {', '.join(ALIASES)}")

    def found(self, row: Row) -> dict[str, str]:
        """Return field to column for the columns that this row has.

        Raises:
            InputError: no column holds the answer or the question, or a mapped column is absent.
        """
        names = tuple(row.cells)
        if names not in self._seen:
            self._seen[names] = self._find(names)
        return self._seen[names]

    def _find(self, names: Sequence[str]) -> dict[str, str]:
        by_lower = {name.strip().lower(): name for name in reversed(names)}
        found = {}
        for target, aliases in ALIASES.items():
            if target in self.mapping:
                if self.mapping[target] not in names:
                    raise InputError(f"{self.path}: no column '{self.mapping[target]}' to --map; {it_has(names)}")
                found[target] = self.mapping[target]
                continue
            column = next((by_lower[alias] for alias in aliases if alias in by_lower), None)
            if column is not None and column not in found.values():
                found[target] = column
        self._require(found, names)
        return found

    def _require(self, found: Mapping[str, str], names: Sequence[str]) -> None:
        if "response" not in found and "messages" not in found:
            raise InputError(_missing(self.path, "response", names))
        if "prompt" not in found and "messages" not in found and not (self.prompts and "id" in found):
            raise InputError(_missing(self.path, "prompt", names))

    def records(self, row: Row, bare_ids: bool) -> tuple[Prompt, Response]:
        """Return the prompt and the response of a row.

        ``bare_ids`` keeps the row's id as the response's, for a single file with unique ids and no system column.

        Raises:
            InputError: a column is missing.
            RowError: a cell does not hold what its field needs.
        """
        found = self.found(row)
        cells = _Cells(self.path, row, found)
        prompt_id = cells.identifier("id") or str(row.number)
        messages, answer = self._conversation(cells, found, prompt_id)
        prompt = self._prompt(cells, prompt_id, messages, answer)
        system = cells.text("system", required=False) or self.path.stem
        sample = cells.whole("sample")
        known = set(found.values())
        response = Response(
            id=prompt_id if bare_ids else response_id(system, prompt_id, sample),
            prompt_id=prompt_id,
            system=system,
            sample=sample,
            text=answer or "",
            status="ok" if answer else "error",
            error=None if answer else "the answer is empty",
            meta={name: value for name, value in row.cells.items() if name not in known},
        )
        return prompt, response

    def _conversation(
        self, cells: _Cells, found: Mapping[str, str], prompt_id: str
    ) -> tuple[tuple[Message, ...] | None, str | None]:
        if "messages" not in found:
            question = cells.text("prompt") if "prompt" in found else None
            asked = (Message(role="user", content=question),) if question is not None else None
            return asked, cells.text("response", null=True)
        messages = cells.messages()
        if "response" in found:
            return cells.asking(messages), cells.text("response", null=True)
        if messages[-1].role != "assistant" or len(messages) < 2:
            raise cells.error("messages", "expected the last message to be the assistant's answer to judge")
        return cells.asking(messages[:-1]), messages[-1].content

    def _prompt(
        self, cells: _Cells, prompt_id: str, messages: tuple[Message, ...] | None, answer: str | None
    ) -> Prompt:
        if self.prompts is not None:
            return self._benchmark_prompt(cells, prompt_id, messages)
        if messages is None:  # pragma: no cover - _require has made sure of a question
            raise cells.error("prompt", "expected a question")
        optional = {name: cells.text(name, required=False) or None for name in _OPTIONAL_TEXT}
        stated = optional["language"]
        tag = _language_tag(stated) if stated else self.language
        if stated and tag is None:
            raise cells.error("language", f"{_LANGUAGE_EXPECTED}, found {stated[:40]!r}")
        optional["language"] = tag or detect(messages[-1].content) or detect(answer or "")
        intent = cells.text("intent", required=False) or None
        if intent is not None and intent not in INTENTS:
            raise cells.error("intent", f"expected one of {', '.join(INTENTS)}, found '{intent[:40]}'")
        return Prompt(id=prompt_id, messages=messages, intent=intent, **optional)  # type: ignore[arg-type]

    def _benchmark_prompt(self, cells: _Cells, prompt_id: str, messages: tuple[Message, ...] | None) -> Prompt:
        prompt = (self.prompts or {}).get(prompt_id)
        if prompt is None:
            raise cells.error("id", f"the benchmark has no prompt '{prompt_id[:80]}'")
        if messages is not None and _folded(messages[-1].content) != _folded(prompt.text):
            raise cells.error("prompt", f"the benchmark's prompt '{prompt_id[:80]}' has another text")
        return prompt


class _Cells:
    """Typed access to one row's cells; every complaint names file, row and column."""

    def __init__(self, path: Path, row: Row, found: Mapping[str, str]) -> None:
        self._path, self._row, self._found = path, row, found

    def error(self, name: str, problem: str) -> RowError:
        return RowError(str(self._path), self._row.number, self._found.get(name, name), problem)

    def text(self, name: str, *, required: bool = True, null: bool = False) -> str | None:
        column = self._found.get(name)
        if column is None:
            return None
        value = self._row.cells[column]
        if isinstance(value, str):
            if value or not required or null:
                return self._readable(name, value)
            raise self.error(name, "expected text, found an empty cell")
        if value is None and (null or not required):
            return None
        raise self.error(name, f"expected text, found {kind_of(value)}")

    def _readable(self, name: str, text: str, where: str = "") -> str:
        problem = text_problem(text)
        if problem is not None:
            raise self.error(name, where + problem)
        return text

    def identifier(self, name: str) -> str | None:
        column = self._found.get(name)
        value = self._row.cells[column] if column is not None else None
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return self._readable(name, value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _ID_LIMIT:
            return str(value)
        found = "one of more than 30 digits" if type(value) is int else kind_of(value)
        raise self.error(name, f"expected an id, found {found}")

    def whole(self, name: str) -> int:
        value = self.identifier(name)
        if value is None:
            return 0
        if not value.isascii() or not value.isdigit():
            raise self.error(name, f"expected a whole number from 0, found '{value[:40]}'")
        if len(value) > _SAMPLE_DIGITS:
            raise self.error(name, f"expected a whole number of at most {_SAMPLE_DIGITS} digits, found {len(value):,}")
        return int(value)

    def messages(self) -> tuple[Message, ...]:
        value = self._row.cells[self._found["messages"]]
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise self.error("messages", "expected a JSON list of messages") from None
        if not isinstance(value, list):
            raise self.error("messages", f"expected a list of messages, found {kind_of(value)}")
        if not value:
            raise self.error("messages", "expected a list of messages, found an empty list")
        return tuple(self._message(number, item) for number, item in enumerate(value, 1))

    def _message(self, number: int, item: Any) -> Message:
        if not isinstance(item, dict) or item.get("role") not in ROLES or not isinstance(item.get("content"), str):
            raise self.error("messages", f"message {number}: expected role ({', '.join(ROLES)}) and content as text")
        if item["role"] == "user" and not item["content"]:
            raise self.error("messages", f"message {number}: expected the user's text, found none")
        return Message(role=item["role"], content=self._readable("messages", item["content"], f"message {number} "))

    def asking(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Return the messages before the answer, of which the last must be the user's."""
        if messages[-1].role != "user":
            raise self.error(
                "messages", f"expected the user's message before the answer, found the {messages[-1].role}'s"
            )
        return messages


def _missing(path: Path, name: str, names: Sequence[str]) -> str:
    what = {"response": "answer", "prompt": "question"}[name]
    return (
        f"{path}: no column for the {what} (expected {', '.join(ALIASES[name])}); {it_has(names)}; "
        f"name it with --map {name}=COLUMN"
    )


def _folded(text: str) -> str:
    return " ".join(text.split())
