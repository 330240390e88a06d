"""What a run still has to do: answers to ask for, verdicts to ask for, in input order, read as needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hantei.records import Prompt, Response, from_line
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.journal import in_order, reorder


@dataclass(frozen=True, slots=True)
class Work:
    """One answer: to ask for (``response`` is None), or there and to be judged by the judges of these numbers."""

    number: int
    prompt: Prompt
    sample: int
    response: Response | None
    judges: tuple[int, ...]


def put_responses_in_order(run: Run, index: Index) -> None:
    """Rewrite the responses so that each id has its last line, in input order, if they do not stand so yet."""
    if run.responses_path.exists() and not in_order(run.responses_path, index.response_offsets()):
        reorder(run.responses_path, index.response_offsets())
        index.move_responses(run.responses_path)


def work_of(run: Run, index: Index, judges: Sequence[int]) -> Iterator[Work]:
    """Yield everything that is left to do, in input order; what finishes meanwhile does not disturb it."""
    with run.prompts_path.open("rb") as prompts, _opened(run.responses_path) as responses:
        for number, prompt_at, sample, response_at in index.slots():
            left = tuple(judge for judge in judges if not index.is_judged(judge, number))
            if response_at is None:
                yield Work(number, _read_prompt(prompts, prompt_at), sample, None, tuple(judges))
            elif left:
                responses.seek(response_at)
                response = from_line(Response, responses.readline())
                yield Work(number, _read_prompt(prompts, prompt_at), sample, response, left)


def _read_prompt(file: BinaryIO, offset: int) -> Prompt:
    file.seek(offset)
    return from_line(Prompt, file.readline())


def _opened(path: Path) -> BinaryIO:
    path.touch()
    return path.open("rb")
