"""Sections as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

from collections.abc import Sequence

from hantei.reports.section import Section
from hantei.reports.template import STYLES, assets, policy, template
from hantei.reports.to_html import section
from hantei.version import __version__


def render_sections(title: str, kind: str, verdict: str, notices: Sequence[str], sections: Sequence[Section]) -> str:
    """Return a page of sections as HTML.

    Args:
        title: its heading.
        kind: what kind of page it is, in a few words.
        verdict: the sentence below the heading.
        notices: what must be seen before the numbers.
        sections: what it shows, in order.
    """
    from markupsafe import Markup

    style = assets(STYLES)
    page: str = template("tables.html.j2").render(
        title=title,
        kind=kind,
        verdict=verdict,
        notices=notices,
        navigation=[(one.key, one.title.partition(":")[0]) for one in sections if not one.folded],
        sections=[section(one) for one in sections],
        version=__version__,
        policy=policy(style),
        style=Markup(style),  # noqa: S704 - our own files
    )
    return page
