"""By which names the columns of a user's file are known, and which of them a file has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from hantei.cards import did_you_mean
from hantei.errors import InputError, UsageError
from hantei.inputs.values import columns_message, has_path

ALIASES: dict[str, tuple[str, ...]] = {
    "prompt": (
        *("prompt", "query", "question", "instruction", "context", "text", "input", "user", "user_prompt"),
        *("goal", "behavior", "behaviour", "forbidden_prompt", "request", "full_prompt", "问题", "提问", "質問"),
    ),
    "response": (
        *("response", "answer", "output", "completion", "generation", "model_output", "model_response"),
        *(
            "generated_text",
            "target_response",
            "assistant",
            "responses",
            "completions",
            "predictions",
            "answers",
            "outputs",
            "generations",
            "回答",
            "答案",
            "応答",
        ),
    ),
    "messages": ("messages", "conversation", "conversations", "turns", "contents"),
    "id": ("id", "prompt_id", "question_id", "custom_id", "behaviorid", "uid"),
    "system": ("model", "model_id", "model_name", "generator", "target_model", "system"),
    "system_prompt": ("system_prompt", "system_message", "system_instruction"),
    "input": (),
    "sample": ("sample",),
    "language": ("language", "lang"),
    "intent": ("intent",),
    "harm": ("harm",),
    "region": ("region",),
    "parent": ("parent",),
    "variant": ("variant",),
    "benchmark": ("benchmark",),
    "reference": ("reference", "reference_answer"),
    "criteria": ("criteria",),
    "reasoning": ("reasoning", "reasoning_content"),
    "finish_reason": ("finish_reason", "stop_reason", "done_reason", "finishreason"),
}
"""Names by which each field is found, the first that a file has winning; compared without case."""

_SENTENCE = re.compile(
    r"\n|[。！？]|\S+\s+\S+\s+.*[.!?]\s*$|^(?:you are|act as)\b|^(?:あなたは|你是|您是)", re.IGNORECASE
)
"""What tells a system prompt from a system's name."""

SEVERAL = ("responses", "completions", "predictions", "answers", "outputs", "generations")
"""Names of columns that hold several answers in a list, each a sample."""


def is_system_prompt(text: str) -> bool:
    """Whether what a column ``system`` holds is a prompt rather than a system's name: a sentence, or several lines."""
    return _SENTENCE.search(text) is not None


def mapping_of_file(mapping: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return what ``--map`` says of one file: ``FIELD=COLUMN``, and ``FILE:FIELD=COLUMN`` for this file alone.

    Raises:
        UsageError: there is no such field.
    """
    common: dict[str, str] = {}
    own: dict[str, str] = {}
    for key, column in mapping.items():
        file, _, name = key.rpartition(":")
        if name not in ALIASES:
            raise UsageError(
                f"--map {key}=...: no such field; choose from {', '.join(ALIASES)}{did_you_mean(key, ALIASES)}"
            )
        if not file:
            common[name] = column
        elif file in (path.name, str(path)):
            own[name] = column
    return common | own


def find_columns(path: Path, names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return field to column: mapped ones, then those of the usual names, each column once.

    Mapped columns that are paths into an object are taken as they are.
    """
    found = dict(mapping)
    used = {column.split(".")[0].split("[")[0] for column in mapping.values()} | set(mapping.values())
    by_lower = {name.strip().lower(): name for name in reversed(names) if name not in used}
    for target, aliases in ALIASES.items():
        if target not in found:
            column = next((by_lower[alias] for alias in aliases if alias in by_lower), None)
            if column is not None and column not in found.values():
                found[target] = column
    _system_prompt(found, by_lower)
    if found.get("prompt", "").strip().lower() == "instruction" and "input" in by_lower:
        found.setdefault("input", by_lower["input"])  # Alpaca: the task, and the text that it is about
    return found


def _system_prompt(found: dict[str, str], by_lower: Mapping[str, str]) -> None:
    """Take a column ``system`` beside one that names the model for the system prompt."""
    beside = by_lower.get("system")
    if beside is not None and beside not in found.values() and "system" in found:
        found.setdefault("system_prompt", beside)


def check_mapped(path: Path, cells: Mapping[str, object], mapping: Mapping[str, str]) -> None:
    """Raise an InputError where a row has no column that ``--map`` names.

    Raises:
        InputError: it has not.
    """  # noqa: DOC501 - it is what no_column makes
    for column in mapping.values():
        if not has_path(cells, column):
            raise no_column(path, column, list(cells))


def no_column(path: Path, column: str, names: Sequence[str], flag: str = "--map") -> InputError:
    """Return the error for a column that an option names and a file does not have.

    Args:
        path: the file.
        column: the column's name.
        names: those that the file has.
        flag: the option.
    """
    return InputError(f"{path}: no column '{column}' to {flag}; {columns_message(names)}{did_you_mean(column, names)}")


def missing(path: Path, name: str, names: Sequence[str]) -> InputError:
    """Return the error of a file in which no column holds the question or the answer."""
    what = {"response": "answer", "prompt": "question"}[name]
    return InputError(
        f"{path}: no column for the {what} (expected {', '.join(ALIASES[name])}); {columns_message(names)}; "
        f"{naming(name, names)}"
    )


def naming(field: str, names: Sequence[str]) -> str:
    """Return how a column is named for a field: by the one of the file's that has a slip in its name, if there is."""
    slips = (name for name in names for alias in ALIASES[field] if _is_slip(name.strip().lower(), alias))
    return f"name it with --map {field}={next(slips, 'COLUMN')}"


def _is_slip(name: str, alias: str) -> bool:
    return abs(len(name) - len(alias)) <= 2 and SequenceMatcher(None, name, alias).ratio() > 0.8
