"""The reproduction as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

from pathlib import Path

from hantei.reports import template as pages
from hantei.reproduce.do_not_answer.reproduction import Reproduction
from hantei.version import __version__

_TITLE = "Do-Not-Answer"
_STYLES = ("base.css", "results.css", "curves.css", "print.css", "reproduction.css")


def render_page(found: Reproduction) -> str:
    """Return the page as HTML."""
    from markupsafe import Markup

    style = pages.assets(_STYLES)
    page: str = pages.template("reproduction.html.j2").render(
        title=_TITLE,
        verdict=found.verdict(),
        notes=found.notes,
        sections=found.sections,
        version=__version__,
        policy=_policy(style),
        style=Markup(style),  # noqa: S704 - our own files
    )
    return page


def write_page(path: Path, found: Reproduction) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    pages.write_page(path, render_page(found), "page")


def _policy(style: str) -> str:
    allowed = f"style-src '{pages.source_hash(style)}'"
    return f"default-src 'none'; {allowed}; img-src data:; base-uri 'none'; form-action 'none'"
