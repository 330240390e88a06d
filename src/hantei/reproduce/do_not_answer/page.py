"""The reproduction as one HTML file that holds everything it needs and runs no script."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from hantei.errors import UsageError
from hantei.files import write_atomic
from hantei.report.template import template
from hantei.reproduce.do_not_answer.reproduction import Reproduction
from hantei.version import __version__

_TITLE = "Do-Not-Answer"
_ASSETS = files("hantei.report") / "assets"
_STYLES = ("base.css", "results.css", "curves.css", "print.css", "reproduction.css")


def render_page(found: Reproduction) -> str:
    """Return the page as HTML."""
    from markupsafe import Markup

    style = "".join((_ASSETS / name).read_text(encoding="utf-8") for name in _STYLES)
    page: str = template("reproduction.html.j2").render(
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
    try:
        write_atomic(path, [render_page(found).encode("utf-8", "backslashreplace")])
    except OSError as error:
        raise UsageError(f"{path}: expected a place to write the page: {error.strerror or error}") from None


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
