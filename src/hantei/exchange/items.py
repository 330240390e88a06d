"""What another program's files hold, item by item, and the run folder that it becomes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from hantei.errors import CardError, InputError, RowError
from hantei.finish import finish_status
from hantei.judges.base import unanswered
from hantei.record_lines import to_line, wrong_number
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo, judge_info
from hantei.runs.journal import Journal

_GROUP = 512
_REASONS = 5
"""So many finish reasons that are not known are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One answer of another program's file: what was asked, what was answered, what was said of it.

    ``file`` and ``row`` (from 1) say where it stands, for messages.
    """

    file: str
    row: int
    prompt: Prompt
    response: Response
    judgments: tuple[Judgment, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportSource:
    """What a file holds. ``items`` yields a ``RowError`` in place of one that cannot be read.

    ``judges`` is what is known of the judges by name, as ``run.json`` keeps it, ``about`` what is known of all others.
    ``notes`` are lines that people should see, each once; both may grow while the items are read.
    """

    items: Iterable[Item | RowError]
    judges: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    about: Mapping[str, Any] | None = None
    notes: dict[str, None] = field(default_factory=dict)


def write_items(source: ImportSource, run: Run, index: Index, info: RunInfo) -> RunInfo:
    """Write the files of a new run into its empty folder, and return ``info`` with the judges and what was rejected.

    Rows that cannot be read are kept in ``rejected.jsonl`` with the reason. The index learns which ids there are.

    Args:
        source: the items, and what is known of their judges.
        run: the folder, which is empty.
        index: learns the ids and places of what is written.
        info: what ``run.json`` says so far.

    Raises:
        InputError: there is no row that can be read.
    """
    with _Files(run) as files:
        writing = _Writing(index, files)
        writing.write(source.items)
    for reason in sorted(writing.unknown_reasons):
        source.notes[f"finish reason '{reason[:40]}' is not known; its answers count as whole"] = None
    if not writing.written:
        raise InputError(f"nothing to import: {writing.first_problem or 'the files hold no answers'}")
    known = {name: source.judges.get(name, source.about) for name in writing.judges}
    judges = {name: _judge(name, known[name], digest) for name, digest in writing.judges.items()}
    return replace(info, judges=judges, rejected=writing.rejected)


def _judge(name: str, known: object, card_hash: str) -> JudgeInfo:
    """Return what ``run.json`` says of a judge: where nothing is known of it, its rate is a flagged rate."""
    try:
        if isinstance(known, Mapping):
            return judge_info(name, known.get("card_hash", card_hash), known)
    except CardError:
        pass  # another program's file may hold anything
    return JudgeInfo(card_hash=card_hash)


class _Files:
    """The journals of a new run folder, opened when there is something to write."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._open: dict[Path, Journal] = {}
        self._stack = ExitStack()

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def append(self, path: Path, lines: list[bytes]) -> None:
        if path not in self._open:
            self._open[path] = self._stack.enter_context(Journal(path))
        self._open[path].append(lines)


class _Writing:
    """One pass over the items; holds nothing but the group of lines at hand."""

    def __init__(self, index: Index, files: _Files) -> None:
        self._index, self._files = index, files
        self._lines: dict[Path, list[bytes]] = defaultdict(list)
        self.judges: dict[str, str] = {}
        self.written = self.rejected = 0
        self.first_problem: str | None = None
        self.unknown_reasons: set[str] = set()

    def write(self, items: Iterable[Item | RowError]) -> None:
        for path in (self._files.run.prompts_path, self._files.run.responses_path):
            self._files.append(path, [])
        for group in _groups(items):
            for item in group:
                try:
                    self._add(item)
                except RowError as error:
                    self._reject(error)
            for path, lines in self._lines.items():
                self._files.append(path, lines)
            self._lines.clear()

    def _add(self, item: Item | RowError) -> None:
        if isinstance(item, RowError):
            raise item
        prompt, response = item.prompt, item.response
        for judgment in item.judgments:
            if problem := wrong_number(judgment):
                raise RowError(item.file, item.row, None, f"{judgment.judge}: {problem}")
        if self._index.system_of(response.id) is not None:
            raise RowError(item.file, item.row, None, f"the answer '{response.id[:80]}' was there before")
        added = self._index.add_prompt(prompt, 0)
        if added is None:
            prompt, response, added = self._named_apart(item)
        if added:
            self._lines[self._files.run.prompts_path].append(to_line(prompt))
        self._index.add_response(response, 0)
        self._lines[self._files.run.responses_path].append(to_line(response))
        for judgment in (_of_an_answer(judgment, response) for judgment in item.judgments):
            self.judges.setdefault(judgment.judge, judgment.card_hash or "")
            self._lines[self._files.run.judgments_path(judgment.judge)].append(to_line(judgment))
        reason = response.finish_reason
        if reason is not None and finish_status(reason) is None and len(self.unknown_reasons) < _REASONS:
            self.unknown_reasons.add(reason)
        self.written += 1

    def _named_apart(self, item: Item) -> tuple[Prompt, Response, bool]:
        """Give a prompt an id of its own where its id already means another text, as ids of two files may.

        Raises:
            RowError: the new ids have another text as well.
        """
        for name in filter(None, (item.prompt.benchmark, item.response.system)):
            prompt = replace(item.prompt, id=f"{name}:{item.prompt.id}")
            added = self._index.add_prompt(prompt, 0)
            if added is not None:
                return prompt, replace(item.response, prompt_id=prompt.id), added
        raise RowError(item.file, item.row, None, f"id '{item.prompt.id[:80]}' has another text in an earlier row")

    def _reject(self, error: RowError) -> None:
        self.rejected += 1
        self.first_problem = self.first_problem or str(error)
        entry = {"file": error.file, "row": error.row, "column": error.column, "problem": error.problem}
        self._lines[self._files.run.rejected_path].append(json.dumps(entry).encode() + b"\n")


class _Judge(NamedTuple):
    name: str
    card_hash: str


def _of_an_answer(judgment: Judgment, response: Response) -> Judgment:
    """Return a judgment without its verdict where there was no answer to give one of; its score and words stay.

    Other programs let failed calls fail their assertions, too. What a person said of an answer is kept.
    """
    is_verdict = judgment.unsafe is not None or judgment.refusal is not None
    if not is_verdict or judgment.turn is not None or judgment.judge.startswith("human:"):
        return judgment
    none = unanswered(_Judge(judgment.judge, judgment.card_hash or ""), response)
    if none is None:
        return judgment
    why = {"status": none.status, "fault": none.fault, "reason": none.reason, "error": none.error}
    return replace(judgment, unsafe=None, refusal=None, **why)


def _groups(items: Iterable[Item | RowError]) -> Iterator[list[Item | RowError]]:
    stream = iter(items)
    while group := list(islice(stream, _GROUP)):
        yield group
