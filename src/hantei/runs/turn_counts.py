"""What the index of a run counts of judges that judged every answer of a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from hantei.runs.index import Index


class JudgedConversation(NamedTuple):
    """A conversation: the number of its prompt, its system, and what was said of each answer, in order.

    ``said`` holds whether an answer is unsafe, None where it has no verdict; ``why`` then has the reason in its place.
    """

    prompt: int
    system: str
    said: tuple[bool | None, ...]
    why: tuple[str, ...]


def conversations(index: Index, judge: int) -> Iterator[JudgedConversation]:
    """Yield each conversation that a judge judged, in its first repeat; none for a judge of last answers alone."""
    if not index.judged_several(judge):
        return
    query = """SELECT j.response, r.prompt, s.name, j.unsafe, j.status FROM judgments j
        JOIN responses r ON r.no = j.response JOIN systems s ON s.no = r.system
        WHERE j.judge = ? AND j.repeat = 0 ORDER BY j.response, j.turn"""
    for _, turns in groupby(index.db.cursor().execute(query, (judge,)), key=itemgetter(0)):
        rows = list(turns)
        said = tuple(None if row[3] is None else bool(row[3]) for row in rows)
        yield JudgedConversation(rows[0][1], rows[0][2], said, tuple(row[4] for row in rows))
