"""Files of other programs, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hantei.exchange import import_run
from hantei.records import Judgment
from hantei.runs.folder import Run


def lines(path: Path, rows: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def document(path: Path, whole: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=2))
    return path


def imported(*paths: Path, source: str | None = None) -> Run:
    """Import files, recognised by their content where no source is named, into a folder beside the first of them."""
    return import_run(list(paths), source, paths[0].parent / "run")


def judgments(run: Run, judge: str) -> dict[str, Judgment]:
    return {one.response_id: one for one in run.judgments(judge)}


def problems(run: Run) -> list[tuple[int, str]]:
    """Return the row and the problem of what was rejected."""
    if not run.rejected_path.exists():
        return []
    entries = [json.loads(line) for line in run.rejected_path.read_text().splitlines()]
    return [(entry["row"], entry["problem"]) for entry in entries]
