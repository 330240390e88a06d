"""What the index of a run says is left to do: answers to ask for, answers to judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hantei.runs.index import Index
from hantei.runs.plan import Plan

_PAGE = 128


class Slot(NamedTuple):
    """An answer that is there, or is to be asked for (``response_offset`` is None), and where its prompt stands.

    ``failed_offset`` is where the record of one stands that is to be asked for again, or further.
    """

    number: int
    prompt_offset: int
    sample: int
    response_offset: int | None
    failed_offset: int | None = None


def to_answer(index: Index, place: int | None = None) -> int:
    """Return how many answers are still to be asked for: of all systems, or of that of this place among them."""
    if index.samples is None:
        return 0
    here = "TRUE" if place is None else f"(no - 1) / {index.samples} % {index.asked} = {place}"
    query = f"SELECT COUNT(*) FROM responses WHERE NOT failed AND {here}"  # noqa: S608 - numbers
    wanted = index.answers() if place is None else index.answers() // index.asked
    return wanted - int(index.db.execute(query).fetchone()[0])


def to_judge(index: Index, judge: int) -> int:
    """Return how many answers a judge has still to judge, with those that are still to be asked for."""
    query = "SELECT COUNT(DISTINCT response) FROM judgments WHERE judge = ? AND final"
    return index.answers() - int(index.db.execute(query, (judge,)).fetchone()[0])


def prompt_offsets(index: Index, most: int) -> list[int]:
    """Return where at most so many prompts stand, spread evenly over all of them."""
    step = max(1, index.counts()["prompts"] // most)
    query = "SELECT offset FROM prompts WHERE no % ? = 0 ORDER BY no LIMIT ?"
    return [row[0] for row in index.db.execute(query, (step, most))]


def not_asked(index: Index, plan: Plan) -> dict[str, int]:
    """Return by system how many answers were not asked for, or not to their last turn; only systems with such."""
    query = "SELECT s.name, COUNT(*) FROM responses r JOIN systems s ON s.no = r.system WHERE failed < 2 GROUP BY s.no"
    there: dict[str, int] = dict(index.db.execute(query))
    each = index.counts()["prompts"] * plan.samples
    return {system: each - there.get(system, 0) for system in plan.systems if there.get(system, 0) < each}


def has_verdicts(index: Index, judge: int) -> bool:
    """Whether any reply of a judge was read before."""
    query = "SELECT EXISTS (SELECT 1 FROM judgments WHERE judge = ? AND status = 'ok')"
    return bool(index.db.execute(query, (judge,)).fetchone()[0])


def slots(index: Index, place: int = 0) -> Iterator[Slot]:
    """Yield every answer that is there or is to be asked for, in input order; what is added meanwhile does not
    disturb it. Of several systems that are asked, those of the one of this ``place`` among them, from 0.
    """
    if index.samples is None:
        query = """SELECT r.no, p.offset, 0, r.offset FROM responses r JOIN prompts p ON p.no = r.prompt
            WHERE r.no > ? ORDER BY r.no LIMIT ?"""
        yield from (Slot(*row) for row in _paged(index, query))
        return
    for prompt, prompt_at in _paged(index, "SELECT no, offset FROM prompts WHERE no > ? ORDER BY no LIMIT ?"):
        for sample in range(index.samples):
            number = index.number_of(prompt, place, sample)
            yield Slot(number, prompt_at, sample, *_stands_at(index, number))


def judged_between(index: Index, first: int, last: int) -> set[tuple[int, int]]:
    """Return (judge, response) for the responses of these numbers that a judge has judged.

    One that it failed on for a reason that asking again may mend is not among them.
    """
    query = "SELECT judge, response FROM judgments WHERE response BETWEEN ? AND ? AND final"
    return set(index.db.execute(query, (first, last)))


def _stands_at(index: Index, number: int) -> tuple[int | None, int | None]:
    """Return where a response that needs no second asking stands in its file, and where one that does."""
    found = index.db.execute("SELECT offset, failed FROM responses WHERE no = ?", (number,)).fetchone()
    if found is None:
        return None, None
    offset, failed = found
    return (None, offset) if failed else (offset, None)


def _paged(index: Index, query: str) -> Iterator[Any]:
    last = 0
    while page := index.db.execute(query, (last, _PAGE)).fetchall():
        yield from page
        last = page[-1][0]
