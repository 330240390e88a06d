"""A comparison as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

from pathlib import Path

from hantei.metrics.compare import Comparison
from hantei.reports import template as pages
from hantei.reports.comparison import sections
from hantei.reports.results import NAME_LIMIT
from hantei.reports.text import clip
from hantei.reports.to_html import section
from hantei.version import __version__


def render_page(found: Comparison) -> str:
    """Return the page as HTML that holds everything it needs and runs no script."""
    from markupsafe import Markup

    style = pages.assets(pages.STYLES)
    judges = list(found.judges)
    parts = sections(found)
    shown = [section(part, judges.index(part.judge) if part.judge else None) for part in parts]
    navigation = {part.title: f"{part.key}-{judges.index(part.judge or judges[0])}" for part in reversed(parts)}
    page: str = pages.template("tables.html.j2").render(
        title=clip(found.title, NAME_LIMIT),
        kind="comparison",
        verdict=f"{', '.join(clip(side, NAME_LIMIT) for side in found.sides)} · judged by {', '.join(judges)}",
        notices=found.notices,
        navigation=[(key, title) for title, key in reversed(navigation.items())],
        sections=shown,
        version=__version__,
        policy=pages.policy(style),
        style=Markup(style),  # noqa: S704 - our own files
    )
    return page


def write_comparison(path: Path, found: Comparison) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    pages.write_page(path, render_page(found))
