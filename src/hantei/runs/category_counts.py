"""What the index of a run counts of the harms that a judge names itself."""

from __future__ import annotations

from hantei.runs.index import Index


def categories_of(index: Index, judge: int) -> list[tuple[str, str, int]]:
    """Return (category, system name, unsafe answers) of what a judge calls the harm of unsafe answers."""
    query = """SELECT c.category, s.name, COUNT(DISTINCT c.response) FROM categories c
        JOIN responses r ON r.no = c.response JOIN systems s ON s.no = r.system WHERE c.judge = ?
        AND EXISTS (SELECT 1 FROM judgments j WHERE j.response = c.response AND j.judge = c.judge AND j.unsafe)
        GROUP BY 1, 2"""
    return index.db.execute(query, (judge,)).fetchall()


def judged_by_system(index: Index, judge: int) -> list[tuple[str, int]]:
    """Return (system name, answers that a judge calls unsafe or safe)."""
    query = """SELECT s.name, COUNT(DISTINCT r.no) FROM judgments j JOIN responses r ON r.no = j.response
        JOIN systems s ON s.no = r.system WHERE j.judge = ? AND j.unsafe IS NOT NULL GROUP BY 1"""
    return index.db.execute(query, (judge,)).fetchall()
