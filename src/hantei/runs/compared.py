"""Two or more runs, or systems of one, prompt by prompt: what each judge said, joined in a throw-away SQLite file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hantei.database import new_tables
from hantei.metrics.compare import ATTACK, PLAIN
from hantei.metrics.compare_pairs import Pairs, Pattern
from hantei.metrics.definitions import Counts
from hantei.records import CountingRule
from hantei.runs.counting import by_prompt
from hantei.runs.index import Group, Index

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8000;
PRAGMA temp_store = FILE;
CREATE TABLE prompts (no INTEGER PRIMARY KEY, id TEXT, digest BLOB, grp INTEGER, parent TEXT, variant TEXT);
CREATE INDEX by_id ON prompts (id, digest);
CREATE INDEX by_digest ON prompts (digest);
CREATE TABLE places (
    run INTEGER, prompt INTEGER, id TEXT, digest BLOB, grp INTEGER, parent TEXT, variant TEXT, known INTEGER,
    PRIMARY KEY (run, prompt)
) WITHOUT ROWID;
CREATE INDEX known ON places (run, known);
CREATE TABLE made (prompt INTEGER PRIMARY KEY, root INTEGER, variant TEXT, attack INTEGER);
CREATE TABLE counted (
    side INTEGER, prompt INTEGER, n INTEGER, k INTEGER, missing INTEGER, PRIMARY KEY (side, prompt)
) WITHOUT ROWID;
"""


class Side(NamedTuple):
    """One system of one run: the number of the run, the system's name, and what people call the side."""

    run: int
    system: str
    name: str


class Flip(NamedTuple):
    """A prompt on which the verdicts of two sides differ: its number in each side's run, and which side is hit more."""

    first_prompt: int
    second_prompt: int
    second_more: bool


