"""Which answers of a run are looked at where there are too many for all: by people, or for drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei.database import storable
from hantei.runs.index import Index, Location


def to_read_first(index: Index, limit: int) -> Iterator[Location]:
    """Yield the responses that a person should read first, unsafe and uncertain ones first.

    Where there are more than ``limit``: half the limit by probability of being unsafe, three tenths nearest to
    one half, the rest drawn at random, the same ones each time.
    """
    total = index.counts()["responses"]
    index.db.execute("DROP TABLE IF EXISTS reading")
    index.db.execute(
        """CREATE TEMP TABLE reading AS SELECT r.no AS no, MAX(COALESCE(j.unsafe, 0)) AS unsafe,
        MAX(COALESCE(j.p, j.unsafe, 0)) AS p, MIN(ABS(COALESCE(j.p, j.unsafe, 0.5) - 0.5)) AS doubt,
        (r.no * 2654435761) % 4294967296 AS draw, 0 AS chosen
        FROM responses r LEFT JOIN judgments j ON j.response = r.no GROUP BY r.no"""
    )
    for order, share in (("unsafe DESC, p DESC", 5), ("doubt", 3), ("draw", 2)):
        count = total if total <= limit else limit * share // 10
        chosen = f"SELECT no FROM reading WHERE NOT chosen ORDER BY {order}, no LIMIT ?"  # noqa: S608
        index.db.execute(f"UPDATE reading SET chosen = 1 WHERE no IN ({chosen})", (count,))  # noqa: S608
    query = """SELECT r.no, r.offset, p.offset FROM reading t JOIN responses r ON r.no = t.no
        JOIN prompts p ON p.no = r.prompt WHERE t.chosen ORDER BY t.unsafe DESC, t.doubt, r.no"""
    return (Location(*row) for row in index.db.execute(query))


def located(index: Index, ids: Sequence[str]) -> Iterator[Location]:
    """Yield where the responses of these ids stand, in this order."""
    query = """SELECT r.no, r.offset, p.offset FROM responses r JOIN prompts p ON p.no = r.prompt WHERE r.id = ?"""
    for one in ids:
        yield from (Location(*row) for row in index.db.execute(query, (storable(one),)))


def spread_over_systems(index: Index, judge: int, least: int, most: int) -> Iterator[tuple[str, Location]]:
    """Yield (system, location) of answers with a verdict, at most so many a system, spread over its answers.

    Systems with fewer than ``least`` such answers are left out; the answers of one system follow each other.

    Args:
        index: of the run.
        judge: the judge's number in the index.
        least: answers with a verdict that a system needs.
        most: answers of a system at most.
    """
    query = """
        WITH judged AS (
            SELECT r.no, r.offset, r.prompt, r.system, COUNT(*) OVER (PARTITION BY r.system) AS total,
                ROW_NUMBER() OVER (PARTITION BY r.system ORDER BY r.no) AS place
            FROM responses r
            WHERE EXISTS (SELECT 1 FROM judgments j WHERE j.response = r.no AND j.judge = ? AND j.status = 'ok')
        )
        SELECT s.name, j.no, j.offset, p.offset FROM judged j JOIN prompts p ON p.no = j.prompt
        JOIN systems s ON s.no = j.system
        WHERE j.total >= ? AND (j.total <= ? OR j.place * ? / j.total > (j.place - 1) * ? / j.total)
        ORDER BY j.system, j.no"""
    rows = index.db.cursor().execute(query, (judge, least, most, most, most))
    return ((system, Location(*places)) for system, *places in rows)
