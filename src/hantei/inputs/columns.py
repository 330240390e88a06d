"""The columns of a user's file as fields of a prompt and a response.

Well-known names are recognised in any case; ``--map field=column`` names others. Columns that are neither are kept in
``Response.meta``, so that a judged file comes back with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hantei.finish import finish_status
from hantei.inputs.cells import Cells
from hantei.inputs.exported import exported_row, is_exported
from hantei.inputs.languages import language_tag
from hantei.inputs.names import (
    ALIASES,
    SEVERAL,
    check_mapped,
    find_columns,
    is_system_prompt,
    mapping_of_file,
    missing,
)
from hantei.inputs.row import Row
from hantei.inputs.values import listed_answers
from hantei.language import detect
from hantei.reasoning import Split, joined
from hantei.records import INTENTS, Message, Prompt, Response, ResponseStatus, last_asked, response_id

_OPTIONAL_TEXT = ("language", "harm", "region", "variant", "benchmark", "reference", "criteria")
EMPTY = "the answer is empty"
"""What is wrong with an answer that came in without a text."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Turns rows of one file into prompts and responses.

    ``mapping`` is field to column, as ``--map`` gave it; ``language`` and ``benchmark`` are declared for rows that do
    not say; ``prompts`` maps prompt ids to a benchmark's prompts, which then need no columns of their own here.
    ``missing`` are texts that mean that there is no answer. ``notices`` collects what people should know of the file,
    each line once.
    """

    path: Path
    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    prompts: Mapping[str, Prompt] | None = None
    missing: tuple[str, ...] = ()
    notices: dict[str, None] = field(default_factory=dict)
    _seen: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mapping", mapping_of_file(self.mapping, self.path))

    def columns_by_field(self, row: Row) -> dict[str, str]:
        """Return field to column for the columns that this row has.

        Raises:
            InputError: no column holds the answer or the question, or a mapped column is absent.
        """  # noqa: DOC501 - a function makes the error
        names = tuple(row.cells)
        if names not in self._seen:
            check_mapped(self.path, row.cells, self.mapping)
            found = find_columns(self.path, names, self.mapping)
            if "response" not in found and "messages" not in found:
                raise missing(self.path, "response", names)
            if "prompt" not in found and "messages" not in found and not (self.prompts and "id" in found):
                raise missing(self.path, "prompt", names)
            self._seen[names] = found
        return self._seen[names]

    def taken(self, row: Row) -> str:
        """Return in a line which columns of this row are taken as what."""
        if self._is_own(row):
            return f"{self.path}: prompts and answers as hantei exported them; hantei import takes the verdicts, too"
        found = self.columns_by_field(row)
        if _system(Cells(self.path, row, found))[0] is None and "system_prompt" not in found:
            found = {"system_prompt" if name == "system" else name: column for name, column in found.items()}
        parts = (f"{name} from '{column}'" for name, column in found.items())
        return f"{self.path}: {', '.join(parts)}"

    def _is_own(self, row: Row) -> bool:
        """Whether a row of hantei's own tables is to be read as what was exported."""
        return is_exported(row.cells) and not self.mapping and self.prompts is None

    def samples(self, row: Row) -> list[Row]:
        """Return a row for each answer of a row that holds several in a list; else the row."""
        found = self.columns_by_field(row)
        column = found.get("response", "")
        several = column.strip().lower() in SEVERAL  # elsewhere objects in a list are parts of one answer
        answers = row.cells.get(column)
        if isinstance(answers, str):
            answers = listed_answers(answers, several)
            if answers is not None:
                self.notices[f"{self.path}: texts of '{column}' that hold a list are several answers: samples"] = None
        if not isinstance(answers, list) or not answers or "sample" in found:
            return [row]
        if not several and not all(one is None or isinstance(one, str | bool | int | float) for one in answers):
            return [row]
        return [Row(row.number, {**row.cells, column: one, "sample": k}) for k, one in enumerate(answers)]

    def records(self, row: Row, bare_ids: bool) -> tuple[Prompt, Response]:
        """Return the prompt and the response of a row.

        ``bare_ids`` keeps the row's id as the response's, for a single file with unique ids and no system column.

        Raises:
            InputError: a column is missing.
            RowError: a cell does not hold what its field needs.
        """
        if self._is_own(row):
            own = exported_row(self.path, row)
            return own.prompt, own.response
        found = self.columns_by_field(row)
        cells = Cells(self.path, row, found, self.missing)
        prompt_id = self._id_of_benchmark(cells.identifier("id") or str(row.number))
        messages, answer = _asked_and_answered(cells, found, row)
        system, system_prompt = _system(cells)
        if system_prompt and messages and messages[0].role != "system":
            messages = (Message(role="system", content=system_prompt), *messages)
        prompt = self._prompt(cells, prompt_id, messages, answer.text)
        system = system or self.path.stem
        sample = cells.whole("sample")
        known = set(found.values())
        status, error = self._status(cells, answer)
        response = Response(
            id=prompt_id if bare_ids and not sample else response_id(system, prompt_id, sample),
            prompt_id=prompt_id,
            system=system,
            sample=sample,
            text=answer.text,
            status=status,
            reasoning=joined(cells.text("reasoning"), answer.reasoning),
            finish_reason=cells.text("finish_reason"),
            error=error,
            meta={name: value for name, value in row.cells.items() if name not in known},
        )
        return prompt, response

    def _status(self, cells: Cells, answer: Split) -> tuple[ResponseStatus, str | None]:
        reason = cells.text("finish_reason")
        stated = finish_status(reason)
        if stated is None:
            self.notices[
                f"{self.path}: finish reason '{(reason or '')[:40]}' is not known; its answers count as whole"
            ] = None
        if stated in ("filtered", "error"):
            return stated, None if stated == "filtered" else f"the model stopped with '{reason}'"
        if not answer.closed:
            return "truncated", None
        if stated == "truncated":
            return stated, None
        return ("ok", None) if answer.text else ("error", EMPTY)

    def _prompt(self, cells: Cells, prompt_id: str, messages: tuple[Message, ...] | None, answer: str) -> Prompt:
        if self.prompts is not None:
            return self._benchmark_prompt(cells, prompt_id, messages)
        if messages is None:  # pragma: no cover - found has made sure of a question
            raise cells.error("prompt", "expected a question")
        optional: dict[str, Any] = {name: cells.text(name) for name in _OPTIONAL_TEXT if cells.has(name)}
        optional["parent"] = cells.identifier("parent")
        stated = optional.pop("language", None)
        tag = language_tag(stated) if stated else self.language
        if stated and tag is None:
            self.notices[f"{self.path}: language '{stated[:40]}' is not known; told by the text's script instead"] = (
                None
            )
        intent = cells.text("intent")
        if intent is not None and intent not in INTENTS:
            raise cells.error("intent", f"expected one of {', '.join(INTENTS)}, found '{intent[:40]}'")
        tag = tag or detect(last_asked(messages)) or detect(answer)
        return Prompt(id=prompt_id, messages=messages, intent=intent, language=tag, **optional)  # type: ignore[arg-type]

    def _id_of_benchmark(self, prompt_id: str) -> str:
        """Return the benchmark's form of an id: tables with empty cells hold whole numbers as 1.0."""
        whole = prompt_id.removesuffix(".0")
        return whole if self.prompts and prompt_id not in self.prompts and whole in self.prompts else prompt_id

    def _benchmark_prompt(self, cells: Cells, prompt_id: str, messages: tuple[Message, ...] | None) -> Prompt:
        prompt = (self.prompts or {}).get(prompt_id)
        if prompt is None:
            raise cells.error("id", f"the benchmark has no prompt '{prompt_id[:80]}'")
        if messages is not None and _folded(messages[-1].content) != _folded(prompt.messages[-1].content):
            raise cells.error("prompt", f"the benchmark's prompt '{prompt_id[:80]}' has another text")
        return prompt