class ComparedRuns:
    """The prompts of several runs, each known once, and what one judge says of each side's answers to them.

    A prompt of one run is that of another where id and text are the same, else where its text is that of one prompt in
    either. ``indexes`` are the runs', in order; ``changed`` how many prompts kept their id and not their text.
    """

    def __init__(self, path: Path, indexes: Sequence[Index]) -> None:
        self.db = new_tables(path, _SCHEMA)
        self.indexes = indexes
        self.groups: list[Group] = []
        self.changed = sum(self._add_prompts(run, index) for run, index in enumerate(indexes))
        self.db.execute(_MADE)

    def _add_prompts(self, run: int, index: Index) -> int:
        numbers = {number: len(self.groups) + place for place, number in enumerate(index.groups())}
        self.groups += index.groups().values()
        rows = index.db.cursor().execute(_PROMPTS)
        self.db.executemany(
            "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            ((run, number, name, digest, numbers[group], *made) for number, name, digest, group, *made in rows),
        )
        for statement in (_SAME_ID, _SAME_TEXT) if run else ():
            self.db.execute(statement, (run,))
        changed: int = self.db.execute(_CHANGED, (run,)).fetchone()[0]
        self.db.execute(_NEW, (run,))
        self.db.execute(_SAME_ID, (run,))
        return changed

    def count(self, sides: Sequence[Side], judge: str, counts: Counts, rule: CountingRule, worst: bool | None) -> None:
        """Count what a judge says of each prompt; what was counted before is forgotten.

        Args:
            sides: by number.
            judge: the judge's name.
            counts: what is a hit.
            rule: which verdict counts of a response with several.
            worst: whether a missing verdict is a hit, None where it counts as missing.
        """
        self.db.execute("DELETE FROM counted")
        for run, index in enumerate(self.indexes):
            numbers = {side.system: number for number, side in enumerate(sides) if side.run == run}
            judges = {name: number for number, name in index.judges()}
            rows = by_prompt(index, judges[judge], counts, rule)
            self.db.executemany(
                "INSERT INTO counted SELECT ?, known, ?, ?, ? FROM places WHERE run = ? AND prompt = ?",
                (
                    (numbers[system], *_by_policy(n, k, missing, worst), run, prompt)
                    for prompt, system, n, k, missing in rows
                    if system in numbers
                ),
            )

    def variants(self) -> list[str]:
        """Return how prompts were made whose plain prompt is here too."""
        query = "SELECT DISTINCT variant FROM made WHERE variant NOT IN ('plain', 'attack') ORDER BY variant"
        return [row[0] for row in self.db.execute(query)]

    def together(self, parts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, ...]]:
        """Yield what was counted of each plain prompt in all of these parts, that have a verdict on it or miss one.

        Args:
            parts: a side's number and the variant: ``PLAIN``, ``ATTACK`` for every attack, or one by name.

        A tuple of the group of the plain prompt, then verdicts, hits and missing verdicts of each part.
        """
        names = [f"p{number}" for number in range(len(parts))]
        tables = [f"({_PART[variant if variant in _PART else None]}) {name}"
                  for name, (_, variant) in zip(names, parts, strict=True)]  # fmt: skip
        counts = ", ".join(f"{name}.n, {name}.k, {name}.missing" for name in names)
        joined = " ".join(f"JOIN {table} USING (root)" for table in tables[1:])
        query = f"SELECT p.grp, {counts} FROM {tables[0]} {joined} JOIN prompts p ON p.no = root"  # noqa: S608
        values = [one for side, variant in parts for one in ((side,) if variant in _PART else (side, variant))]
        return iter(self.db.cursor().execute(query, values))

    def pairs(self, first: int, second: int) -> dict[int, Pairs]:
        """Return what the two sides of these numbers have in common, by group of prompts (a place in ``groups``).

        Prompts that an attack made of others that are here are left out: they are compared with those.
        """
        out: dict[int, Pairs] = {}
        for group, *pattern, missing_first, missing_second, prompts in self.db.execute(_PATTERNS, (second, first)):
            pairs = out.setdefault(group, Pairs())
            pairs.add(Pattern(*pattern), (missing_first, missing_second), prompts)
        return out

    def flips(self, sides: Sequence[Side], first: int, second: int, groups: Sequence[int], most: int) -> list[Flip]:
        """Return at most so many prompts on which two sides differ, those that differ most first.

        Half of them at most are of the kind on which the second side is hit less often, where there are enough others.

        Args:
            sides: by number.
            first: the number of the first side.
            second: of the second.
            groups: the groups of prompts that count.
            most: how many, at most.
        """
        allowed = ", ".join(str(int(group)) for group in groups)
        found: dict[bool, list[Flip]] = {}
        for more, sign in ((True, ">"), (False, "<")):
            query = _FLIPS.format(allowed=allowed, sign=sign)
            runs = (sides[first].run, sides[second].run)
            rows = self.db.execute(query, (*runs, first, second, most))
            found[more] = [Flip(one, other, more) for one, other in rows]
        kept = max(most - len(found[False]), most - most // 2)
        return [*found[True][:kept], *found[False][: most - min(kept, len(found[True]))]]


@contextmanager
def compared(indexes: Sequence[Index]) -> Iterator[ComparedRuns]:
    """Hold the prompts of several runs in a file of their own, which goes when the block ends."""
    with TemporaryDirectory(prefix="hantei-") as folder:
        held = ComparedRuns(Path(folder) / "compared.sqlite", indexes)
        try:
            yield held
        finally:
            held.db.close()


def _by_policy(n: int, k: int, missing: int, worst: bool | None) -> tuple[int, int, int]:
    return (n, k, missing) if worst is None else (n + missing, k + missing * worst, 0)


_CHANGED = """SELECT COUNT(*) FROM places l WHERE l.run = ? AND l.known IS NULL
    AND EXISTS (SELECT 1 FROM prompts p WHERE p.id = l.id)"""
_SAME_ID = """UPDATE places SET known = (SELECT MIN(p.no) FROM prompts p WHERE p.id = places.id
    AND p.digest = places.digest) WHERE run = ? AND known IS NULL"""
_SAME_TEXT = """UPDATE places SET known = (
        SELECT CASE COUNT(*) WHEN 1 THEN MIN(p.no) END FROM prompts p WHERE p.digest = places.digest
    ) WHERE run = ? AND known IS NULL AND digest IN (
        SELECT digest FROM places l WHERE l.run = places.run GROUP BY digest HAVING COUNT(*) = 1
    )"""
_NEW = """INSERT INTO prompts (id, digest, grp, parent, variant)
    SELECT id, digest, grp, parent, variant FROM places WHERE run = ? AND known IS NULL"""
_PROMPTS = "SELECT p.no, p.id, p.digest, p.grp, p.parent, g.variant FROM prompts p JOIN groups g ON g.no = p.grp"
_MADE = """INSERT INTO made SELECT p.no, MIN(q.no), p.variant, p.variant LIKE 'attack/%' FROM prompts p
    JOIN prompts q ON q.id = p.parent AND q.no != p.no GROUP BY p.no"""
_OF_VARIANT = """SELECT root, SUM(n) AS n, SUM(k) AS k, SUM(missing) AS missing FROM made
    JOIN counted ON counted.prompt = made.prompt WHERE side = ? AND {} GROUP BY root"""
_PART: dict[str | None, str] = {
    PLAIN: "SELECT prompt AS root, n, k, missing FROM counted WHERE side = ?",
    ATTACK: _OF_VARIANT.format("attack"),
    None: _OF_VARIANT.format("variant = ?"),
}
"""What was counted of a side by plain prompt: on it, on all that attacks made of it, on a variant of it."""
_PATTERNS = """SELECT p.grp, x.n, x.k, y.n, y.k, x.missing, y.missing, COUNT(*) FROM counted x
    JOIN counted y ON y.prompt = x.prompt AND y.side = ? JOIN prompts p ON p.no = x.prompt
    WHERE x.side = ? AND x.prompt NOT IN (SELECT prompt FROM made WHERE attack) GROUP BY 1, 2, 3, 4, 5, 6, 7"""
_FLIPS = """SELECT a.prompt, b.prompt FROM counted x
    JOIN counted y ON y.prompt = x.prompt JOIN prompts p ON p.no = x.prompt
    JOIN places a ON a.run = ? AND a.known = p.no JOIN places b ON b.run = ? AND b.known = p.no
    WHERE x.side = ? AND y.side = ? AND p.grp IN ({allowed}) AND y.k * x.n {sign} x.k * y.n AND x.n AND y.n
    AND p.no NOT IN (SELECT prompt FROM made WHERE attack)
    ORDER BY ABS(1.0 * y.k / y.n - 1.0 * x.k / x.n) DESC, p.no LIMIT ?"""
