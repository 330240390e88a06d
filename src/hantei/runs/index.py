"""A throw-away index of a run folder in SQLite, on disk, so that memory stays flat however long the run is.

It holds no text: only ids, the position of every line in its file, and of each judgment what the metrics count. It can
always be built again from the JSON lines, which are the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hantei.coherence import incoherent
from hantei.database import new_tables, storable, storable_or_none
from hantei.records import CountingRule, Judgment, Prompt, Response
from hantei.runs.facts import facts_of, prompt_digest
from hantei.runs.schema import SCHEMA
from hantei.turns import UNFINISHED

_PUT_RESPONSE = """INSERT INTO responses (no, id, prompt, system, offset, failed, incoherent)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT ({known}) DO UPDATE SET offset = excluded.offset,
    failed = excluded.failed, incoherent = excluded.incoherent"""


class Group(NamedTuple):
    """What the prompts of one group share; a rate is reported by any of these."""

    benchmark: str | None
    language: str | None
    region: str | None
    intent: str | None
    harm: str | None
    variant: str | None


class Location(NamedTuple):
    """Where a response and its prompt stand in their files."""

    response_no: int
    response_offset: int
    prompt_offset: int


class _Known(NamedTuple):
    """The prompt that was looked at last: its answers mostly follow it."""

    id: str
    number: int
    language: str | None


class Index:
    """The index of one run. Use as a context manager: the file goes when it closes.

    ``samples`` is how many answers to each prompt a model is asked for, None for a run whose answers were given, and
    ``asked`` the systems that are asked, one where they are not named. Of a response the last line wins, and where
    models are asked input order is known beforehand: the answer of the k-th system (from 0) to sample s of the n-th
    prompt (from 1) has the number ((n - 1) * systems + k) * samples + s + 1, whenever it comes. ``spent`` is what its
    ``paid`` records that were read cost, in US dollars. ``merged`` holds the judges whose verdicts stand in the table
    ``verdicts``, and the rule by which they do (``runs.counting``).
    """

    def __init__(self, path: Path, samples: int | None = None, asked: Sequence[str] = ()) -> None:
        self._path = path
        self.samples = samples
        self._asked = {name: place for place, name in enumerate(asked)}
        self.paid = 0
        self.spent = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.db = new_tables(path, SCHEMA)
        self._groups: dict[tuple[str | None, ...], int] = {}
        self._systems: dict[str, int] = {}
        self._judges: dict[str, int] = {}
        self._several: set[int] = set()
        self._begun: dict[int, float] = {}
        self.merged: dict[int, CountingRule] = {}
        self._prompt = _Known("", 0, None)
        self._put = _PUT_RESPONSE.format(known="id" if samples is None else "no")

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()
        self._path.unlink(missing_ok=True)

    def keep(self, path: Path) -> None:
        """Close the index and keep its file, whole, as ``path``."""
        self.db.execute("COMMIT")
        self.db.close()
        self._path.replace(path)

    def add_prompt(self, prompt: Prompt, offset: int) -> bool | None:
        """Add a prompt; True if it is new, False if it is there, None if its id is there with another text."""
        digest = prompt_digest(prompt)
        cursor = self.db.execute(
            "INSERT OR IGNORE INTO prompts (id, digest, offset, grp, parent) VALUES (?, ?, ?, ?, ?)",
            (storable(prompt.id), digest, offset, self._group(prompt), storable_or_none(prompt.parent)),
        )
        if cursor.rowcount:
            self._prompt = _Known(prompt.id, int(cursor.lastrowid or 0), prompt.language)
            return True
        found = self.db.execute("SELECT digest FROM prompts WHERE id = ?", (storable(prompt.id),)).fetchone()
        return False if found[0] == digest else None

    def add_response(self, response: Response, offset: int) -> bool:
        """Add a response, replacing an earlier line of the same id; False if its prompt is unknown.

        Raises:
            ValueError: its system or its sample is none that was asked for.
        """
        prompt = self.prompt_no(response.prompt_id)
        if not prompt:
            return False
        if self.samples is None:
            if response.parent is not None:  # what given answers cost somebody else is not spent here
                self._pay(response.cost)
            self._put_response(None, prompt, response, offset)
        elif 0 <= response.sample < self.samples:
            number = self.number_of(prompt, self._place(response.system), response.sample)
            self._pay_answer(number, response)
            self._put_response(number, prompt, response, offset)
        else:
            raise ValueError(f"sample {response.sample} of {self.samples}")
        return True

    def put_response(self, number: int, response: Response, offset: int) -> None:
        """Add a response whose number is known: as ``runs.pending.slots`` gave it, or a new one for a correction."""
        given = self.samples is None
        prompt = self.prompt_no(response.prompt_id) if given else (number - 1) // self._answers_each() + 1
        self._put_response(number, prompt, response, offset)

    def next_number(self) -> int:
        """Return the number of the next response that is new, where answers were given."""
        return int(self.db.execute("SELECT COALESCE(MAX(no), 0) + 1 FROM responses").fetchone()[0])

    def response_no(self, response_id: str) -> int | None:
        """Return the number of the response with this id, None if there is no such response."""
        found = self.db.execute("SELECT no FROM responses WHERE id = ?", (storable(response_id),)).fetchone()
        return found[0] if found else None

    def system_of(self, response_id: str) -> str | None:
        """Return which system gave the response with this id, None if there is no such response."""
        query = "SELECT s.name FROM responses r JOIN systems s ON s.no = r.system WHERE r.id = ?"
        found = self.db.execute(query, (storable(response_id),)).fetchone()
        return found[0] if found else None

    def add_judgment(self, judgment: Judgment, offset: int) -> bool:
        """Add a judgment, replacing an earlier one of the same key; False if its response is unknown."""
        response = self.response_no(judgment.response_id)
        if response is None:
            return False
        self._pay(judgment.cost)
        self.add_facts(self.judge_no(judgment.judge), [(response, judgment, offset)])
        return True

    def add_facts(self, judge: int, facts: Sequence[tuple[int, Judgment, int]]) -> None:
        """Add judgments of one judge, by its number in the index.

        Args:
            judge: the judge's number.
            facts: the number of a response, its judgment, and where the line of it begins in the judge's file, in
                bytes.
        """
        self.merged.pop(judge, None)
        if any(one.repeat or one.turn is not None for _, one, _ in facts):
            self._several.add(judge)
        self.db.insert("INSERT OR REPLACE INTO judgments", [facts_of(judge, *one) for one in facts])
        named = [(judge, number, one.categories) for number, one, _ in facts if one.unsafe and one.categories]
        # A person may take a category back; a machine names some whenever it says unsafe again.
        again = [(judge, number) for number, one, _ in facts if one.categories or one.judge.startswith("human:")]
        self.db.executemany("DELETE FROM categories WHERE judge = ? AND response = ?", again)
        rows = ((judge, number, storable(category)) for judge, number, several in named for category in several)
        self.db.executemany("INSERT OR IGNORE INTO categories VALUES (?, ?, ?)", rows)
        said = [(one.incoherent, number) for number, one, _ in facts if one.incoherent is not None]
        self.db.executemany("UPDATE responses SET incoherent = ? WHERE no = ?", said)

    def judged_several(self, judge: int) -> bool:
        """Whether a judge judged turns of a response, or a response again."""
        return judge in self._several

    def learn(self, judge: int, several: bool) -> None:
        """Take note that judgments of a judge were added from elsewhere; ``several`` as in ``judged_several``."""
        self.merged.pop(judge, None)
        if several:
            self._several.add(judge)

    def judge_no(self, name: str) -> int:
        """Return the number of a judge, adding it if it is new."""
        return self._number("judges", self._judges, name)

    def counts(self) -> dict[str, int]:
        """Return how many prompts, responses and systems there are."""
        return {
            table: self.db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608 - fixed names
            for table in ("prompts", "responses", "systems")
        }

    def answers(self) -> int:
        """Return how many answers there are, or will be once all are asked for."""
        counts = self.counts()
        return counts["responses"] if self.samples is None else counts["prompts"] * self._answers_each()

    def pairs(self) -> Iterator[Location]:
        """Yield every response with its prompt, in input order."""
        query = "SELECT r.no, r.offset, p.offset FROM responses r JOIN prompts p ON p.no = r.prompt ORDER BY r.no"
        return (Location(*row) for row in self.db.cursor().execute(query))

    def offsets(self, judge: int, place: Location) -> list[int]:
        """Return where a judge's judgments of one response stand in its file."""
        query = "SELECT offset FROM judgments WHERE judge = ? AND response = ? ORDER BY repeat, turn"
        return [row[0] for row in self.db.execute(query, (judge, place.response_no))]

    def groups(self) -> dict[int, Group]:
        """Return the groups of prompts by number."""
        return {row[0]: Group(*row[1:]) for row in self.db.execute("SELECT * FROM groups ORDER BY no")}

    def systems(self) -> list[str]:
        """Return the systems' names, in order of appearance."""
        return [row[0] for row in self.db.execute("SELECT name FROM systems ORDER BY no")]

    def judges(self) -> list[tuple[int, str]]:
        """Return the judges by number and name."""
        return self.db.execute("SELECT no, name FROM judges ORDER BY no").fetchall()

    def _put_response(self, number: int | None, prompt: int, response: Response, offset: int) -> None:
        failed = (response.status == "error") + (response.error == UNFINISHED)
        row = (number, storable(response.id), prompt, self.system_no(response.system), offset, failed)
        self.db.execute(self._put, (*row, self._incoherent(prompt, response)))

    def _incoherent(self, prompt: int, response: Response) -> bool | None:
        """Return what the rule says of an answer, None where there is none."""
        if response.status == "error" or not response.text:
            return None
        return incoherent(response.text, self._language(prompt)) is not None

    def _language(self, prompt: int) -> str | None:
        if self._prompt.number == prompt:
            return self._prompt.language
        query = "SELECT g.language FROM prompts p JOIN groups g ON g.no = p.grp WHERE p.no = ?"
        language: str | None = self.db.execute(query, (prompt,)).fetchone()[0]
        return language

    @property
    def asked(self) -> int:
        """How many systems are asked."""
        return len(self._asked) or 1

    def number_of(self, prompt: int, place: int, sample: int) -> int:
        """Return the number of an answer, where models are asked.

        Args:
            prompt: the prompt's number, from 1.
            place: which of the systems that are asked answers, from 0.
            sample: which of its answers, from 0.
        """
        return ((prompt - 1) * self.asked + place) * (self.samples or 1) + sample + 1

    def _answers_each(self) -> int:
        return self.asked * (self.samples or 1)

    def _place(self, system: str) -> int:
        if len(self._asked) > 1 and system not in self._asked:
            raise ValueError(f"system '{system}' is none of those asked")
        return self._asked.get(system, 0)

    def _pay_answer(self, number: int, response: Response) -> None:
        """Count what an answer cost; one that was asked turn by turn has in its cost that of the line before."""
        before = self._begun.pop(number, 0.0)
        if response.earlier and response.status == "error":
            self._begun[number] = response.cost or 0.0
        self._pay((response.cost or 0.0) - (before if response.earlier else 0.0))

    def _pay(self, cost: float | None) -> None:
        self.paid += bool(cost)
        self.spent += cost or 0.0

    def _group(self, prompt: Prompt) -> int:
        group = (prompt.benchmark, prompt.language, prompt.region, prompt.intent, prompt.harm, prompt.variant)
        if group not in self._groups:
            self._groups[group] = len(self._groups) + 1
            self.db.execute(
                "INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?, ?)", (self._groups[group], *map(storable_or_none, group))
            )
        return self._groups[group]

    def system_no(self, name: str) -> int:
        """Return the number of a system, adding it if it is new."""
        return self._number("systems", self._systems, name)

    def _number(self, table: str, cache: dict[str, int], name: str) -> int:
        if name not in cache:
            cache[name] = len(cache) + 1
            query = f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608 - fixed names
            self.db.execute(query, (cache[name], storable(name)))
        return cache[name]

    def prompt_no(self, prompt_id: str) -> int:
        """Return the number of the prompt with this id, from 1; 0 if there is no such prompt."""
        if self._prompt.id != prompt_id:
            query = "SELECT p.no, g.language FROM prompts p JOIN groups g ON g.no = p.grp WHERE p.id = ?"
            number, language = self.db.execute(query, (storable(prompt_id),)).fetchone() or (0, None)
            self._prompt = _Known(prompt_id, number, language)
        return self._prompt.number
