"""A run's page: its sections in a frame that forbids every request and every script but its own.

The content security policy names the one style sheet and the one script by their hashes, so that even a mistake in the
escaping of an answer runs nothing. Scripts may not build markup from strings either (trusted types).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from hantei.metrics.definitions import all_metrics
from hantei.records import ACTIONS
from hantei.reports.answers import Answers, encode
from hantei.reports.data import ReportInput
from hantei.reports.figures import AnswerBrowser
from hantei.reports.results import JudgeResults, Results
from hantei.reports.rooms import sections
from hantei.reports.section import Section
from hantei.reports.template import STYLES, assets, policy, template, write_page
from hantei.reports.text import clip
from hantei.reports.to_html import Links, section

if TYPE_CHECKING:
    from markupsafe import Markup

_SCRIPTS = ("data.js", "elements.js", "answer.js", "filters.js", "browser.js", "judges.js", "search.js", "start.js")
_SAMPLING_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class JudgePart:
    """One judge's part of the page: its number, its rates, and its sections as HTML."""

    number: int
    judge: JudgeResults
    sections: tuple[Markup, ...]


def render_report(data: ReportInput) -> str:
    """Return the page as HTML that holds everything it needs.

    Raises:
        jinja2.UndefinedError: a template names something that it was not given: a mistake in the program.
    """
    from markupsafe import Markup

    style, script = assets(STYLES), _script()
    answers = encode(data)
    browser = _browser(data, answers)
    results = Results(data.summary, data.settings, data.labels, browser, data.threshold, data.sheets)
    parts, links = sections(results), Links(answers.systems, answers.harms)
    if data.answers_first:
        parts.sort(key=lambda part: part.key != "answers")
    before = list(takewhile(lambda part: part.judge is None, parts))
    after = [part for part in parts[len(before) :] if part.judge is None]
    if not results.judges:
        before, after = [], before
    return str(
        template("report.html.j2").render(
            data=data,
            notices=list(dict.fromkeys((*data.notices, *data.summary.notes))),
            created=_time(data.created),
            judges=[_judge_part(number, judge, parts, links) for number, judge in enumerate(results.judges)],
            before=[section(part, links=links) for part in before],
            after=[section(part, links=links) for part in after],
            navigation=_navigation(parts),
            policy=policy(style, script),
            # Our own files: markup already.
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            metrics=all_metrics(),
            actions=ACTIONS,
        )
    )


def write_report(path: Path, data: ReportInput) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    write_page(path, render_report(data))


def _judge_part(number: int, judge: JudgeResults, parts: Sequence[Section], links: Links) -> JudgePart:
    own = (section(part, number, 3, links) for part in parts if part.judge == judge.name)
    return JudgePart(number, judge, tuple(own))


def _navigation(parts: Sequence[Section]) -> list[tuple[str, str, bool]]:
    """Return where the navigation leads, as (key, title up to a colon, whether each judge has its own)."""
    links: dict[str, tuple[str, str, bool]] = {}
    for part in parts:
        if not part.folded and part.key not in ("judges", "overview"):
            title = part.title.partition(":")[0]
            links.setdefault(title, (part.key, title, part.judge is not None))
    return list(links.values())


def _browser(data: ReportInput, answers: Answers) -> AnswerBrowser:
    shown = f"{answers.shown:,} of {data.total_answers:,} answers are in this file."
    omitted = f" {answers.left_out:,} more were left out to keep this file small enough to open."
    return AnswerBrowser(
        json=answers.json,
        sampling=f"{shown} {clip(data.sampling, _SAMPLING_LIMIT)}{omitted if answers.left_out else ''}",
    )


def _script() -> str:
    return f'(() => {{\n"use strict";\n{assets(_SCRIPTS)}}})();\n'


def _time(created: str) -> str:
    """Return an ISO time for people, or as it is where it is none."""
    try:
        time = datetime.fromisoformat(created)
    except ValueError:
        return clip(created, 60)
    return f"{time.day} {time:%B %Y, %H:%M} {time.tzname() or ''}".strip()
