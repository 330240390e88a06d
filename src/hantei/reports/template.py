"""What every page is made with: templates in which everything is escaped and control characters are shown, not obeyed;
styles and scripts of this package, the hash by which a page's policy allows them, and writing it whole."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from hantei.errors import UsageError
from hantei.files import cannot_write, write_atomic
from hantei.reports.text import visible

_HERE = Path(__file__).parent
_OF_A_RUN = (
    "report.html.j2",
    "reading.html.j2",
    "frame.html.j2",
    "section.html.j2",
    "table.html.j2",
    "bar.html.j2",
    "figures/answers.html.j2",
    "figures/headline.html.j2",
    "figures/stacks.html.j2",
)
"""What every run's page is made with; what some have besides (radars, heat maps) is loaded when it is shown."""
STYLES = ("base.css", "results.css", "answers.css", "curves.css", "print.css")
"""The style sheets of every page, in order."""


def template(name: str) -> Any:
    """Return a template of this package by its file name, ready for ``render``."""
    return _environment().get_template(name)


def compile_templates() -> None:
    """Load what the page of a run is made with, so that little of it is left to do when it is written."""
    for name in _OF_A_RUN:
        template(name)


def assets(names: Iterable[str]) -> str:
    """Return files of this package's ``assets``, joined."""
    # read_text turns line ends into LF, as the browser does before it hashes.
    return "".join((_HERE / "assets" / name).read_text(encoding="utf-8") for name in names)


def source_hash(text: str) -> str:
    """Return the source by which a content security policy allows one inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy(style: str, script: str | None = None) -> str:
    """Return the content security policy of a page: this style sheet, this script or none, and no request at all."""
    scripts = [f"script-src '{source_hash(script)}'", "require-trusted-types-for 'script'"] if script else []
    rules = ("default-src 'none'", f"style-src '{source_hash(style)}'", *scripts)
    return "; ".join((*rules, "img-src data:", "base-uri 'none'", "form-action 'none'"))


def write_page(path: Path, html: str) -> None:
    """Write a page whole or not at all.

    Raises:
        UsageError: the file cannot be written there.
    """
    try:
        write_atomic(path, [html.encode("utf-8", "backslashreplace")])
    except OSError as error:
        raise UsageError(cannot_write(path, error)) from None


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
