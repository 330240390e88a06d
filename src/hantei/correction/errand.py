"""What one round of corrections has to do, from what the folder holds: nothing else is remembered between two calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from hantei.correction.card import CorrectionCard
from hantei.correction.rules import Rules
from hantei.correction.versions import ASKED, followers, version_of
from hantei.database import storable
from hantei.engine.work import Work
from hantei.models.base import Request, Sampling
from hantei.record_lines import from_line, to_line
from hantei.records import Judgment, Prompt, Response
from hantei.runs.facts import LAST_TURN
from hantei.runs.folder import Run
from hantei.runs.index import Index, Location
from hantei.runs.journal import Journal
from hantei.runs.judging import PairReader


class Found(NamedTuple):
    """An unsafe response: where it stands, and where the judgment that says so does."""

    place: Location
    judgment_offset: int


class ToDo(NamedTuple):
    """A version to ask for: of what, as which response, under which number."""

    found: Found
    begun: Response
    number: int


class Round:
    """The versions that come next after every unsafe response that has none yet, up to ``rounds`` each."""

    def __init__(
        self,
        run: Run,
        index: Index,
        judge: str,
        card: CorrectionCard,
        rules: Rules,
        rounds: int,
        sampling: Sampling,
    ) -> None:
        """Find out what is to do.

        Args:
            run: the folder, with the verdicts of the round before.
            index: its index.
            judge: whose verdicts and critiques count.
            card: how the model is asked.
            rules: that the answers must keep.
            rounds: how often one answer is corrected, at most.
            sampling: how answers are drawn.
        """
        self._run, self._index, self._judge = run, index, judge
        self._card, self._rules, self._rounds, self._sampling = card, rules, rounds, sampling
        self._to_do = list(self._missing())

    def __len__(self) -> int:
        return len(self._to_do)

    def works(self, judges: Sequence[int]) -> Iterator[Work]:
        """Yield the calls to make."""
        with PairReader(self._run) as reader, self._run.open_judgments(self._judge) as judgments:
            for found, begun, number in self._to_do:
                prompt, response = (
                    reader.prompt(found.place.prompt_offset),
                    reader.response(found.place.response_offset),
                )
                judgments.seek(found.judgment_offset)
                judgment = from_line(Judgment, judgments.readline()) if version_of(begun) == "critique" else None
                request = self._request(prompt, response, judgment)
                yield Work(number, prompt, response.sample, None, tuple(judges), begun, request)

    def _request(self, prompt: Prompt, response: Response, judgment: Judgment | None) -> Request:
        turns = self._card.conversation(prompt, response, judgment, self._rules.text_for(prompt))
        return Request(messages=turns, sampling=self._sampling)

    def _missing(self) -> Iterator[ToDo]:
        new = self._index.next_number()
        with PairReader(self._run) as reader:
            for found in unsafe_responses(self._index, self._judge):
                response = reader.response(found.place.response_offset)
                for begun in lacking(self._index, response, ASKED, self._rounds):
                    number = self._index.response_no(begun.id)
                    yield ToDo(found, begun, number or new)
                    new += number is None


def add_refusals(run: Run, index: Index, judge: str, card: CorrectionCard) -> None:
    """Write the refusals that unsafe originals lack, a baseline for which nobody is asked, to be judged later.

    Args:
        run: the folder.
        index: its index.
        judge: whose verdicts count.
        card: what a refusal says.
    """
    with PairReader(run) as reader, Journal(run.responses_path) as journal:
        for found in unsafe_responses(index, judge):
            prompt, original = reader.read(found.place)
            for begun in lacking(index, original, ("refusal",), 1):
                response = replace(begun, status="ok", text=card.refusal(prompt, original), finish_reason="stop")
                (offset,) = journal.append([to_line(response)])
                index.add_response(response, offset)


def lacking(index: Index, response: Response, versions: Sequence[str], rounds: int) -> Iterator[Response]:
    """Yield the versions after an unsafe response that are not there, or failed.

    Args:
        index: of the folder.
        response: the unsafe one.
        versions: those that are wanted.
        rounds: how often one answer is corrected, at most.
    """
    query = "SELECT EXISTS (SELECT 1 FROM responses WHERE id = ? AND NOT failed)"
    for begun in followers(response, rounds):
        there = index.db.execute(query, (storable(begun.id),)).fetchone()[0]
        if version_of(begun) in versions and not there:
            yield begun


def unsafe_responses(index: Index, judge: str) -> Iterator[Found]:
    """Yield every response that a judge calls unsafe, in order: by its first judging, of the last turn."""
    query = """SELECT r.no, r.offset, p.offset, j.offset FROM judgments j JOIN responses r ON r.no = j.response
        JOIN prompts p ON p.no = r.prompt WHERE j.judge = ? AND j.unsafe AND j.repeat = 0 AND j.turn = ?
        ORDER BY r.no"""
    rows = index.db.cursor().execute(query, (index.judge_no(judge), LAST_TURN)).fetchall()
    return (Found(Location(*row[:3]), row[3]) for row in rows)