def _asked_and_answered(cells: Cells, found: Mapping[str, str], row: Row) -> tuple[tuple[Message, ...] | None, Split]:
    if "messages" not in found:
        answer = cells.answer()
        return _question(cells, found, row, answer), answer
    stored = cells.conversation()
    messages = stored.messages
    if "response" in found:
        return _asking(cells, messages), cells.answer()
    if len(messages) < 2 or messages[-1].role != "assistant":
        raise cells.error("messages", "expected the last message to be the assistant's answer to judge")
    return _asking(cells, messages[:-1]), Split(messages[-1].shown, stored.reasoning, stored.closed)


def _question(cells: Cells, found: Mapping[str, str], row: Row, answer: Split) -> tuple[Message, ...] | None:
    if "prompt" not in found:
        return None
    question = cells.text("prompt")
    if question is None and not answer.text:
        question = _other_question(row)  # nothing was asked: what should have been
    if question is None:
        raise cells.error("prompt", "expected text, found an empty cell")
    about = cells.text("input") if "input" in found else None
    text = "\n\n".join(part for part in (question, about) if part)
    return (Message(role="user", content=text),)


def _other_question(row: Row) -> str | None:
    by_lower = {name.strip().lower(): value for name, value in row.cells.items()}
    texts = (by_lower.get(alias) for alias in ALIASES["prompt"])
    return next((text for text in texts if isinstance(text, str) and text), None)


def _asking(cells: Cells, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the messages before the answer: the last is the user's, or a tool's after the user asked."""
    if not messages or messages[-1].role not in ("user", "tool") or all(turn.role != "user" for turn in messages):
        last = f"the {messages[-1].role}'s" if messages else "none"
        raise cells.error("messages", f"expected the user's message before the answer, found {last}")
    return messages


def _system(cells: Cells) -> tuple[str | None, str | None]:
    """Return the name of the system and the system prompt: a column ``system`` that holds a sentence is the latter."""
    name, prompt = cells.text("system"), cells.text("system_prompt")
    if prompt is None and name and cells.comes_from("system", "system") and is_system_prompt(name):
        return None, name
    return name, prompt


def _folded(text: str) -> str:
    return " ".join(text.split())
