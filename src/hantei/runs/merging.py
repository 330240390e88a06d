"""The index of a shard added to that of its run, by SQLite itself: nobody reads a line again.

Both know a response by its id and a judge or a system by its name; the numbers that they have of these differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hantei.database import storable
from hantei.runs.facts import LAST_TURN
from hantei.runs.index import Group, Index


class Moved(NamedTuple):
    """Where new lines of a shard's file begin, and where they begin in the run's file, in bytes."""

    start: int
    to: int


def merge_index(index: Index, shard: Path, responses: Moved | None, judgments: Mapping[str, Moved]) -> None:
    """Add what a shard's index knows of new lines to its run's; what they cost is not counted as spent.

    Args:
        index: the run's.
        shard: the file of the shard's, whole.
        responses: where new responses went; None where there are none.
        judgments: the same of judgments by judge, for the judges that have new ones.
    """
    db = index.db
    db.execute("COMMIT")  # nothing can be attached inside a transaction
    db.execute("ATTACH ? AS shard", (str(shard),))
    db.execute("BEGIN")
    try:
        if responses is not None:
            _add_responses(index, responses)
        for name, moved in judgments.items():
            judge = index.judge_no(name)
            (there,) = db.execute("SELECT no FROM shard.judges WHERE name = ?", (storable(name),)).fetchone()
            _add_judgments(index, judge, there, moved)
            _add_counts(index, judge, there)
        if judgments:
            _take_incoherent(index)
    finally:
        db.execute("COMMIT")
        db.execute("DETACH shard")
        db.execute("BEGIN")


def _add_responses(index: Index, moved: Moved) -> None:
    """Add responses of models that were asked: numbers follow from those of prompts, which have the same answers."""
    new = "SELECT name FROM shard.systems WHERE name NOT IN (SELECT name FROM main.systems) ORDER BY no"
    for (name,) in index.db.execute(new).fetchall():
        index.system_no(name)
    each = index.asked * (index.samples or 1)
    index.db.execute(
        f"""INSERT INTO main.responses (no, id, prompt, system, offset, failed, incoherent)
        SELECT r.no + (p.no - r.prompt) * {each}, r.id, p.no, s.no, r.offset + ?, r.failed, r.incoherent
        FROM shard.responses r JOIN shard.prompts q ON q.no = r.prompt JOIN main.prompts p ON p.id = q.id
        JOIN shard.systems n ON n.no = r.system JOIN main.systems s ON s.name = n.name
        WHERE r.offset >= ? ON CONFLICT (no) DO UPDATE SET offset = excluded.offset,
        failed = excluded.failed, incoherent = excluded.incoherent""",  # noqa: S608 - a number
        (moved.to - moved.start, moved.start),
    )


def _add_judgments(index: Index, judge: int, there: int, moved: Moved) -> None:
    """Add judgments of a judge.

    Args:
        index: the run's.
        judge: the judge's number in it.
        there: its number in the shard's.
        moved: where the new judgments went.
    """
    db = index.db
    new = "FROM shard.judgments j JOIN shard.responses q ON q.no = j.response JOIN main.responses r ON r.id = q.id"
    new = f"{new} WHERE j.judge = ? AND j.offset >= ?"
    facts = "status, unsafe, refusal, action, score, scale, p, sampling_p, in_training, answered_by, contradicts"
    db.execute(
        f"""INSERT OR REPLACE INTO main.judgments (judge, response, repeat, turn, final, offset, {facts})
        SELECT ?, r.no, j.repeat, j.turn, j.final, j.offset + ?, {facts} {new}""",
        (judge, moved.to - moved.start, there, moved.start),
    )
    # Of a response that was judged anew the shard knows all categories.
    db.execute(
        f"DELETE FROM main.categories WHERE judge = ? AND response IN (SELECT r.no {new})",  # noqa: S608 - fixed names
        (judge, there, moved.start),
    )
    db.execute(
        """INSERT OR IGNORE INTO main.categories SELECT ?, r.no, c.category FROM shard.categories c
        JOIN shard.responses q ON q.no = c.response JOIN main.responses r ON r.id = q.id WHERE c.judge = ?""",
        (judge, there),
    )
    several = "SELECT EXISTS (SELECT 1 FROM shard.judgments WHERE judge = ? AND (repeat OR turn <> ?))"
    index.learn(judge, bool(db.execute(several, (there, LAST_TURN)).fetchone()[0]))


def _take_incoherent(index: Index) -> None:
    """Take over what judges said of the coherence of answers."""
    index.db.execute(
        """UPDATE main.responses SET incoherent = q.incoherent FROM shard.responses q
        WHERE q.id = main.responses.id AND q.incoherent IS NOT main.responses.incoherent"""
    )


_SAME_GROUP = " AND ".join(f"g.{name} IS h.{name}" for name in Group._fields)
_PLACES = f"""JOIN shard.groups h ON h.no = c.grp JOIN main.groups g ON {_SAME_GROUP}
    LEFT JOIN shard.systems t ON t.no = c.system LEFT JOIN main.systems s ON s.name = t.name WHERE c.judge = ?"""
"""From a row c of a shard's counts to its group g and system s in the run; all systems together have no row."""


def _add_counts(index: Index, judge: int, there: int) -> None:
    """Add what the shard counted of a judge (``runs/added_counts.py``); its numbers are as in ``_add_judgments``."""
    db = index.db
    numbers = "clusters", "n", "k", "nn", "kn", "kk"
    added = ", ".join(f"{one} = {one} + excluded.{one}" for one in numbers)
    db.execute(
        f"""INSERT INTO main.sums SELECT ?, c.counts, g.no, COALESCE(s.no, c.system), c.metric, {", ".join(numbers)}
        FROM shard.sums c {_PLACES} ON CONFLICT DO UPDATE SET {added}""",  # noqa: S608 - fixed names
        (judge, there),
    )
    db.execute(
        f"""INSERT INTO main.missing SELECT ?, c.counts, g.no, s.no, c.reason, c.answers
        FROM shard.missing c {_PLACES} ON CONFLICT DO UPDATE SET answers = answers + excluded.answers""",  # noqa: S608
        (judge, there),
    )
    db.execute(
        """INSERT INTO main.counted SELECT ?, counts, answers FROM shard.counted WHERE judge = ?
        ON CONFLICT DO UPDATE SET answers = answers + excluded.answers""",
        (judge, there),
    )
