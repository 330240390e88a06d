"""What is left of a run, in shards that others work on, and what they did, back in the run.

A shard is a run folder of its own, ``RUN/shards/00017``: the prompts whose ids fall to it by their hash, with their
answers and verdicts so far. It has a journal of its own, so whoever worked on it and was killed has lost what was in
flight and nothing else. Taking a shard back appends the lines that are new in it to the run's own files.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from hantei.files import write_atomic
from hantei.record_lines import from_line, records_at, to_line
from hantei.records import Judgment, Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.journal import Journal
from hantei.runs.merging import Moved, merge_index
from hantei.runs.pending import judged_between, slots

MOST = 256
"""Shards at most: each has a few files open while it is written."""

_PAGE, _GROUP = 256, 512
_COPIED = 1 << 20
_SIZES, _BEGUN = "own.json", "begun.json"


class _Own(msgspec.Struct, frozen=True, kw_only=True):
    """How many bytes at the beginning of a shard's files are the run's own; what follows is new."""

    responses: int = 0
    judgments: dict[str, int] = {}


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard held when work on it began: US dollars that its records cost, how many did, and answers."""

    spent: float
    paid: int
    answered: int


class _Piece(NamedTuple):
    """What goes into a shard together: where a prompt stands, and the numbers of answers to it."""

    prompt_offset: int
    numbers: tuple[int, ...]


def shards_of(run: Run) -> list[Run]:
    """Return the shards that are there, in order."""
    return [Run(path) for path in sorted((run.path / "shards").glob("[0-9]*"))]


def make_shards(run: Run, index: Index, judges: Sequence[str], count: int) -> list[Run]:
    """Write what is left to do into so many shards, and return those that have something to do.

    Args:
        run: the folder, in which there are no shards yet.
        index: its index, filled.
        judges: the names of the judges.
        count: how many shards, ``MOST`` at most.
    """
    part, folder = run.path / "shards.part", run.path / "shards"
    shutil.rmtree(part, ignore_errors=True)
    with ExitStack() as stack:
        source = _Source(stack, run, index, judges)
        writers = [_Writer(stack, part / f"{number:05}", judges) for number in range(count)]
        for piece in _left(index, [index.judge_no(name) for name in judges]):
            prompt = source.prompt(piece.prompt_offset)
            writers[_shard(prompt, count)].add(source, prompt, piece.numbers)
    for writer in writers:
        writer.finish(run)
    if any(part.iterdir()):
        part.rename(folder)
    else:
        part.rmdir()
    return shards_of(run)


def kept_index(shard: Run) -> Path:
    """Return where the index of a shard is, once whoever worked on it has come to an end: it knows all its lines."""
    return shard.path / "index.sqlite"


def begin(shard: Run, index: Index) -> Begun:
    """Return what a shard held when work on it began, by whoever was killed in the middle of it, if anybody was.

    Args:
        shard: the shard.
        index: its index, filled.
    """
    path = shard.path / _BEGUN
    if not path.exists():
        write_atomic(path, [msgspec.json.encode(holds(index))])
    return msgspec.json.decode(path.read_bytes(), type=Begun)


def holds(index: Index) -> Begun:
    """Return what the shard of an index holds now."""
    return Begun(spent=index.spent, paid=index.paid, answered=index.counts()["responses"])


def end(shard: Run) -> None:
    """Say that work on a shard came to an end: what was done is told, and not to be counted by others."""
    (shard.path / _BEGUN).unlink(missing_ok=True)


def take_back(run: Run, index: Index, shard: Run, paid: bool = True) -> None:
    """Append what is new in a shard to the run and its index, and remove the shard.

    Where the shard's index was kept, bytes are copied and the indexes merged; else every line is read. A kill in
    between appends some lines again when the run is gone on with; the last of each counts.

    Args:
        run: the run.
        index: its index.
        shard: the shard.
        paid: whether what the new lines cost was counted already; else they are read, to count it.

    Raises:
        RunError: somebody still works on it.
    """
    with shard.lock():
        own = msgspec.json.decode((shard.path / _SIZES).read_bytes(), type=_Own)
        if paid and kept_index(shard).exists():
            responses = _copy(run.responses_path, shard.responses_path, own.responses)
            judgments = {
                name: _copy(run.judgments_path(name), shard.judgments_path(name), size)
                for name, size in own.judgments.items()
            }
            new = {name: moved for name, moved in judgments.items() if moved is not None}
            merge_index(index, kept_index(shard), responses, new)
        else:
            _append(run.responses_path, shard.responses_path, own.responses, Response, index.add_response)
            for name, size in own.judgments.items():
                _append(run.judgments_path(name), shard.judgments_path(name), size, Judgment, index.add_judgment)
        shutil.rmtree(shard.path)
    if not shards_of(run):
        shutil.rmtree(shard.path.parent, ignore_errors=True)


def _copy(path: Path, source: Path, start: int) -> Moved | None:
    """Append the bytes of a file from one on to another file; return where they went, None where there are none."""
    if not source.exists() or source.stat().st_size <= start:
        return None
    with Journal(path) as journal, source.open("rb") as file:
        (to,) = journal.append([b""])
        file.seek(start)
        for part in iter(partial(file.read, _COPIED), b""):
            journal.append([part])
    return Moved(start, to)


