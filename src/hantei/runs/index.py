"""A throw-away index of a run folder in SQLite, on disk, so that memory stays flat however long the run is.

It holds no text: only ids, the position of every line in its file, and of each judgment what the metrics count. It can
always be built again from the JSON lines, which are the truth.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hantei.metrics.definitions import Counts
from hantei.records import REFUSALS, Judgment, Prompt, Response, lines

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8000;
PRAGMA temp_store = FILE;
CREATE TABLE groups (no INTEGER PRIMARY KEY, benchmark, language, region, intent, harm);
CREATE TABLE systems (no INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE judges (no INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE prompts (no INTEGER PRIMARY KEY, id TEXT UNIQUE, digest BLOB, offset INTEGER, grp INTEGER);
CREATE TABLE responses (no INTEGER PRIMARY KEY, id TEXT UNIQUE, prompt INTEGER, system INTEGER, offset INTEGER);
CREATE TABLE judgments (
    judge INTEGER, response INTEGER, repeat INTEGER, turn INTEGER, offset INTEGER, status TEXT,
    final INTEGER, unsafe INTEGER CHECK (unsafe IN (0, 1)), refusal INTEGER,
    action INTEGER CHECK (action BETWEEN 0 AND 5), score REAL, scale TEXT, p REAL CHECK (p BETWEEN 0 AND 1),
    sampling_p REAL CHECK (sampling_p BETWEEN 0 AND 1), in_training INTEGER, answered_by TEXT,
    PRIMARY KEY (response, judge, repeat, turn)
) WITHOUT ROWID;
"""

_LAST_TURN = -1
"""Stands for ``turn`` None: in SQLite two NULLs in a key are different."""


_FACTS = {name: name for name in ("unsafe", "refusal", "action", "score", "answered_by")}
"""The columns of judgments that can be counted, by the name of the field."""


class Group(NamedTuple):
    """What the prompts of one group share; a rate is reported by any of these."""

    benchmark: str | None
    language: str | None
    region: str | None
    intent: str | None
    harm: str | None


Sums = tuple[int, int, int, int, int, int]
"""Over prompts with n verdicts and k hits: how many prompts, and the sums of n, k, n * n, k * n and k * k."""


class Pair(NamedTuple):
    """Where a response and its prompt stand in their files."""

    response_no: int
    response_offset: int
    prompt_offset: int


