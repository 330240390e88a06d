"""hantei's own tables: columns for people, and one, ``hantei``, that holds the whole records for hantei.

The columns for people cannot hold all: conversations are shown as text, formulas are defused, repeats left out. What
stands in them must still be what the records say: a row that was edited is an error, not silently the old one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from hantei.errors import RowError
from hantei.inputs.row import Row
from hantei.record_lines import to_dict
from hantei.records import Judgment, Message, Prompt, Response
from hantei.turns import with_earlier_answers

COLUMN = "hantei"
VERDICT = (
    "status",
    "unsafe",
    "p_unsafe",
    "score",
    "action",
    "refusal",
    "categories",
    "critique",
    "in_training",
    "error",
)
"""What of a judgment has a column, ``JUDGE.field``."""


class ExportedRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the column ``hantei`` holds; in the first row ``judges`` is what ``run.json`` says of them."""

    prompt: Prompt
    response: Response
    judgments: tuple[Judgment, ...] = ()
    judges: Mapping[str, Mapping[str, Any]] = {}


def record_cell(row: ExportedRow) -> str:
    """Return the cell of the column ``hantei``: JSON in ASCII, which every table can hold."""
    data: dict[str, Any] = {"prompt": to_dict(row.prompt), "response": to_dict(row.response)}
    if row.judgments:
        data["judgments"] = [to_dict(judgment) for judgment in row.judgments]
    if row.judges:
        data["judges"] = row.judges
    return json.dumps(data)


def is_exported(names: Mapping[str, Any]) -> bool:
    """Whether a row is one of hantei's own tables."""
    return COLUMN in names and "response_id" in names


def exported_row(path: Path, row: Row) -> ExportedRow:
    """Return the records of a row of hantei's own tables; columns that were added since are in the response's ``meta``.

    Raises:
        RowError: the records cannot be read, or a column for people says something else.
    """
    cell = row.cells.get(COLUMN)
    try:
        own = msgspec.convert(json.loads(cell) if isinstance(cell, str) else cell, ExportedRow)
    except (ValueError, msgspec.ValidationError, RecursionError):
        problem = (
            "does not hold the records that hantei wrote (spreadsheets cut cells after 32,767 characters); export "
            "again, or delete this column to read the others with hantei judge"
        )
        raise RowError(str(path), row.number, COLUMN, problem) from None
    shown = columns(own.prompt, own.response) | verdict_columns(own.judgments)
    for name, value in shown.items():
        if name in row.cells and _said(row.cells[name]) not in (_said(value), _said(spreadsheet_safe(value))):
            problem = (
                f"was changed after hantei exported it; delete the column '{COLUMN}' to read the others with hantei "
                "judge, or give people's verdicts in a column of their own, with --labels"
            )
            raise RowError(str(path), row.number, name, problem)
    return _with_added(own, row, shown)


def _with_added(own: ExportedRow, row: Row, shown: Mapping[str, Any]) -> ExportedRow:
    """Keep columns that are neither ours nor those of the file that was judged before."""
    verdicts = tuple(f".{field}" for field in VERDICT)
    known = {*shown, *own.response.meta, COLUMN}
    added = {
        name: cell
        for name, cell in row.cells.items()
        if name not in known
        and not name.startswith("source.")
        and not name.endswith(verdicts)
        and cell not in (None, "")
    }
    return replace(own, response=replace(own.response, meta={**own.response.meta, **added})) if added else own


def columns(prompt: Prompt, response: Response) -> dict[str, Any]:
    """Return the columns of an answer for people."""
    return {
        "response_id": response.id,
        "prompt_id": prompt.id,
        "system": response.system,
        "sample": response.sample,
        "language": prompt.language,
        "intent": prompt.intent,
        "harm": prompt.harm,
        "region": prompt.region,
        "parent": prompt.parent,
        "variant": prompt.variant,
        "benchmark": prompt.benchmark,
        "reference": prompt.reference,
        "criteria": prompt.criteria,
        "prompt": _conversation(with_earlier_answers(prompt, response).messages),
        "response": response.text,
        "response_status": response.status,
    }


def _conversation(messages: Sequence[Message]) -> str:
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"{message.role}: {message.shown}" for message in messages)


def verdict_columns(judgments: Sequence[Judgment]) -> dict[str, Any]:
    """Return the columns of each judge's first word on a response."""
    shown: dict[str, Any] = {}
    for judgment in judgments:
        if f"{judgment.judge}.status" not in shown:
            values = {field: getattr(judgment, field) for field in VERDICT}
            values["categories"] = "; ".join(judgment.categories)
            shown |= {f"{judgment.judge}.{field}": value for field, value in values.items()}
    return shown


def spreadsheet_safe(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text that could start one gets an apostrophe in front.

    Source: OWASP, CSV injection. Numbers of hantei's own stay numbers; NUL, which ends a file for some readers, goes.
    """
    if cell is None or isinstance(cell, int | float):
        return cell
    text = (cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)).replace("\0", "")
    risky = text.lstrip(" \t\r\n\u3000")[:1] in ("=", "+", "-", "@", "＝", "＋", "－", "＠") or text[:1] in (
        "\t",
        "\r",
        "\n",
    )
    return "'" + text if risky and text else text


def _said(cell: Any) -> str:
    """Return what a cell says, whatever a spreadsheet or a table made of its type and its line ends."""
    if cell is None or cell != cell:
        return ""
    text = (
        str(cell)
        .encode("utf-8", "backslashreplace")
        .decode()
        .replace("\0", "")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .strip()
    )
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        return repr(float(text))
    except ValueError:
        return text
