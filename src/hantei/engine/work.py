"""What a run still has to do: answers to ask for, verdicts to ask for, in input order, read as needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hantei.records import Judgment, Prompt, Response, from_dict
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.journal import in_order, reorder

_PAGE = 128


@dataclass(frozen=True, slots=True)
class Work:
    """One answer: to ask for (``response`` is None), or there and to be judged by the judges of these numbers."""

    number: int
    prompt: Prompt
    sample: int
    response: Response | None
    judges: tuple[int, ...]


class AskingIndex(Index):
    """The index of a run that asks a model: of a response the last line wins, and input order is known beforehand.

    ``spent`` is what its ``paid`` records cost so far, in US dollars.
    The answer to sample s of the n-th prompt (from 1) has the number (n - 1) * samples + s + 1, whenever it comes.
    """

    def __init__(self, path: Path, samples: int) -> None:
        super().__init__(path)
        self.samples = samples
        self.paid = 0
        self.spent = 0.0
        self.db.execute("CREATE TABLE failed (no INTEGER PRIMARY KEY)")

    @classmethod
    @contextmanager
    def of(cls, run: Run, samples: int) -> Iterator[AskingIndex]:
        """Build the index of a run folder; it goes when the block ends.

        Raises:
            RecordError: a line is not the record it should be.
        """
        index = cls(run.index_path, samples)
        with index:
            run.fill(index)
            yield index

    def add_response(self, response: Response, offset: int) -> bool:
        """Add a response, replacing an earlier one of the same id; False if its prompt is unknown."""
        prompt = self._prompt_no(response.prompt_id)
        if not prompt:
            return False
        self.put_response(self.number(prompt, response.sample), response, offset)
        self._pay(response.cost)
        return True

    def add_judgment(self, judgment: Judgment, offset: int) -> bool:
        """Add a judgment, replacing an earlier one of the same key; False if its response is unknown."""
        self._pay(judgment.cost)
        return super().add_judgment(judgment, offset)

    def put_response(self, number: int, response: Response, offset: int) -> None:
        """Add a response whose number is known."""
        prompt = (number - 1) // self.samples + 1
        self.db.execute(
            "INSERT INTO responses (no, id, prompt, system, offset) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (no) DO UPDATE SET offset = excluded.offset",
            (number, _storable(response.id), prompt, self._system(response.system), offset),
        )
        failed = "INSERT OR IGNORE INTO failed VALUES (?)" if response.status == "error" else _MENDED
        self.db.execute(failed, (number,))

    def _pay(self, cost: float | None) -> None:
        self.paid += bool(cost)
        self.spent += cost or 0.0

    def number(self, prompt: int, sample: int) -> int:
        """Return the number of an answer."""
        return (prompt - 1) * self.samples + sample + 1

    def to_answer(self) -> int:
        """Return how many answers are still to be asked for."""
        query = """SELECT (SELECT COUNT(*) FROM prompts) * ? - (SELECT COUNT(*) FROM responses)
            + (SELECT COUNT(*) FROM failed)"""
        return int(self.db.execute(query, (self.samples,)).fetchone()[0])

    def response_offset(self, number: int) -> int | None:
        """Return where a response that needs no second asking stands in its file."""
        query = "SELECT offset FROM responses WHERE no = ? AND no NOT IN (SELECT no FROM failed)"
        found = self.db.execute(query, (number,)).fetchone()
        return found[0] if found else None

    def response_offsets(self) -> Iterator[int]:
        """Yield where the last line of each response stands, in input order."""
        return (row[0] for row in self.db.cursor().execute("SELECT offset FROM responses ORDER BY no"))

    def move_responses(self, path: Path) -> None:
        """Learn the new offsets of the responses after their file was put into input order."""
        with path.open("rb") as file:
            last, offset = 0, 0
            for line in file:
                (last,) = self.db.execute("SELECT MIN(no) FROM responses WHERE no > ?", (last,)).fetchone()
                self.db.execute("UPDATE responses SET offset = ? WHERE no = ?", (offset, last))
                offset += len(line)


_MENDED = "DELETE FROM failed WHERE no = ?"


def _storable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def put_responses_in_order(run: Run, index: AskingIndex) -> None:
    """Rewrite the responses so that each id has its last line, in input order, if they do not stand so yet."""
    if run.responses_path.exists() and not in_order(run.responses_path, index.response_offsets()):
        reorder(run.responses_path, index.response_offsets())
        index.move_responses(run.responses_path)


def work_of(run: Run, index: Index, judges: Sequence[int]) -> Iterator[Work]:
    """Yield everything that is left to do, in input order; what finishes meanwhile does not disturb it."""
    with run.prompts_path.open("rb") as prompts, _opened(run.responses_path) as responses:
        pages = _slots(index) if isinstance(index, AskingIndex) else _given(index)
        for number, prompt_at, sample, response_at in pages:
            left = tuple(judge for judge in judges if not _judged(index, judge, number))
            if response_at is None:
                yield Work(number, _read_prompt(prompts, prompt_at), sample, None, tuple(judges))
            elif left:
                responses.seek(response_at)
                response = from_dict(Response, json.loads(responses.readline()))
                yield Work(number, _read_prompt(prompts, prompt_at), sample, response, left)


_Slot = tuple[int, int, int, int | None]
"""Number of the answer, where its prompt stands, the sample, and where the answer stands if it is there."""


def _slots(index: AskingIndex) -> Iterator[_Slot]:
    for no, prompt_at in _paged(index, "SELECT no, offset FROM prompts WHERE no > ? ORDER BY no LIMIT ?"):
        for sample in range(index.samples):
            number = index.number(no, sample)
            yield number, prompt_at, sample, index.response_offset(number)


def _given(index: Index) -> Iterator[_Slot]:
    query = """SELECT r.no, p.offset, 0, r.offset FROM responses r JOIN prompts p ON p.no = r.prompt
        WHERE r.no > ? ORDER BY r.no LIMIT ?"""
    yield from _paged(index, query)


def _paged(index: Index, query: str) -> Iterator[Any]:
    last = 0
    while page := index.db.execute(query, (last, _PAGE)).fetchall():
        yield from page
        last = page[-1][0]


def _judged(index: Index, judge: int, response: int) -> bool:
    query = "SELECT 1 FROM judgments WHERE response = ? AND judge = ? AND final"
    return index.db.execute(query, (response, judge)).fetchone() is not None


def _read_prompt(file: BinaryIO, offset: int) -> Prompt:
    file.seek(offset)
    return from_dict(Prompt, json.loads(file.readline()))


def _opened(path: Path) -> BinaryIO:
    path.touch()
    return path.open("rb")
