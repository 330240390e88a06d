"""Sections as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hantei.reports.section import Section
from hantei.reports.template import STYLES, assets, policy, template, write_page
from hantei.reports.to_html import section
from hantei.version import __version__


def write_sections(
    path: Path, title: str, kind: str, verdict: str, sections: Sequence[Section], notices: Sequence[str] = ()
) -> None:
    """Write a page of sections to ``path``, whole or not at all.

    Args:
        path: where.
        title: as in ``render_sections``, and so are all others.
        kind: what kind of page it is.
        verdict: the sentence below the heading.
        sections: what it shows.
        notices: what must be seen first.

    Raises:
        UsageError: the file cannot be written there.
    """
    write_page(path, render_sections(title, kind, verdict, sections, notices))


def render_sections(
    title: str, kind: str, verdict: str, sections: Sequence[Section], notices: Sequence[str] = ()
) -> str:
    """Return a page of sections as HTML.

    Args:
        title: its heading.
        kind: what kind of page it is, in a few words.
        verdict: the sentence below the heading.
        sections: what it shows, in order; those of several judges may have one key.
        notices: what must be seen before the numbers.
    """
    from markupsafe import Markup

    style = assets(STYLES)
    judges = list(dict.fromkeys(one.judge for one in sections if one.judge))
    numbers = [judges.index(one.judge) if one.judge else None for one in sections]
    page: str = template("tables.html.j2").render(
        title=title,
        kind=kind,
        verdict=verdict,
        notices=notices,
        navigation=_navigation(sections, numbers),
        sections=[section(one, number) for one, number in zip(sections, numbers, strict=True)],
        version=__version__,
        policy=policy(style),
        style=Markup(style),  # noqa: S704 - our own files
    )
    return page


def _navigation(sections: Sequence[Section], numbers: Sequence[int | None]) -> list[tuple[str, str]]:
    """Return where each title first stands, as (id, title)."""
    first: dict[str, str] = {}
    for one, number in zip(sections, numbers, strict=True):
        if not one.folded:
            first.setdefault(one.title.partition(":")[0], one.key if number is None else f"{one.key}-{number}")
    return [(key, title) for title, key in first.items()]
