"""A run folder: its files by name, what ``run.json`` says, and reading it back."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec

from hantei.cards import did_you_mean
from hantei.errors import RecordError, RunError, UsageError
from hantei.files import AnyPath, write_atomic
from hantei.record_lines import Record, from_dict, read_records, records_at, to_dict
from hantei.records import Judgment, Prompt, Response, Summary
from hantei.runs.index import Index
from hantei.runs.info import RunInfo, read_info
from hantei.runs.lock import hidden_sibling, locked
from hantei.runs.meant import the_one_meant
from hantei.runs.people import is_derived, people_of
from hantei.runs.showing import RunRecords

_OWN = (
    "run.json",
    "prompts.jsonl",
    "responses.jsonl",
    "rejected.jsonl",
    "judgments",
    "labels",
    "sheets",
    "critiques",
    "summary.json",
)
"""The records of a run in its folder."""

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


@dataclass(frozen=True, slots=True)
class Run(RunRecords):
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

    @property
    def info_path(self) -> Path:
        """What ran: a folder is a run folder because it has this file."""
        return self.path / "run.json"

    def info(self) -> RunInfo:
        """Return what ``run.json`` says, and who has labelled since it was written.

        Raises:
            RunError: it cannot be read, is of another shape, or was written by a newer version.
        """
        info = read_info(self.info_path)
        people = people_of(self.path / "labels")
        new = {name: one for name, one in people.items() if name not in info.judges}
        return msgspec.structs.replace(info, judges={**info.judges, **new}) if new else info

    def write_info(self, info: RunInfo) -> None:
        """Write ``run.json``.

        Raises:
            RunError: the folder is gone.
        """
        self.check_there()
        write_atomic(self.info_path, [json_text(msgspec.to_builtins(info))])

    def refuse_own_records(self, out: Path) -> None:
        """Refuse to write something else in the place of the run's own records.

        Raises:
            UsageError: ``out`` is one of them, or holds them.
        """
        own = {self.path / name for name in _OWN}
        place, home = out.resolve(), self.path.resolve()
        if (
            place == home
            or place in {path.resolve() for path in own}
            or {home / "judgments", home / "labels", home / "sheets", home / "critiques"} & {*place.parents}
        ):
            raise UsageError(f"--out {out}: holds the run's own records: name another place")

    def check_there(self) -> None:
        """Raise ``RunError`` if the folder is gone, so that nothing is written into one that would be half a run.

        Raises:
            RunError: it is gone.
        """
        if not self.path.is_dir():
            raise RunError(f"{self.path}: the run folder is gone: it was removed or renamed while hantei worked on it")

    def prompts(self) -> Iterator[Prompt]:
        """Yield the prompts as asked."""
        return read_records(self.prompts_path, Prompt)

    def responses(self) -> Iterator[Response]:
        """Yield the responses in input order."""
        return read_records(self.responses_path, Response)

    def judges(self) -> list[str]:
        """Return the names of the judges, in the order in which they were added."""
        return list(self.info().judges)

    def one_judge(self, wanted: str | None) -> str:
        """Return the judge, no person, that is meant by ``--judge``: by name or with ``*``, or the run's only one.

        Raises:
            UsageError: the run has none, or several.
        """
        machines = [name for name in self.judges() if not name.startswith("human:")]
        return the_one_meant("--judge", machines, wanted, self.path, f"hantei judge {self.path} --judge NAME")

    def one_person(self, wanted: str | None) -> str:
        """Return the person that is meant by ``--labels``, in the same way.

        Raises:
            UsageError: the run has none, or several.
        """
        named = [name for name in self.judges() if name.startswith("human:")]
        people = [name for name in named if name == wanted or not is_derived(name)]
        cure = f"hantei annotate {self.path} or hantei judge FILE --labels"
        return the_one_meant("--labels", people, wanted, self.path, cure)

    def open_judgments(self, judge: str) -> BinaryIO:
        """Open a judge's judgments for reading; there are none where it has not begun."""
        path = self.judgments_path(judge)
        return path.open("rb") if path.exists() else BytesIO()

    def judgments(self, judge: str) -> Iterator[Judgment]:
        """Yield a judge's judgments.

        Raises:
            UsageError: this run has none of that judge.
        """
        path = self.judgments_path(judge)
        if not path.exists() and judge not in self.judges():
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
        """Write ``summary.json``.

        Raises:
            RunError: the folder is gone.
        """
        self.check_there()
        write_atomic(self.summary_path, [json_text(to_dict(summary))])

    @property
    def index_path(self) -> Path:
        """The throw-away index, beside the folder, of the process that holds it for writing."""
        return hidden_sibling(self.path, "index.sqlite")

    @contextmanager
    def index(self, samples: int | None = None, asked: Sequence[str] = ()) -> Iterator[Index]:
        """Build an index for reading, in a temporary folder; it goes when the block ends.

        ``samples`` is how many answers to each prompt a model is asked for, None where the answers were given;
        ``asked`` are the systems that are asked.

        Raises:
            RecordError: a line is not the record it should be.
        """
        with (
            TemporaryDirectory(prefix="hantei-") as folder,
            Index(Path(folder) / "index.sqlite", samples, asked) as index,
        ):
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

    def lock(self) -> AbstractContextManager[None]:
        """Hold the folder, which need not exist yet, for writing; see ``runs/lock.py``.

        Raises:
            RunError: another process holds it.
        """
        return locked(self.path)


def _fill(path: Path, kind: type[Record], add: Callable[[Record, int], bool | None]) -> None:
    """Add the records of a file to an index by ``add``.

    Raises:
        RecordError: a line is no such record, holds a value that its field cannot have, or belongs to nothing.
    """  # noqa: DOC501 - the TypeError is caught below
    for offset, record in records_at(path, kind):
        try:
            if isinstance(record, Response) and not isinstance(record.text, str):
                raise TypeError("expected text as text")
            belongs = add(record, offset)
        except (TypeError, ValueError, KeyError, AttributeError, sqlite3.Error) as error:
            raise RecordError(f"{path}, at byte {offset}: not a {kind.__name__} as hantei writes it: {error}") from None
        if belongs is False and kind is not Prompt:
            raise RecordError(f"{path}, at byte {offset}: belongs to no {'prompt' if kind is Response else 'response'}")


def load_run(path: AnyPath) -> Run:
    """Open a run folder that exists.

    Raises:
        UsageError: there is no run at ``path``.
    """
    run = Run(Path(path))
    if not run.info_path.is_file():
        raise UsageError(f"{path}: expected a run folder (with run.json){_run_beside(run.path)}")
    return run


def _run_beside(path: Path) -> str:
    """Return which run beside a path that is none was meant, nothing where none is near."""
    with suppress(OSError):
        beside = [one.name for one in path.parent.iterdir() if (one / "run.json").is_file()]
        return did_you_mean(path.name, beside)
    return ""


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
