"""The answers as JSON for the browser part of the page, cut to a size that a browser opens at once.

Names that repeat (systems, harm types, languages, judges) are kept once and referred to by number. Every text goes
through ``text.runs``, so that the script in the page only ever sets text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hantei import taxonomy
from hantei.records import ACTIONS, Judgment, Message
from hantei.reports.data import AnswerRow, ReportInput
from hantei.reports.results import NAME_LIMIT, Rates, language_name
from hantei.reports.text import clip, runs, visible

ANSWER_LIMIT = 20_000
"""Characters of an answer that the page holds; the rest is counted, not shown."""

OTHER_LIMIT = 6_000
"""Characters of a turn, reference, critique or raw reply."""

MAX_TURNS = 12
MAX_JUDGMENTS = 24
MAX_ATTEMPTS = 5
MAX_BYTES = 24_000_000
"""Bytes of JSON in the page: answers after that are left out, and the page says how many."""

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,5}")
# In a script element only these can end it, or start a comment that swallows its end; the separators break old engines.
_UNSAFE_IN_HTML = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(slots=True)
class _Names:
    """Values by number, in order of first use."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, value: str | None) -> int | None:
        return None if value is None else self.numbers.setdefault(value, len(self.numbers))


@dataclass(frozen=True, slots=True)
class Answers:
    """The JSON text for the page, how many answers it holds and how many the size limit left out."""

    json: str
    shown: int
    left_out: int
    systems: dict[str, int]
    harms: dict[str, int]


class _Encoder:
    """Turns rows into plain data, numbering names as they come; the summary's come first."""

    def __init__(self, data: ReportInput) -> None:
        rates = Rates(data.summary)
        self.labels = data.labels
        self.systems, self.harms, self.languages, self.judges = _Names(), _Names(), _Names(), _Names()
        for judge in rates.judges():
            self.judges.number(judge)
            for names, dimension in ((self.systems, "system"), (self.harms, "harm_type")):
                for value in rates.values(judge, dimension):
                    names.number(value)

    def row(self, row: AnswerRow) -> dict[str, Any]:
        prompt, response = row.prompt, row.response
        kept = {
            "id": _name(response.id),
            "prompt": _name(prompt.id),
            "system": self.systems.number(response.system),
            "harm": self.harms.number(taxonomy.harm_type(prompt.harm) if prompt.harm else None),
            "language": self.languages.number(prompt.language),
            "intent": prompt.intent,
            "region": _name(prompt.region),
            "benchmark": _name(prompt.benchmark),
            "turns": [_turn(message) for message in prompt.messages[-MAX_TURNS:]],
            "turnsCut": max(0, len(prompt.messages) - MAX_TURNS) or None,
            "answer": _text(response.text, ANSWER_LIMIT, row.marks),
            "status": None if response.status == "ok" else response.status,
            "error": _name(response.error),
            "reasoning": _text(response.reasoning),
            "reference": _text(prompt.reference),
            "criteria": _text(prompt.criteria),
            "judgments": [self.judgment(judgment) for judgment in row.judgments[:MAX_JUDGMENTS]],
        }
        return _slim(kept)

    def judgment(self, judgment: Judgment) -> dict[str, Any]:
        kept = {
            "judge": self.judges.number(judgment.judge),
            "verdict": {True: "unsafe", False: "safe", None: "none"}[judgment.unsafe],
            "why": _why(judgment),
            "p": _probability(judgment.p_unsafe),
            "score": _score(judgment),
            "action": _action(judgment.action),
            "refusal": judgment.refusal,
            "categories": [self.label(category) for category in judgment.categories[:20]],
            "critique": _text(judgment.critique),
            "comment": _text(judgment.comment),
            "attempts": [_text(reply) for reply in judgment.attempts[-MAX_ATTEMPTS:]],
            "repeat": judgment.repeat or None,
            "turn": judgment.turn,
        }
        return _slim(kept)

    def label(self, harm: str) -> str:
        return visible(clip(self.labels.get(harm, harm), NAME_LIMIT))

    def names(self) -> dict[str, Any]:
        return {
            "systems": [_name(value) for value in self.systems.numbers],
            "harms": [self.label(value) for value in self.harms.numbers],
            "languages": [
                {"name": _name(language_name(value)), "tag": value if _LANGUAGE_TAG.fullmatch(value) else ""}
                for value in self.languages.numbers
            ],
            "judges": [_name(value) for value in self.judges.numbers],
        }


def encode(data: ReportInput) -> Answers:
    """Encode a report's answers in the order given, until ``MAX_BYTES`` are used."""
    encoder = _Encoder(data)
    rows, left_out = _bounded(encoder.row(row) for row in data.answers)
    # The rows first: they are what adds names to the lists.
    text = f'{{"answers":[{",".join(rows)}],"names":{_dump(encoder.names())}}}'
    return Answers(text, len(rows), left_out, encoder.systems.numbers, encoder.harms.numbers)


def _bounded(rows: Iterable[dict[str, Any]]) -> tuple[list[str], int]:
    kept: list[str] = []
    used = left_out = 0
    for row in rows:
        text = _dump(row)
        used += len(text.encode())
        if used > MAX_BYTES:
            left_out += 1
        else:
            kept.append(text)
    return kept, left_out


def _slim(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value != []}


def _dump(data: Any) -> str:
    text = _JSON.encode(data)
    return _UNSAFE_IN_HTML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _text(text: str | None, limit: int = OTHER_LIMIT, marks: Sequence[Any] = ()) -> dict[str, Any] | None:
    if text is None:
        return None
    cut = {"shown": limit, "of": len(text)} if len(text) > limit else {}
    return {"runs": runs(text, marks, limit)} | cut


def _turn(message: Message) -> dict[str, Any]:
    return {"role": message.role, "text": _text(message.shown)}


def _name(text: str | None) -> str | None:
    return None if text is None else visible(clip(text, NAME_LIMIT))


def _why(judgment: Judgment) -> str | None:
    """Say why there is no verdict, and by whose fault."""
    if judgment.unsafe is not None and judgment.status == "ok":
        return None
    status = judgment.reason or (judgment.status if judgment.status != "ok" else "no verdict given")
    parts = (status, judgment.fault, judgment.error)
    return visible(clip(": ".join(part for part in parts if part), 300))


def _probability(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 4)


def _score(judgment: Judgment) -> str | None:
    if judgment.score is None:
        return None
    return visible(f"{judgment.score:g}" + (f" on {clip(judgment.scale, 40)}" if judgment.scale else ""))


def _action(action: int | None) -> str | None:
    if action is None:
        return None
    return f"{action} {ACTIONS[action]}" if 0 <= action < len(ACTIONS) else str(action)