class Index:
    """The index of one run. Use as a context manager: the file goes when it closes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(_SCHEMA)
        self.db.execute("BEGIN")
        self._groups: dict[Group, int] = {}
        self._systems: dict[str, int] = {}
        self._judges: dict[str, int] = {}
        self._prompt: tuple[str, int] = ("", 0)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()
        self._path.unlink(missing_ok=True)

    def add_prompt(self, prompt: Prompt, offset: int) -> bool | None:
        """Add a prompt; True if it is new, False if it is there, None if its id is there with another text."""
        digest = prompt_digest(prompt)
        cursor = self.db.execute(
            "INSERT OR IGNORE INTO prompts (id, digest, offset, grp) VALUES (?, ?, ?, ?)",
            (_key(prompt.id), digest, offset, self._group(prompt)),
        )
        if cursor.rowcount:
            self._prompt = (prompt.id, int(cursor.lastrowid or 0))
            return True
        found = self.db.execute("SELECT digest FROM prompts WHERE id = ?", (_key(prompt.id),)).fetchone()
        return False if found[0] == digest else None

    def add_response(self, response: Response, offset: int) -> bool:
        """Add a response, replacing an earlier line of the same id; False if its prompt is unknown."""
        prompt = self._prompt_no(response.prompt_id)
        if not prompt:
            return False
        self.db.execute(
            "INSERT INTO responses (id, prompt, system, offset) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET offset = excluded.offset",
            (_key(response.id), prompt, self._system(response.system), offset),
        )
        return True

    def system_of(self, response_id: str) -> str | None:
        """Return which system gave the response with this id, None if there is no such response."""
        query = "SELECT s.name FROM responses r JOIN systems s ON s.no = r.system WHERE r.id = ?"
        found = self.db.execute(query, (_key(response_id),)).fetchone()
        return found[0] if found else None

    def add_judgment(self, judgment: Judgment, offset: int) -> bool:
        """Add a judgment, replacing an earlier one of the same key; False if its response is unknown."""
        response = self._response_no(judgment.response_id)
        if response is None:
            return False
        self.add_facts(self.judge_no(judgment.judge), response, judgment, offset)
        return True

    def add_facts(self, judge: int, response: int, judgment: Judgment, offset: int) -> None:
        """Add a judgment whose judge and response numbers are known."""
        self.db.execute(
            "INSERT OR REPLACE INTO judgments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                judge,
                response,
                judgment.repeat,
                _LAST_TURN if judgment.turn is None else judgment.turn,
                offset,
                judgment.status,
                judgment.status != "error" or judgment.fault == "model",
                judgment.unsafe,
                None if judgment.refusal is None else REFUSALS.index(judgment.refusal),
                judgment.action,
                judgment.score,
                _optional_key(judgment.scale),
                judgment.p_unsafe,
                judgment.sampling_p,
                judgment.in_training,
                _optional_key(judgment.answered_by),
            ),
        )

    def judge_no(self, name: str) -> int:
        """Return the number of a judge, adding it if it is new."""
        return self._number("judges", self._judges, name)

    def counts(self) -> dict[str, int]:
        """Return how many prompts, responses and systems there are."""
        return {
            table: self.db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608 - fixed names
            for table in ("prompts", "responses", "systems")
        }

    def pairs(self, without: int | None = None) -> Iterator[Pair]:
        """Yield every response with its prompt, in input order; with ``without``, those that this judge has to judge.

        Those are the responses that it has not judged, or failed on for a reason that asking again may mend.
        """
        query = "SELECT r.no, r.offset, p.offset FROM responses r JOIN prompts p ON p.no = r.prompt"
        if without is not None:
            query += " WHERE NOT EXISTS (SELECT 1 FROM judgments j WHERE j.judge = ? AND j.response = r.no AND j.final)"
        cursor = self.db.cursor().execute(query + " ORDER BY r.no", () if without is None else (without,))
        return (Pair(*row) for row in cursor)

    def count_without(self, judge: int) -> int:
        """Return how many responses ``pairs(without=judge)`` yields."""
        query = (
            "SELECT (SELECT COUNT(*) FROM responses) - "
            "(SELECT COUNT(DISTINCT response) FROM judgments WHERE judge = ? AND final)"
        )
        return int(self.db.execute(query, (judge,)).fetchone()[0])

    def judgment_offsets(self, judge: int) -> Iterator[int]:
        """Yield where a judge's last word on each response stands in its file, in input order."""
        query = "SELECT offset FROM judgments WHERE judge = ? ORDER BY response, repeat, turn"
        return (row[0] for row in self.db.cursor().execute(query, (judge,)))

    def offsets(self, judge: int, pair: Pair) -> list[int]:
        """Return where a judge's judgments of one response stand in its file."""
        query = "SELECT offset FROM judgments WHERE judge = ? AND response = ? ORDER BY repeat, turn"
        return [row[0] for row in self.db.execute(query, (judge, pair.response_no))]

    def beside(self, judge: int, other: int) -> Iterator[tuple[Any, ...]]:
        """Yield what two judges said of each response that both have judged, in their first judgments of it.

        A tuple of: number of the prompt; where ``judge`` stands in its file; its ``in_training``, ``p``, ``unsafe``,
        ``action``, ``refusal``; ``unsafe``, ``action``, ``refusal`` of ``other``. -1 stands for what was not said.
        """
        query = """
            SELECT r.prompt, j.offset, j.in_training, COALESCE(j.p, -1),
                COALESCE(j.unsafe, -1), COALESCE(j.action, -1), COALESCE(j.refusal, -1),
                COALESCE(o.unsafe, -1), COALESCE(o.action, -1), COALESCE(o.refusal, -1)
            FROM judgments o JOIN judgments j ON j.response = o.response AND j.judge = ? AND j.repeat = 0 AND j.turn = ?
            JOIN responses r ON r.no = o.response
            WHERE o.judge = ? AND o.repeat = 0 AND o.turn = ? ORDER BY o.response"""
        return iter(self.db.cursor().execute(query, (judge, _LAST_TURN, other, _LAST_TURN)))

    def trained(self, judge: int) -> tuple[int, int]:
        """Return how many judgments a judge gave, and how many of them on pairs that it was trained on."""
        query = "SELECT COUNT(*), COALESCE(SUM(in_training), 0) FROM judgments WHERE judge = ?"
        judged, trained = self.db.execute(query, (judge,)).fetchone()
        return judged, trained

    def telling(self, limit: int) -> Iterator[Pair]:
        """Yield the responses that a person should read first, unsafe and uncertain ones first.

        Where there are more than ``limit``: half the limit by probability of being unsafe, three tenths nearest to
        one half, the rest drawn at random, the same ones each time.
        """
        total = self.counts()["responses"]
        self.db.execute("DROP TABLE IF EXISTS telling")
        self.db.execute(
            """CREATE TEMP TABLE telling AS SELECT r.no AS no, MAX(COALESCE(j.unsafe, 0)) AS unsafe,
            MAX(COALESCE(j.p, j.unsafe, 0)) AS p, MIN(ABS(COALESCE(j.p, j.unsafe, 0.5) - 0.5)) AS doubt,
            (r.no * 2654435761) % 4294967296 AS draw, 0 AS chosen
            FROM responses r LEFT JOIN judgments j ON j.response = r.no GROUP BY r.no"""
        )
        for order, share in (("unsafe DESC, p DESC", 5), ("doubt", 3), ("draw", 2)):
            count = total if total <= limit else limit * share // 10
            chosen = f"SELECT no FROM telling WHERE NOT chosen ORDER BY {order}, no LIMIT ?"  # noqa: S608
            self.db.execute(f"UPDATE telling SET chosen = 1 WHERE no IN ({chosen})", (count,))  # noqa: S608
        query = """SELECT r.no, r.offset, p.offset FROM telling t JOIN responses r ON r.no = t.no
            JOIN prompts p ON p.no = r.prompt WHERE t.chosen ORDER BY t.unsafe DESC, t.doubt, r.no"""
        return (Pair(*row) for row in self.db.execute(query))

    def one_sided(self, judge: int, fact: str) -> bool:
        """Whether only some of the judges whose verdicts this one hands on (``answered_by``) ever say a fact."""
        query = f"""SELECT COUNT(DISTINCT answered_by), COUNT(DISTINCT CASE WHEN {_FACTS[fact]} IS NOT NULL
            THEN answered_by END) FROM judgments WHERE judge = ?"""  # noqa: S608 - fixed names
        answered, gave = self.db.execute(query, (judge,)).fetchone()
        return bool(0 < gave < answered)

    def move_judgments(self, judge: int, path: Path) -> None:
        """Learn the new offsets of a judge's judgments after its file was put into input order."""
        keys = self.db.execute(
            "SELECT response, repeat, turn FROM judgments WHERE judge = ? ORDER BY response, repeat, turn", (judge,)
        )
        moved = "UPDATE judgments SET offset = ? WHERE judge = ? AND response = ? AND repeat = ? AND turn = ?"
        for key, (offset, _) in zip(keys.fetchall(), lines(path), strict=True):
            self.db.execute(moved, (offset, judge, *key))

    def groups(self) -> dict[int, Group]:
        """Return the groups of prompts by number."""
        return {row[0]: Group(*row[1:]) for row in self.db.execute("SELECT * FROM groups ORDER BY no")}

    def judges(self) -> list[tuple[int, str]]:
        """Return the judges by number and name."""
        return self.db.execute("SELECT no, name FROM judges ORDER BY no").fetchall()

    def sums(self, judge: int, counts: Sequence[Counts]) -> Iterator[tuple[int, str | None, list[Sums]]]:
        """Yield (group, system name or None, sums for each of ``counts``) of one judge.

        Once for each group and system with one system's answers to a prompt as a cluster, and once for each group over
        all systems (None). All of ``counts`` are of one fact on one scale.
        """
        value = _FACTS[counts[0].fact]
        on_scale, scale = _on_scale(counts[0].scale)
        hits = [_hit(one) for one in counts]
        counted = ", ".join(f"SUM({hit}) AS k{i}" for i, (hit, _) in enumerate(hits))
        sums = ", ".join(f"SUM(k{i}), SUM(k{i} * n), SUM(k{i} * k{i})" for i in range(len(hits)))
        parameters = [*(value for _, values in hits for value in values), judge, *scale]
        for system, by_system in (("r.system", ", r.system"), ("NULL", "")):
            query = f"""
                SELECT p.grp, s.name, COUNT(*), SUM(n), SUM(n * n), {sums} FROM (
                    SELECT r.prompt AS prompt, {system} AS system, COUNT(*) AS n, {counted}
                    FROM judgments j JOIN responses r ON r.no = j.response
                    WHERE j.judge = ? AND j.{value} IS NOT NULL AND {on_scale} GROUP BY r.prompt{by_system}
                ) JOIN prompts p ON p.no = prompt LEFT JOIN systems s ON s.no = system
                GROUP BY p.grp, system"""  # noqa: S608 - fixed names
            for group, name, clusters, n, nn, *rest in self.db.execute(query, parameters):
                triples = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
                yield group, name, [(clusters, n, k, nn, kn, kk) for k, kn, kk in triples]

    def missing(self, judge: int, fact: str, scale: str | None) -> Iterator[tuple[int, str, str, int]]:
        """Yield (group, system name, reason, count) of judgments without this fact, and of responses not judged."""
        on_scale, parameters = _on_scale(scale)
        query = f"""
            SELECT p.grp, s.name,
                CASE WHEN j.status IS NULL THEN 'not judged' WHEN j.status = 'ok' THEN 'not given' ELSE j.status END,
                COUNT(*)
            FROM responses r LEFT JOIN judgments j ON j.response = r.no AND j.judge = ?
            JOIN prompts p ON p.no = r.prompt JOIN systems s ON s.no = r.system
            WHERE (j.{_FACTS[fact]} IS NOT NULL AND {on_scale}) IS NOT TRUE GROUP BY 1, 2, 3"""  # noqa: S608
        return iter(self.db.execute(query, (judge, *parameters)))

    def _group(self, prompt: Prompt) -> int:
        group = Group(prompt.benchmark, prompt.language, prompt.region, prompt.intent, prompt.harm)
        if group not in self._groups:
            self._groups[group] = len(self._groups) + 1
            self.db.execute(
                "INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?)", (self._groups[group], *map(_optional_key, group))
            )
        return self._groups[group]

    def _system(self, name: str) -> int:
        return self._number("systems", self._systems, name)

    def _number(self, table: str, cache: dict[str, int], name: str) -> int:
        if name not in cache:
            cache[name] = len(cache) + 1
            query = f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608 - fixed names
            self.db.execute(query, (cache[name], _key(name)))
        return cache[name]

    def _prompt_no(self, prompt_id: str) -> int:
        if self._prompt[0] != prompt_id:
            found = self.db.execute("SELECT no FROM prompts WHERE id = ?", (_key(prompt_id),)).fetchone()
            self._prompt = (prompt_id, found[0] if found else 0)
        return self._prompt[1]

    def _response_no(self, response_id: str) -> int | None:
        found = self.db.execute("SELECT no FROM responses WHERE id = ?", (_key(response_id),)).fetchone()
        return found[0] if found else None


