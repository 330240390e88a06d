"""What the index of a run counts: verdicts by what prompts share, two judges side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, get_args

from hantei.database import storable
from hantei.metrics.definitions import Counts, Fact
from hantei.metrics.intervals import ClusterSums
from hantei.records import REFUSALS, CountingRule
from hantei.runs.index import Index, Location
from hantei.runs.verdicts import Judged, Verdict, one_verdict

_FACTS: dict[str, str] = {fact: f"j.{fact}" for fact in get_args(Fact)} | {"incoherent": "r.incoherent"}
"""The columns that can be counted, of a judgment j and a response r, by the name of the fact."""


def side_by_side(index: Index, judge: int, other: int) -> Iterator[tuple[Any, ...]]:
    """Yield what two judges said of each response that both have judged: of its last turn, in their first repeat.

    A tuple of: number of the prompt; where ``judge`` stands in its file; its ``in_training``, ``p``, ``unsafe``,
    ``action``, ``refusal``; ``unsafe``, ``action``, ``refusal`` of ``other``. -1 stands for what was not said.
    """
    left, right = (_verdicts(index, number, CountingRule()) for number in (judge, other))
    query = f"""
        SELECT r.prompt, j.offset, j.in_training, COALESCE(j.p, -1),
            COALESCE(j.unsafe, -1), COALESCE(j.action, -1), COALESCE(j.refusal, -1),
            COALESCE(o.unsafe, -1), COALESCE(o.action, -1), COALESCE(o.refusal, -1)
        FROM {right} o JOIN {left} j ON j.response = o.response AND j.judge = ?
        JOIN responses r ON r.no = o.response
        WHERE o.judge = ? ORDER BY o.response"""  # noqa: S608 - fixed names
    return iter(index.db.cursor().execute(query, (judge, other)))


def response_positions(index: Index) -> Iterator[tuple[int, int, int, int]]:
    """Yield (number, prompt's number, system's number, group's number) of every response, in input order."""
    query = "SELECT r.no, r.prompt, r.system, p.grp FROM responses r JOIN prompts p ON p.no = r.prompt ORDER BY r.no"
    return iter(index.db.cursor().execute(query))


def verdicts_by_response(index: Index, judge: int) -> Iterator[tuple[Any, ...]]:
    """Yield what a judge said of each response: its last turn's verdict, in the first repeat.

    A tuple of: number of the response; ``unsafe``, ``action``, ``refusal`` (its number), ``score``, ``p``, with None
    for what was not said; and ``scale``.
    """
    query = f"""SELECT response, unsafe, action, refusal, score, p, scale
        FROM {_verdicts(index, judge, CountingRule())} WHERE judge = ? ORDER BY response"""  # noqa: S608 - fixed names
    return iter(index.db.cursor().execute(query, (judge,)))


def trained_on(index: Index, judge: int) -> tuple[int, int]:
    """Return how many responses a judge judged, and how many of them it was trained on."""
    query = """SELECT COUNT(DISTINCT response), COUNT(DISTINCT CASE WHEN in_training THEN response END)
        FROM judgments WHERE judge = ?"""
    judged, trained = index.db.execute(query, (judge,)).fetchone()
    return judged, trained


def hands_on(index: Index, judge: int) -> bool:
    """Whether a judge hands on verdicts of others (``answered_by``)."""
    query = "SELECT EXISTS (SELECT 1 FROM judgments WHERE judge = ? AND answered_by IS NOT NULL)"
    return bool(index.db.execute(query, (judge,)).fetchone()[0])


def one_sided(index: Index, judge: int, fact: Fact) -> bool:
    """Whether only some of the judges whose verdicts this one hands on (``answered_by``) ever say a fact."""
    query = f"""SELECT COUNT(DISTINCT answered_by), COUNT(DISTINCT CASE WHEN {_FACTS[fact]} IS NOT NULL
        THEN answered_by END) FROM judgments j JOIN responses r ON r.no = j.response
        WHERE judge = ?"""  # noqa: S608 - fixed names
    answered, gave = index.db.execute(query, (judge,)).fetchone()
    return bool(0 < gave < answered)


def sums_of(
    index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule
) -> Iterator[tuple[int, str | None, list[ClusterSums]]]:
    """Yield (group, system name or None, sums for each of ``counts``) of one judge, one verdict a response by ``rule``.

    Once for each group and system with one system's answers to a prompt as a cluster, and once for each group over
    all systems (None). All of ``counts`` are of one fact on one scale.

    Args:
        index: of the run.
        judge: the judge's number in the index.
        counts: what is a hit, for each metric.
        rule: which verdict counts of a response with several.
    """
    if _answered_once(index):
        yield from _sums_of_single(index, judge, counts, rule)
        return
    value = _FACTS[counts[0].fact]
    on_scale, scale = _counts_at_all(counts[0])
    hits = [_hit(one) for one in counts]
    counted = ", ".join(f"SUM({hit}) AS k{i}" for i, (hit, _) in enumerate(hits))
    sums = ", ".join(f"SUM(k{i}), SUM(k{i} * n), SUM(k{i} * k{i})" for i in range(len(hits)))
    parameters = [*(value for _, values in hits for value in values), judge, *scale]
    alone = len(index.systems()) == 1  # of a single system both are the same
    for system, by_system in (("r.system", ", r.system"), ("NULL", ""))[: 1 if alone else 2]:
        query = f"""
            SELECT p.grp, s.name, COUNT(*), SUM(n), SUM(n * n), {sums} FROM (
                SELECT r.prompt AS prompt, {system} AS system, COUNT(*) AS n, {counted}
                FROM {_verdicts(index, judge, rule)} j JOIN responses r ON r.no = j.response
                WHERE j.judge = ? AND {value} IS NOT NULL AND {on_scale} GROUP BY r.prompt{by_system}
            ) JOIN prompts p ON p.no = prompt LEFT JOIN systems s ON s.no = system
            GROUP BY p.grp, system"""  # noqa: S608 - fixed names
        for group, name, clusters, n, nn, *rest in index.db.execute(query, parameters):
            triples = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
            found = [ClusterSums(clusters, n, k, nn, kn, kk) for k, kn, kk in triples]
            yield group, name, found
            if alone:
                yield group, None, found


def _answered_once(index: Index) -> bool:
    """Whether no prompt has several answers: each is a cluster of its own, and need not be looked for."""
    return bool(index.db.execute("SELECT COUNT(*) = COUNT(DISTINCT prompt) FROM responses").fetchone()[0])


def _sums_of_single(
    index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule
) -> Iterator[tuple[int, str | None, list[ClusterSums]]]:
    on_scale, scale = _counts_at_all(counts[0])
    hits = [_hit(one) for one in counts]
    query = f"""
        SELECT p.grp, s.name, COUNT(*), {", ".join(f"SUM({hit})" for hit, _ in hits)}
        FROM {_verdicts(index, judge, rule)} j JOIN responses r ON r.no = j.response
        JOIN prompts p ON p.no = r.prompt JOIN systems s ON s.no = r.system
        WHERE j.judge = ? AND {_FACTS[counts[0].fact]} IS NOT NULL AND {on_scale}
        GROUP BY p.grp, r.system"""  # noqa: S608 - fixed names
    parameters = [*(value for _, values in hits for value in values), judge, *scale]
    totals: dict[int, list[ClusterSums]] = {}
    for group, system, n, *found in index.db.execute(query, parameters):
        sums = [ClusterSums(n, n, k, n, k, k) for k in found]
        yield group, system, sums
        totals[group] = [a + b for a, b in zip(totals[group], sums, strict=True)] if group in totals else sums
    yield from ((group, None, sums) for group, sums in totals.items())


def by_prompt(index: Index, judge: int, counts: Counts, rule: CountingRule) -> Iterator[tuple[int, str, int, int, int]]:
    """Yield (prompt, system name, verdicts, hits among them, answers without a verdict), by prompt and system.

    Args:
        index: of the run.
        judge: the judge's number in the index.
        counts: what is a hit.
        rule: which verdict counts of a response with several.
    """
    on_scale, scale = _on_scale(counts.scale)
    hit, values = _hit(counts)
    query = f"""
        SELECT prompt, s.name, SUM(given), SUM(given AND hit), SUM(NOT given) FROM (
            SELECT r.prompt AS prompt, r.system AS system,
                ({_FACTS[counts.fact]} IS NOT NULL AND {on_scale}) IS TRUE AS given, ({hit}) IS TRUE AS hit
            FROM responses r LEFT JOIN {_verdicts(index, judge, rule)} j ON j.response = r.no AND j.judge = ?
            WHERE {_AMONG[counts.coherent]}
        ) JOIN systems s ON s.no = system GROUP BY prompt, system"""  # noqa: S608 - fixed names
    return iter(index.db.cursor().execute(query, (*scale, *values, judge)))


def answer_with(
    index: Index, judge: int, counts: Counts, rule: CountingRule, of: tuple[int, str, bool]
) -> Location | None:
    """Return where the first answer of a prompt's number and a system stands that is a hit, or is none.

    Args:
        index: of the run.
        judge: the judge's number in the index.
        counts: what is a hit.
        rule: which verdict counts of a response with several.
        of: the prompt's number, the system's name, and whether a hit is wanted.
    """
    hit, values = _hit(counts)
    query = f"""SELECT r.no, r.offset, p.offset FROM responses r JOIN prompts p ON p.no = r.prompt
        JOIN systems s ON s.no = r.system
        JOIN {_verdicts(index, judge, rule)} j ON j.response = r.no AND j.judge = ?
        WHERE p.no = ? AND s.name = ? AND {_FACTS[counts.fact]} IS NOT NULL AND ({hit}) IS TRUE = ?
        ORDER BY r.no LIMIT 1"""  # noqa: S608 - fixed names
    prompt, system, wanted = of
    found = index.db.execute(query, (judge, prompt, storable(system), *values, wanted)).fetchone()
    return Location(*found) if found else None


def answers_by_group(index: Index) -> Iterator[tuple[int, str, int]]:
    """Yield (group, system name, answers), for each group of prompts and system."""
    query = """SELECT p.grp, s.name, COUNT(*) FROM responses r JOIN prompts p ON p.no = r.prompt
        JOIN systems s ON s.no = r.system GROUP BY p.grp, r.system"""
    return iter(index.db.cursor().execute(query))


def missing_of(
    index: Index, judge: int, counts: Sequence[Counts], rule: CountingRule
) -> Iterator[tuple[int, str, str, int]]:
    """Yield (group, system name, reason, count) of verdicts that say nothing that counts, and of answers not judged.

    All of ``counts`` are of one fact on one scale.

    Args:
        index: of the run.
        judge: the judge's number in the index.
        counts: what counts; a verdict without that fact is missing.
        rule: which verdict counts of a response with several.
    """
    on_scale, parameters = _on_scale(counts[0].scale)
    among = _AMONG[counts[0].coherent]
    query = f"""
        SELECT p.grp, s.name,
            CASE WHEN j.status IS NULL THEN 'not judged' WHEN j.status = 'ok' THEN 'not given' ELSE j.status END,
            COUNT(*)
        FROM responses r LEFT JOIN {_verdicts(index, judge, rule)} j ON j.response = r.no AND j.judge = ?
        JOIN prompts p ON p.no = r.prompt JOIN systems s ON s.no = r.system
        WHERE ({_FACTS[counts[0].fact]} IS NOT NULL AND {on_scale}) IS NOT TRUE
            AND {among} GROUP BY 1, 2, 3"""  # noqa: S608
    return iter(index.db.execute(query, (judge, *parameters)))


def _verdicts(index: Index, judge: int, rule: CountingRule) -> str:
    """Return the table that holds one verdict a response of this judge by ``rule``.

    That is ``judgments`` itself for a judge that judged no turns and nothing again.
    """
    if not index.judged_several(judge):
        return "judgments"
    if index.merged.get(judge) != rule:
        _merge(index, judge, rule)
        index.merged[judge] = rule
    return "verdicts"


def _merge(index: Index, judge: int, rule: CountingRule) -> None:
    index.db.execute("DELETE FROM verdicts WHERE judge = ?", (judge,))
    query = f"""SELECT response, repeat, turn, {", ".join(Verdict._fields)} FROM judgments WHERE judge = ?
        ORDER BY response, repeat, turn"""  # noqa: S608 - fixed names
    judged = index.db.cursor().execute(query, (judge,))
    rows = (
        (judge, response, *one_verdict((Judged(row[1], row[2], Verdict(*row[3:])) for row in several), rule))
        for response, several in groupby(judged, key=itemgetter(0))
    )
    index.db.executemany("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _hit(counts: Counts) -> tuple[str, list[float | str]]:
    """Return the condition under which a judgment is a hit, and its parameters."""
    column = _FACTS[counts.fact]
    if counts.above is not None:
        return f"{column} > ?", [counts.above]
    values = [REFUSALS.index(str(value)) if counts.fact == "refusal" else value for value in counts.values]
    return f"{column} IN ({', '.join('?' * len(values))})", [storable(v) if isinstance(v, str) else v for v in values]


_AMONG = {False: "TRUE", True: "r.incoherent IS NOT TRUE"}
"""Which responses count at all: all, or those that are coherent."""


def _counts_at_all(counts: Counts) -> tuple[str, list[str]]:
    on_scale, parameters = _on_scale(counts.scale)
    return f"{on_scale} AND {_AMONG[counts.coherent]}", parameters


def _on_scale(scale: str | None) -> tuple[str, list[str]]:
    return ("TRUE", []) if scale is None else ("j.scale = ?", [storable(scale)])


def verdicts_on_answers(
    index: Index, judge: int, rule: CountingRule
) -> Iterator[tuple[str, int, str, str | None, int, float]]:
    """Yield (response id, number of its prompt, system, intent, ``unsafe``, ``p``) of every answer, in input order.

    ``unsafe`` and ``p`` are what the judge said by ``rule``, -1 where it said nothing.
    """
    query = f"""
        SELECT r.id, r.prompt, s.name, g.intent, COALESCE(j.unsafe, -1), COALESCE(j.p, -1)
        FROM responses r LEFT JOIN {_verdicts(index, judge, rule)} j ON j.response = r.no AND j.judge = ?
        JOIN systems s ON s.no = r.system JOIN prompts p ON p.no = r.prompt JOIN groups g ON g.no = p.grp
        ORDER BY r.no"""  # noqa: S608 - fixed names
    return iter(index.db.cursor().execute(query, (judge,)))
