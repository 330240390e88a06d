"""What a report is made from: the caller gives numbers and answers, the page adds none of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hantei.metrics.datasheet import DataSheet
from hantei.records import Judgment, Prompt, Response, Summary


class Highlight(NamedTuple):
    """A span of an answer that moved the built-in judge.

    ``start`` and ``end`` count characters of ``Response.text``, the end left out. ``weight`` is positive where the
    span moved the verdict towards unsafe.
    """

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer with its prompt, every judgment of it, and the marked spans of its text."""

    prompt: Prompt
    response: Response
    judgments: tuple[Judgment, ...] = ()
    marks: tuple[Highlight, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Everything that one page shows.

    ``created`` is an ISO 8601 time. ``settings`` comes from ``run.json`` and is shown as provenance; its ``judges`` map
    a judge's name to ``description``, ``licence``, ``card_hash``, ``rate_kind`` (``flagged`` or ``violation``),
    ``languages`` and ``weak``. ``answers`` are shown in the order given, of ``total_answers`` in the run; ``sampling``
    is the sentence that says how they were chosen. ``notices`` must be seen before the numbers. ``labels`` map a
    taxonomy id to its title. ``threshold`` is the rate of unsafe answers that a system may have, None without one;
    ``sheets`` are data sheets of the judges, by name. ``answers_first`` is for a page that is there for its answers.
    """

    title: str
    created: str
    settings: Mapping[str, Any]
    summary: Summary
    answers: Iterable[AnswerRow]
    total_answers: int
    sampling: str
    notices: tuple[str, ...]
    labels: Mapping[str, str]
    threshold: float | None = None
    sheets: Mapping[str, DataSheet] = field(default_factory=dict)
    answers_first: bool = False
