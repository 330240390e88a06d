"""The reproduction as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

from pathlib import Path

from hantei.reports import template as pages
from hantei.reports.sections_page import render_sections
from hantei.reproduce.do_not_answer.reproduction import Reproduction


def render_page(reproduction: Reproduction) -> str:
    """Return the page as HTML."""
    return render_sections(
        "Do-Not-Answer",
        "published tables, computed again",
        reproduction.verdict(),
        reproduction.sections,
        reproduction.notes,
    )


def write_page(path: Path, reproduction: Reproduction) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    pages.write_page(path, render_page(reproduction))
