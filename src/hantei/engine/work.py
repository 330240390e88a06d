"""What a run still has to do: answers to ask for, verdicts to ask for, in input order, read as needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from hantei.models.base import Request
from hantei.records import Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index, Location
from hantei.runs.judging import PairReader
from hantei.runs.pending import judged_between, slots

_PAGE = 128


class Work(NamedTuple):
    """One answer: to ask for (``response`` is None), or there and to be judged by the judges of these numbers.

    ``begun`` is the record of an answer to ask for of which turns were asked before. ``request`` is what is asked
    where that does not follow from the prompt, as for a correction, of which ``begun`` is the record.
    """

    number: int
    prompt: Prompt
    sample: int
    response: Response | None
    judges: tuple[int, ...]
    begun: Response | None = None
    request: Request | None = None


class Errand(Protocol):
    """Work that is not what a folder lacks: its ``len`` is how many answers it asks for."""

    def __len__(self) -> int: ...

    def works(self, judges: Sequence[int]) -> Iterator[Work]:
        """Yield what is to do, for the judges of these numbers."""
        ...


def work_of(run: Run, index: Index, judges: Sequence[int], place: int = 0) -> Iterator[Work]:
    """Yield everything that is left to do, in input order; what finishes meanwhile does not disturb it.

    Args:
        run: the folder.
        index: its index.
        judges: the numbers of its judges.
        place: of several systems that are asked, which one this is about, from 0.
    """
    wanted, all_slots = tuple(judges), slots(index, place)
    with PairReader(run) as reader:
        while page := list(islice(all_slots, _PAGE)):
            judged = judged_between(index, page[0].number, page[-1].number)
            for number, prompt_at, sample, response_at, failed_at in page:
                left = tuple(judge for judge in wanted if (judge, number) not in judged) if judged else wanted
                if response_at is None:
                    begun = _begun(reader, failed_at) if failed_at is not None else None
                    yield Work(number, reader.prompt(prompt_at), sample, None, wanted, begun)
                elif left:
                    prompt, response = reader.read(Location(number, response_at, prompt_at))
                    yield Work(number, prompt, sample, response, left)


def _begun(reader: PairReader, offset: int) -> Response | None:
    """Return the record of an answer that failed if some of its turns were answered, None where it is to begin anew."""
    response = reader.response(offset)
    return response if response.earlier else None
