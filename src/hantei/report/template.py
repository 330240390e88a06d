"""The templates' environment: everything is escaped, and control characters are shown, not obeyed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from hantei.report.text import visible

_TEMPLATES = Path(__file__).parent / "templates"


def template(name: str) -> Any:
    """Return a template of this package by its file name, ready for ``render``."""
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
