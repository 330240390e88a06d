"""A run folder: its files by name, what ``run.json`` says, and reading it back."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.errors import RecordError, RunError, UsageError
from hantei.files import write_atomic
from hantei.records import (
    Judgment,
    Prompt,
    Record,
    Response,
    Summary,
    from_dict,
    read_records,
    records_at,
    to_dict,
)
from hantei.runs.index import Index

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder. ``path`` is the folder; everything is read from its files when asked for."""

    path: Path

    @property
    def prompts_path(self) -> Path:
        """The prompts as asked."""
        return self.path / "prompts.jsonl"

    @property
    def responses_path(self) -> Path:
        """The answers."""
        return self.path / "responses.jsonl"

    @property
    def rejected_path(self) -> Path:
        """The rows that could not be read."""
        return self.path / "rejected.jsonl"

    @property
    def summary_path(self) -> Path:
        """Every rate."""
        return self.path / "summary.json"

    @property
    def report_path(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    def judgments_path(self, judge: str) -> Path:
        """Return the file of a judge's judgments; a person's are labels."""
        room = "labels" if judge.startswith("human:") else "judgments"
        return self.path / room / f"{file_name(judge)}.jsonl"

    def info(self) -> dict[str, Any]:
        """Return what ``run.json`` says.

        Raises:
            RunError: it cannot be read.
        """
        try:
            data = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / 'run.json'}: expected the description of a run: {error}") from None
        shape = {"created": str, "judges": dict}
        if not isinstance(data, dict) or not all(isinstance(data.get(key), kind) for key, kind in shape.items()):
            raise RunError(f"{self.path / 'run.json'}: expected an object with {', '.join(shape)}")
        return data

    def write_info(self, info: Mapping[str, Any]) -> None:
        """Write ``run.json``."""
        write_atomic(self.path / "run.json", [json_text(info)])

    def prompts(self) -> Iterator[Prompt]:
        """Yield the prompts as asked."""
        return read_records(self.prompts_path, Prompt)

    def responses(self) -> Iterator[Response]:
        """Yield the responses in input order."""
        return read_records(self.responses_path, Response)

    def judges(self) -> list[str]:
        """Return the names of the judges, in the order in which they were added."""
        return list(self.info().get("judges", {}))

    def judgments(self, judge: str) -> Iterator[Judgment]:
        """Yield a judge's judgments.

        Raises:
            UsageError: this run has none of that judge.
        """
        path = self.judgments_path(judge)
        if not path.exists():
            raise UsageError(f"{self.path}: no judgments of '{judge}'; it has {', '.join(self.judges()) or 'none'}")
        return read_records(path, Judgment)

    def summary(self) -> Summary:
        """Return the summary as it was last written.

        Raises:
            RunError: there is none yet.
        """
        try:
            return from_dict(Summary, json.loads(self.summary_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecordError) as error:
            raise RunError(f"{self.summary_path}: expected a summary; run hantei report {self.path}: {error}") from None

    def write_summary(self, summary: Summary) -> None:
        """Write ``summary.json``."""
        write_atomic(self.summary_path, [json_text(to_dict(summary))])

    @property
    def index_path(self) -> Path:
        """The throw-away index, beside the folder while something works on it."""
        return self.path.with_name(f".{self.path.name}.index.sqlite")

    @contextmanager
    def index(self, samples: int | None = None) -> Iterator[Index]:
        """Build the index of this folder; it goes when the block ends.

        ``samples`` is how many answers to each prompt a model is asked for, None where the answers were given.

        Raises:
            RecordError: a line is not the record it should be.
        """
        with Index(self.index_path, samples) as index:
            self.fill(index)
            yield index

    def fill(self, index: Index) -> None:
        """Add everything in this folder to an index.

        Raises:
            RecordError: a line is not the record it should be.
        """
        _fill(self.prompts_path, Prompt, index.add_prompt)
        _fill(self.responses_path, Response, index.add_response)
        for judge in self.judges():
            index.judge_no(judge)  # one that has not judged anything yet counts as well
            _fill(self.judgments_path(judge), Judgment, index.add_judgment)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder, which need not exist yet, for writing.

        The lock is a file beside the folder, so that it also covers the folder's making.

        Raises:
            RunError: another process holds it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        held = self.path.with_name(f".{self.path.name}.lock")
        with held.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The one before removed the file between our opening and locking it: somebody else may hold a new one.
                if os.fstat(file.fileno()).st_ino != held.stat().st_ino:
                    raise BlockingIOError
            except (BlockingIOError, FileNotFoundError):
                raise RunError(f"{self.path}: another hantei is writing this run; wait for it to end") from None
            try:
                yield
            finally:
                held.unlink(missing_ok=True)


def _fill(path: Path, kind: type[Record], add: Callable[[Record, int], bool | None]) -> None:
    """Add the records of a file to an index by ``add``.

    Raises:
        RecordError: a line is no such record, holds a value that its field cannot have, or belongs to nothing.
    """
    for offset, record in records_at(path, kind):
        try:
            if isinstance(record, Response) and not isinstance(record.text, str):
                raise TypeError("expected text as text")
            belongs = add(record, offset)
        except (TypeError, ValueError, KeyError, AttributeError, sqlite3.Error) as error:
            raise RecordError(f"{path}, at byte {offset}: not a {kind.__name__} as hantei writes it: {error}") from None
        if belongs is False and kind is not Prompt:
            raise RecordError(f"{path}, at byte {offset}: belongs to no {'prompt' if kind is Response else 'response'}")


def load_run(path: str | Path) -> Run:
    """Open a run folder that exists.

    Raises:
        UsageError: there is no run at ``path``.
    """
    run = Run(Path(path))
    if not (run.path / "run.json").is_file():
        raise UsageError(f"{path}: expected a run folder (with run.json)")
    return run


def file_name(judge: str) -> str:
    """Return the file name of a judge's judgments: a plain card's name, else a slug and 8 hex digits of the name."""
    if _PLAIN_NAME.fullmatch(judge):
        return judge
    slug = re.sub(r"[^a-z0-9]+", "-", judge.lower()).strip("-")[:40] or "judge"
    return f"{slug}-{hashlib.sha256(judge.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def json_text(data: Any) -> bytes:
    """Return readable JSON with a line end, as bytes; lone surrogates stay escapes."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(data, indent=2).encode() + b"\n"