_New = TypeVar("_New", Response, Judgment)


def _append(path: Path, source: Path, start: int, kind: type[_New], add: Callable[[_New, int], bool | None]) -> None:
    """Append the records of a file from a byte on to another one, and to the index.

    Args:
        path: where to.
        source: where from.
        start: the byte at which the first of them begins.
        kind: which records they are.
        add: takes a record and where it stands.
    """
    if not source.exists() or source.stat().st_size <= start:
        return
    records = (record for offset, record in records_at(source, kind) if offset >= start)
    with Journal(path) as journal:
        while group := list(islice(records, _GROUP)):
            for record, offset in zip(group, journal.append([to_line(one) for one in group]), strict=True):
                add(record, offset)


def _left(index: Index, judges: Sequence[int]) -> Iterator[_Piece]:
    """Yield what has something left to do, in input order; of a model's prompt all answers go together."""
    given = index.samples is None
    pieces = _given(index) if given else _asked(index)
    while page := list(islice(pieces, _PAGE)):
        first, last = page[0].numbers[0], page[-1].numbers[-1]
        judged = judged_between(index, first, last)
        query = "SELECT no FROM responses WHERE NOT failed AND no BETWEEN ? AND ?"
        answered = {number for (number,) in index.db.execute(query, (first, last))}
        for piece in page:
            whole = given or answered.issuperset(piece.numbers)
            if not whole or any((judge, number) not in judged for judge in judges for number in piece.numbers):
                yield piece


def _given(index: Index) -> Iterator[_Piece]:
    return (_Piece(slot.prompt_offset, (slot.number,)) for slot in slots(index))


def _asked(index: Index) -> Iterator[_Piece]:
    each, last = index.asked * (index.samples or 1), 0
    query = "SELECT no, offset FROM prompts WHERE no > ? ORDER BY no LIMIT ?"
    while page := index.db.execute(query, (last, _PAGE)).fetchall():
        yield from (_Piece(offset, tuple(range((number - 1) * each + 1, number * each + 1))) for number, offset in page)
        last = page[-1][0]


def _shard(prompt: bytes, count: int) -> int:
    """Return to which shard a prompt falls, by the hash of its id: the same whoever reads it, and in whatever order."""
    identity = from_line(Prompt, prompt).id.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest()) % count


class _Source:
    """Reads lines of the run's files by the numbers of the index."""

    def __init__(self, stack: ExitStack, run: Run, index: Index, judges: Sequence[str]) -> None:
        self._index = index
        self._prompts = stack.enter_context(run.prompts_path.open("rb"))
        self._responses = stack.enter_context(run.responses_path.open("rb")) if run.responses_path.exists() else None
        self._judgments = {name: stack.enter_context(run.open_judgments(name)) for name in judges}

    def prompt(self, offset: int) -> bytes:
        """Return the line of a prompt."""
        return _line(self._prompts, offset)

    def responses(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield the lines of those of these answers that are there."""
        for number in numbers:
            found = self._index.db.execute("SELECT offset FROM responses WHERE no = ?", (number,)).fetchone()
            if found and self._responses:
                yield _line(self._responses, found[0])

    def judgments(self, judge: str, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield the lines of a judge's judgments of these answers."""
        query = "SELECT offset FROM judgments WHERE judge = ? AND response = ? ORDER BY repeat, turn"
        for number in numbers:
            for (offset,) in self._index.db.execute(query, (self._index.judge_no(judge), number)).fetchall():
                yield _line(self._judgments[judge], offset)


class _Writer:
    """Writes one shard."""

    def __init__(self, stack: ExitStack, path: Path, judges: Sequence[str]) -> None:
        self._shard = Run(path)
        paths = [self._shard.prompts_path, self._shard.responses_path, *map(self._shard.judgments_path, judges)]
        for one in paths:
            one.parent.mkdir(parents=True, exist_ok=True)
        self._prompts, self._responses, *rest = (stack.enter_context(one.open("wb")) for one in paths)
        self._judgments = dict(zip(judges, rest, strict=True))
        self._last = b""

    def add(self, source: _Source, prompt: bytes, numbers: Sequence[int]) -> None:
        """Add a prompt with what is there of these answers to it."""
        if prompt != self._last:
            self._prompts.write(prompt)
            self._last = prompt
        self._responses.writelines(source.responses(numbers))
        for judge, file in self._judgments.items():
            file.writelines(source.judgments(judge, numbers))

    def finish(self, run: Run) -> None:
        """Make the shard a run folder with the run's plan; one without a prompt goes."""
        if not self._last:
            shutil.rmtree(self._shard.path)
            return
        sizes = {judge: self._shard.judgments_path(judge).stat().st_size for judge in self._judgments}
        own = _Own(responses=self._shard.responses_path.stat().st_size, judgments=sizes)
        write_atomic(self._shard.path / _SIZES, [msgspec.json.encode(own)])
        info = run.info()
        judges = {name: info.judges[name] for name in self._judgments}
        self._shard.write_info(replace(info, judges=judges, steps=(), checksums={}))


def _line(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    return file.readline()
