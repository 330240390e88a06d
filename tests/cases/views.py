"""Files of answers as hantei reads them, in plain values that a test can name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hantei.errors import RowError
from hantei.inputs import Columns
from hantei.records import Prompt, Response
from hantei.tasks.options import Options
from hantei.tasks.sources import open_sources


def views(path: Path, at: str | None = None, **settings: Any) -> list[dict[str, Any]]:
    """Return what each answer of a file is read as.

    Raises:
        RowError: a row is broken.
    """
    found: list[dict[str, Any]] = []
    for table in open_sources(str(path), Options(rows=at)):
        columns = Columns(table.path, **settings)
        for row in table.rows():
            if isinstance(row, RowError):
                raise row
            found += [view(*columns.records(one, False)) for one in columns.samples(row)]
    return found


def view(prompt: Prompt, response: Response) -> dict[str, Any]:
    """Return a prompt and an answer in plain values."""
    return {
        "asked": [(turn.role, turn.content) for turn in prompt.messages],
        "calls": [(call.name, call.arguments) for turn in prompt.messages for call in turn.tool_calls],
        "prompt": prompt.text,
        "id": prompt.id,
        "language": prompt.language,
        "answer": response.text,
        "status": response.status,
        "reasoning": response.reasoning,
        "system": response.system,
        "sample": response.sample,
        "error": response.error,
    }
