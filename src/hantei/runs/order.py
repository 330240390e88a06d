"""Files in input order: each record's last word, once, where the input has it; and the index's offsets with them."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.record_lines import lines
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.journal import in_order, reorder

_PAGE = 1_000


def put_responses_in_order(run: Run, index: Index) -> None:
    """Rewrite the responses so that each id has its last line, in input order, if they do not stand so yet."""
    path = run.responses_path
    if not path.exists() or in_order(path, _response_offsets(index)):
        return
    reorder(path, _response_offsets(index))
    number = 0
    for offset, _ in lines(path):
        (number,) = index.db.execute("SELECT MIN(no) FROM responses WHERE no > ?", (number,)).fetchone()
        index.db.execute("UPDATE responses SET offset = ? WHERE no = ?", (offset, number))


def put_judgments_in_order(run: Run, index: Index, judge: str) -> None:
    """Rewrite a judge's file so that it holds its last word on each response, in input order, if it does not yet."""
    path, number = run.judgments_path(judge), index.judge_no(judge)
    if in_order(path, judgment_offsets(index, number)):
        return
    reorder(path, judgment_offsets(index, number))
    moved = "UPDATE judgments SET offset = ? WHERE judge = ? AND response = ? AND repeat = ? AND turn = ?"
    for key, (offset, _) in zip(_keys(index, number), lines(path), strict=True):
        index.db.execute(moved, (offset, number, *key))
    index.merged.pop(number, None)


def _response_offsets(index: Index) -> Iterator[int]:
    return (row[0] for row in index.db.cursor().execute("SELECT offset FROM responses ORDER BY no"))


def judgment_offsets(index: Index, judge: int) -> Iterator[int]:
    """Yield where a judge's last word on each response stands in its file, in input order."""
    query = "SELECT offset FROM judgments WHERE judge = ? ORDER BY response, repeat, turn"
    return (row[0] for row in index.db.cursor().execute(query, (judge,)))


def _keys(index: Index, judge: int) -> Iterator[tuple[int, int, int]]:
    """Yield response, repeat and turn of a judge's judgments in input order; changing offsets does not disturb it."""
    query = """SELECT response, repeat, turn FROM judgments WHERE judge = ? AND (response, repeat, turn) > (?, ?, ?)
        ORDER BY response, repeat, turn LIMIT ?"""
    last = (0, -1, -1)
    while page := index.db.execute(query, (judge, *last, _PAGE)).fetchall():
        yield from page
        last = page[-1]
