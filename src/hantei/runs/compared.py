"""Two or more runs, or systems of one, prompt by prompt: what each judge said, joined in a throw-away SQLite file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hantei.database import connect
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
CREATE TABLE prompts (no INTEGER PRIMARY KEY, id TEXT, digest BLOB, grp INTEGER);
CREATE INDEX by_id ON prompts (id, digest);
CREATE INDEX by_digest ON prompts (digest);
CREATE TABLE places (
    run INTEGER, prompt INTEGER, id TEXT, digest BLOB, grp INTEGER, known INTEGER, PRIMARY KEY (run, prompt)
) WITHOUT ROWID;
CREATE INDEX known ON places (run, known);
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
        self.db = connect(path)
        self.db.executescript(_SCHEMA)
        self.db.execute("BEGIN")
        self.indexes = indexes
        self.groups: list[Group] = []
        self.changed = sum(self._add_prompts(run, index) for run, index in enumerate(indexes))

    def _add_prompts(self, run: int, index: Index) -> int:
        numbers = {number: len(self.groups) + place for place, number in enumerate(index.groups())}
        self.groups += index.groups().values()
        rows = index.db.cursor().execute("SELECT no, id, digest, grp FROM prompts")
        self.db.executemany(
            "INSERT INTO places VALUES (?, ?, ?, ?, ?, NULL)",
            ((run, number, name, digest, numbers[group]) for number, name, digest, group in rows),
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

    def pairs(self, first: int, second: int) -> dict[int, Pairs]:
        """Return what the two sides of these numbers have in common, by group of prompts (a place in ``groups``)."""
        out: dict[int, Pairs] = {}
        for group, *pattern, missing_first, missing_second, prompts in self.db.execute(_PATTERNS, (first, second)):
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
_NEW = "INSERT INTO prompts (id, digest, grp) SELECT id, digest, grp FROM places WHERE run = ? AND known IS NULL"
_PATTERNS = """SELECT p.grp, x.n, x.k, y.n, y.k, x.missing, y.missing, COUNT(*) FROM counted x
    JOIN counted y ON y.prompt = x.prompt AND y.side = ?2 JOIN prompts p ON p.no = x.prompt
    WHERE x.side = ?1 GROUP BY 1, 2, 3, 4, 5, 6, 7"""
_FLIPS = """SELECT a.prompt, b.prompt FROM counted x
    JOIN counted y ON y.prompt = x.prompt JOIN prompts p ON p.no = x.prompt
    JOIN places a ON a.run = ? AND a.known = p.no JOIN places b ON b.run = ? AND b.known = p.no
    WHERE x.side = ? AND y.side = ? AND p.grp IN ({allowed}) AND y.k * x.n {sign} x.k * y.n AND x.n AND y.n
    ORDER BY ABS(1.0 * y.k / y.n - 1.0 * x.k / x.n) DESC, p.no LIMIT ?"""
