"""Sections as GitHub-flavoured Markdown, for the page of a job in continuous integration.

Names of systems, prompts' ids and what judges said come from models and strangers' files: none of it may make a link,
an image, a mention or a tag on that page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hantei.reports.section import ReportTable, Section
from hantei.reports.text import visible
from hantei.reports.to_terminal import cell_text

_SIGNS = re.compile(r"[\\`*_{}\[\]<>#+!|~&]")
"""What Markdown may read as more than text."""

_LINKING = re.compile(r"(?<=@)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""Where a bare address becomes a link, and a name a mention; a joiner there, which is not seen, makes it neither."""


def markdown(sections: Iterable[Section]) -> str:
    """Return the sections that a terminal shows as Markdown: headings, sentences and tables, without figures."""
    return "\n".join(line for section in sections if section.terminal for line in _section(section))


def listed(lines: Iterable[str]) -> str:
    """Return lines as a list."""
    return "\n".join(f"- {escaped(line)}" for line in lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, in one line: no link, and an ``@`` names nobody."""
    line = " ".join(visible(text).split())
    return _LINKING.sub("\u2060", _SIGNS.sub(lambda sign: f"\\{sign[0]}", line))


def _section(section: Section) -> Iterator[str]:
    judge = f"{escaped(section.judge)}: " if section.judge else ""
    yield f"### {judge}{escaped(section.title)}"
    yield ""
    yield from _sentences(note.text for note in section.notes if note.tone)
    for table in section.tables:
        if len(section.tables) > 1:
            yield from _sentences([table.caption])
        yield from _table(table)
    yield from _sentences(note.text for note in section.notes if not note.tone)


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield escaped(text)
        yield ""


def _table(table: ReportTable) -> Iterator[str]:
    places = [place for place, column in enumerate(table.columns) if column.terminal]
    yield _row([table.head, *(table.columns[place].title for place in places)])
    yield f"|{' --- |' * (1 + len(places))}"
    for row in table.rows:
        yield _row([row.name, *(cell_text(row.cells[place]) for place in places)])
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
