"""Counts that shards made for themselves, and that add up to those of their run.

A prompt is in one shard with all its answers, so sums over prompts add. They stand in the shard's index and are added
in the run's when a shard is merged (``runs/merging.py``); where every answer of the run was counted so, the summary
reads them here and counts nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from itertools import groupby
from operator import itemgetter

from hantei.metrics.definitions import Counts
from hantei.metrics.intervals import ClusterSums
from hantei.records import CountingRule
from hantei.runs.counting import missing_of, sums_of
from hantei.runs.index import Index

_ALL = 0
"""Stands for all systems together in the place of the number of one."""


def store_counts(index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule) -> None:
    """Count what ``sums_of`` and ``missing_of`` count, and write it into the index.

    Args:
        index: of a shard.
        judge: the judge's number in it.
        counts: what is a hit, for each metric.
        rule: which verdict counts of a response with several.
    """
    what, numbers = (judge, _name(counts, rule)), {name: no for no, name in enumerate(index.systems(), 1)}
    sums = [
        (*what, group, numbers[system] if system is not None else _ALL, metric, *astuple(one))
        for group, system, several in sums_of(index, judge, counts, rule)
        for metric, one in enumerate(several)
    ]
    index.db.executemany("INSERT INTO sums VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", sums)
    missing = missing_of(index, judge, counts, rule)
    rows = [(*what, group, numbers[system], reason, count) for group, system, reason, count in missing]
    index.db.executemany("INSERT INTO missing VALUES (?, ?, ?, ?, ?, ?)", rows)
    index.db.execute("INSERT INTO counted SELECT ?, ?, COUNT(*) FROM responses", what)


def are_whole(index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule) -> bool:
    """Whether shards counted all answers of a run for themselves.

    Args:
        index: of the run.
        judge: the judge's number in it.
        counts: what is a hit, for each metric.
        rule: which verdict counts of a response with several.
    """
    query = "SELECT answers = (SELECT COUNT(*) FROM responses) FROM counted WHERE judge = ? AND counts = ?"
    found = index.db.execute(query, (judge, _name(counts, rule))).fetchone()
    return bool(found and found[0])


def added_sums(
    index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule
) -> Iterator[tuple[int, str | None, list[ClusterSums]]]:
    """Yield what ``sums_of`` would, added over shards.

    Args:
        index: of the run.
        judge: the judge's number in it.
        counts: what is a hit, for each metric.
        rule: which verdict counts of a response with several.
    """
    query = """SELECT grp, s.name, clusters, n, k, nn, kn, kk FROM sums LEFT JOIN systems s ON s.no = system
        WHERE judge = ? AND counts = ? ORDER BY grp, system, metric"""
    rows = index.db.cursor().execute(query, (judge, _name(counts, rule)))
    for (group, system), several in groupby(rows, key=itemgetter(0, 1)):
        yield group, system, [ClusterSums(*row[2:]) for row in several]


def added_missing(
    index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule
) -> Iterator[tuple[int, str, str, int]]:
    """Yield what ``missing_of`` would, added over shards.

    Args:
        index: of the run.
        judge: the judge's number in it.
        counts: what is a hit, for each metric.
        rule: which verdict counts of a response with several.
    """
    query = """SELECT grp, s.name, reason, answers FROM missing JOIN systems s ON s.no = system
        WHERE judge = ? AND counts = ?"""
    return iter(index.db.cursor().execute(query, (judge, _name(counts, rule))))


def _name(counts: Sequence[Counts], rule: CountingRule) -> str:
    return repr((tuple(counts), rule))