def _hit(counts: Counts) -> tuple[str, list[float | str]]:
    """Return the condition under which a judgment is a hit, and its parameters."""
    column = f"j.{_FACTS[counts.fact]}"
    if counts.above is not None:
        return f"{column} > ?", [counts.above]
    values = [REFUSALS.index(str(value)) if counts.fact == "refusal" else value for value in counts.values]
    return f"{column} IN ({', '.join('?' * len(values))})", [_key(v) if isinstance(v, str) else v for v in values]


def _on_scale(scale: str | None) -> tuple[str, list[str]]:
    return ("TRUE", []) if scale is None else ("j.scale = ?", [_key(scale)])


def _key(text: str) -> str:
    """Return text as SQLite can hold it: where it has a lone surrogate, which UTF-8 cannot hold, marked and escaped."""
    if text.isascii():
        return text
    escaped = text.encode("utf-8", "backslashreplace").decode()
    return text if escaped == text else f"\x01{escaped}"


def _optional_key(text: str | None) -> str | None:
    return None if text is None else _key(text)


def prompt_digest(prompt: Prompt) -> bytes:
    """Return 8 bytes that tell prompts of different text apart."""
    hasher = hashlib.blake2b(digest_size=8)
    for message in prompt.messages:
        hasher.update(f"{message.role}\0{message.content}\0".encode("utf-8", "surrogatepass"))
    return hasher.digest()
