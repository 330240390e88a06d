"""The reproduction as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

from pathlib import Path

from hantei.reports import template as pages
from hantei.reports.to_html import section
from hantei.reproduce.do_not_answer.reproduction import Reproduction
from hantei.version import __version__


def render_page(reproduction: Reproduction) -> str:
    """Return the page as HTML."""
    from markupsafe import Markup

    style = pages.assets(pages.STYLES)
    page: str = pages.template("tables.html.j2").render(
        title="Do-Not-Answer",
        kind="published tables, computed again",
        verdict=reproduction.verdict(),
        notices=reproduction.notes,
        navigation=[(one.key, one.title.partition(":")[0]) for one in reproduction.sections],
        sections=[section(one) for one in reproduction.sections],
        version=__version__,
        policy=pages.policy(style),
        style=Markup(style),  # noqa: S704 - our own files
    )
    return page


def write_page(path: Path, reproduction: Reproduction) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    pages.write_page(path, render_page(reproduction), "page")
