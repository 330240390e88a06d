"""The page: template, content security policy, file.

The policy forbids every request and every script but the one whose hash it names, so that even a mistake in the
escaping of an answer runs nothing. Scripts may not build markup from strings either (trusted types).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from hantei.records import ACTIONS
from hantei.reports import charts
from hantei.reports.answers import Answers, encode
from hantei.reports.data import ReportInput
from hantei.reports.template import assets, source_hash, template, write_page
from hantei.reports.text import clip
from hantei.reports.views import JudgeView, judge_views, judges_table

_STYLES = ("base.css", "results.css", "answers.css", "curves.css", "print.css")
_SCRIPTS = ("data.js", "elements.js", "answer.js", "filters.js", "browser.js", "judges.js", "start.js")
_LIST_LIMIT = 40
_VALUE_LIMIT = 2_000


def render_report(data: ReportInput) -> str:
    """Return the page as HTML that holds everything it needs.

    Raises:
        jinja2.UndefinedError: a template names something that it was not given: a mistake in the program.
    """
    from markupsafe import Markup

    style, script = assets(_STYLES), _script()
    answers = encode(data)
    views = judge_views(data)
    return str(
        template("report.html.j2").render(
            data=data,
            notices=list(dict.fromkeys((*data.notices, *data.summary.notes))),
            created=_time(data.created),
            judges=views,
            judges_table=judges_table(data),
            policy=_policy(style, script),
            # Our own files and escaped JSON: the only three texts that are markup already.
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            answers_json=Markup(answers.json),  # noqa: S704
            answers=answers,
            omitted=_omitted(answers),
            sections=_sections(views),
            provenance=list(_lines({"created": data.created, **data.settings})),
            actions=ACTIONS,
            charts=charts,
        )
    )


def write_report(path: Path, data: ReportInput) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    write_page(path, render_report(data), "report")


def _policy(style: str, script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{source_hash(style)}'",
            f"script-src '{source_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
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


def _omitted(answers: Answers) -> str:
    if not answers.left_out:
        return ""
    return f"{answers.left_out:,} more were left out to keep this file small enough to open."


def _sections(judges: list[JudgeView]) -> list[tuple[str, str]]:
    """Return the parts that at least one judge has, as (id, title), for the navigation."""
    parts: dict[str, str] = {}
    for judge in judges:
        parts |= {"systems": "Systems"} if judge.systems else {}
        parts |= {"harms": "Harm types"} if judge.harms else {}
        parts |= {"actions": "Actions"} if judge.actions else {}
        parts |= {part: title for part, title, _ in judge.slices}
        parts |= {"people": "Against people"} if judge.people else {}
        parts |= {"cascade": "Cascade"} if judge.cascade else {}
        parts |= {"drift": "Unfamiliar answers"} if judge.drift else {}
    return list(parts.items())


def _lines(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield settings as flat lines; judges have a table of their own."""
    for key, value in settings.items():
        name = f"{prefix}{key}".replace("_", " ")
        if not prefix and key == "judges":
            continue
        if isinstance(value, Mapping):
            yield from _lines(value, f"{name}: ")
        else:
            yield clip(name, 120), clip(_value(value), _VALUE_LIMIT)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        more = f" and {len(value) - _LIST_LIMIT:,} more" if len(value) > _LIST_LIMIT else ""
        return ", ".join(_value(item) for item in value[:_LIST_LIMIT]) + more or "none"
    return "none" if value is None else str(value)
