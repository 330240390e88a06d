"""From a user's files to the prompts and responses of a new run folder: all good rows, or nothing and the reasons.

Where it is asked for, people's labels that stand beside the answers become the judgments of one more judge, ``GIVEN``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs import Columns, Row
from hantei.inputs.labels import LabelColumns, RowLabels, no_label
from hantei.language import detect
from hantei.record_lines import to_line
from hantei.records import Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.grouped import GroupedJournal
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo, RunInfo

GIVEN = "human:given"
"""The judge to whom the labels belong that came with the answers."""

_NAMED = 5
"""Bad rows named in the message; all of them are in ``rejected.jsonl`` with ``--skip-bad-rows``."""


class RowSource(Protocol):
    """Rows of one source: an opened table, or rows given in Python."""

    @property
    def path(self) -> Path:
        """Where the rows come from, for messages and the name of a system."""
        ...

    def rows(self) -> Iterator[Row | RowError]:
        """Yield rows, errors in place of broken ones."""
        ...


@dataclass(slots=True)
class Ingested:
    """What was read: how many responses, the rows that could not be, the columns that held people's labels,
    and what people should know of the files, a line each."""

    responses: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)
    label_columns: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows become records: ``--map``, ``--language``, the prompts of ``--benchmark``, and ``--skip-bad-rows``.

    ``labels`` is label to column where a label's column has none of the usual names; None where labels are not read.
    ``missing`` are answers that mean that there is none. ``say`` takes what people should know of a file, a line each.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    prompts: Mapping[str, Prompt] | None = None
    skip_bad_rows: bool = False
    labels: Mapping[str, str] | None = None
    missing: tuple[str, ...] = ()
    say: Callable[[str], None] = lambda _line: None


def ingest(sources: Sequence[RowSource], run: Run, index: Index, reading: Reading, info: RunInfo) -> RunInfo:
    """Write ``prompts.jsonl``, ``responses.jsonl`` and labels of a new run, index them, and return what was read.

    Args:
        sources: what the rows come from.
        run: the folder to write into, empty.
        index: its index, empty.
        reading: how rows become records.
        info: what ``run.json`` says before anything is read.

    Raises:
        InputError: a file has no column for the question or the answer, or no label where labels are to be read; no
            good row; or bad rows and they are not to be skipped. The message names the first of them.
    """
    done = _Ingestion(run, index, reading).read(sources)
    _check(done, reading)
    for line in done.notes:
        reading.say(line)
    people = {GIVEN: _person(done.label_columns)} if reading.labels is not None else {}
    return replace(info, judges={**info.judges, **people}, rejected=done.rejected)


def _person(columns: set[str]) -> JudgeInfo:
    """Return what ``run.json`` says of the people whose labels came with the answers."""
    names = ", ".join(f"'{column}'" for column in sorted(columns))
    return JudgeInfo(rate_kind="violation", description=f"People's labels that came with the answers (in {names}).")


def write_prompts(asked: Iterable[tuple[str, Iterable[Prompt]]], run: Run, index: Index) -> None:
    """Write ``prompts.jsonl`` of a new run, and index it; the language is told where a prompt does not say.

    A prompt whose id an earlier benchmark has is named apart: ``BENCHMARK:ID``.

    Args:
        asked: each benchmark's name with its prompts, in the order in which they are asked.
        run: the new run.
        index: learns the ids and places of the prompts.

    Raises:
        InputError: two prompts of one benchmark have one id.
        UsageError: a benchmark has no prompt.
    """
    before = 0
    with GroupedJournal(run.prompts_path) as lines:
        for benchmark, prompts in asked:
            count = 0
            for count, prompt in enumerate(prompts, 1):
                prompt = prompt if prompt.language else replace(prompt, language=detect(prompt.text))
                if 0 < index.prompt_no(prompt.id) <= before:
                    prompt = replace(prompt, id=f"{benchmark}:{prompt.id}")
                if not index.add_prompt(prompt, lines.offset):
                    raise InputError(f"--benchmark {benchmark}: prompt {count}: id '{prompt.id[:80]}' was there before")
                lines.add(to_line(prompt))
            if not count:
                raise UsageError(f"--benchmark {benchmark}: expected prompts, found none")
            before += count


def _check(done: Ingested, reading: Reading) -> None:
    if done.rejected and not reading.skip_bad_rows:
        rest = done.rejected - len(done.problems)
        more = f"; and {rest:,} more" if rest else ""
        raise InputError(
            "; ".join(done.problems)
            + f"{more}. Nothing was judged: correct the rows, or judge the good ones with --skip-bad-rows"
        )
    if not done.responses:
        problems = "; ".join(done.problems) or "the files hold no data rows"
        raise InputError(f"no row that can be judged: {problems}")


class _Ingestion:
    """One pass over the sources; holds nothing but the group of lines at hand."""

    def __init__(self, run: Run, index: Index, reading: Reading) -> None:
        self._run, self._index, self._reading = run, index, reading
        self._done = Ingested()

    def read(self, sources: Sequence[RowSource]) -> Ingested:
        run = self._run
        with (
            GroupedJournal(run.prompts_path) as self._prompts,
            GroupedJournal(run.responses_path) as self._responses,
            GroupedJournal(run.rejected_path) as self._rejected,
            self._label_journal() as self._labels,
        ):
            for source in sources:
                self._source(source, alone=len(sources) == 1)
        if not self._done.rejected:
            run.rejected_path.unlink(missing_ok=True)
        return self._done

    def _label_journal(self) -> AbstractContextManager[GroupedJournal | None]:
        labelled = self._reading.labels is not None
        return GroupedJournal(self._run.judgments_path(GIVEN)) if labelled else nullcontext()

    def _source(self, source: RowSource, alone: bool) -> None:
        reading = self._reading
        columns = Columns(source.path, reading.mapping, reading.language, reading.prompts, reading.missing)
        people = _LabelColumns(source.path, reading.labels) if reading.labels is not None else None
        bare: bool | None = None
        for item in self._from_first_with_columns(source, columns):
            if isinstance(item, RowError):
                self._reject(item)
                continue
            if bare is None and people:
                people.columns_by_field(
                    item, columns.columns_by_field(item)
                )  # a file without the columns ends here, whatever is skipped
            try:
                for row in columns.samples(item):
                    found = columns.columns_by_field(row)
                    if bare is None:
                        bare = alone and "id" in found and not {"system", "sample"} & found.keys()
                        self._done.notes.append(columns.taken(row))
                    said = people.row_labels(row, found) if people else RowLabels()
                    self._add(source.path, row, *columns.records(row, bare), said)
            except RowError as error:
                self._reject(error)
            except InputError as error:
                self._reject(RowError(str(source.path), item.number, None, str(error)))
        self._done.notes += columns.notices
        if people:
            self._done.label_columns |= people.columns()

    def _from_first_with_columns(self, source: RowSource, columns: Columns) -> Iterator[Row | RowError]:
        """Yield the rows; a first row without the columns, which tells of the file, is passed over with a notice.

        A file of which the second row lacks them too ends here, whatever is to be skipped.
        """
        without: InputError | None = None
        begun = False
        for item in source.rows():
            if isinstance(item, Row) and item.above:
                self._done.notes.append(f"{source.path}: {item.above}")
            if isinstance(item, Row) and not begun:
                try:
                    columns.columns_by_field(item)
                except InputError as error:
                    if without is not None:
                        raise without from None
                    without = error
                    continue
                begun = True
                if without is not None:
                    self._done.notes.append(f"the first line is no answer and was passed over: {without}")
            yield item
        if without is not None and not begun:
            raise without

    def _add(self, path: Path, row: Row, prompt: Prompt, response: Response, said: RowLabels) -> None:
        earlier = self._index.system_of(response.id)
        if earlier is not None:
            raise RowError(str(path), row.number, "id", _twice(response, earlier))
        added = self._index.add_prompt(prompt, self._prompts.offset)
        if added is None:
            prompt, response = _named_apart(prompt, response)
            added = self._index.add_prompt(prompt, self._prompts.offset)
        if added is None:
            raise RowError(
                str(path), row.number, "prompt", f"id '{response.prompt_id}' has another text in an earlier row"
            )
        if added:
            self._prompts.add(to_line(prompt))
        self._index.add_response(response, self._responses.offset)
        self._responses.add(to_line(response))
        self._done.responses += 1
        if self._labels is not None and said.any:
            judgment = said.judgment(response.id, GIVEN)
            self._index.add_judgment(judgment, self._labels.offset)
            self._labels.add(to_line(judgment))

    def _reject(self, error: RowError) -> None:
        self._done.rejected += 1
        if len(self._done.problems) < _NAMED:
            self._done.problems.append(str(error))
        entry = {"file": error.file, "row": error.row, "column": error.column, "problem": error.problem}
        self._rejected.add(json.dumps(entry).encode() + b"\n")


class _LabelColumns:
    """The labels of one file: columns that are those of labels, and of no field of a prompt or a response."""

    def __init__(self, path: Path, mapping: Mapping[str, str]) -> None:
        self._path, self._columns = path, LabelColumns(path, mapping)
        self._found: dict[tuple[str, ...], dict[str, str]] = {}

    def columns_by_field(self, row: Row, fields: Mapping[str, str]) -> dict[str, str]:
        """Return label to column for the columns of a row whose ``fields`` have these columns.

        Raises:
            InputError: a mapped column is absent, or is that of a field.
        """
        names = tuple(row.cells)
        if names not in self._found:
            self._found[names] = self._columns.columns_by_field(names, fields)
        return self._found[names]

    def row_labels(self, row: Row, fields: Mapping[str, str]) -> RowLabels:
        """Return the labels of a row.

        Raises:
            InputError: a mapped column is absent.
            RowError: a cell holds no such label.
        """
        return self._columns.labels(row, self.columns_by_field(row, fields))

    def columns(self) -> set[str]:
        """Return the columns that held labels.

        Raises:
            InputError: there are none.
        """  # noqa: DOC501 - a function makes the error
        columns = {column for found in self._found.values() for column in found.values()}
        if not columns:
            raise no_label(self._path, next(iter(self._found), ()))
        return columns


def _twice(response: Response, earlier: str) -> str:
    """Say why a response cannot stand beside an earlier one, of system ``earlier``, with the same id."""
    if earlier != response.system:
        return f"'{response.id}' also reads as an answer of system '{earlier}': rename the system or the id"
    triple = f"system '{response.system}', id '{response.prompt_id}', sample {response.sample}"
    return f"{triple} stands in an earlier row; give repeats a sample column, and each system its own name"


def _named_apart(prompt: Prompt, response: Response) -> tuple[Prompt, Response]:
    """Give a prompt an id of its own where its id already means another text, as row numbers of two files do."""
    prompt_id = f"{response.system}:{prompt.id}"
    return replace(prompt, id=prompt_id), replace(response, prompt_id=prompt_id)
