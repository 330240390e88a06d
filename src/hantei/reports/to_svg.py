"""A plot as a picture of its own, in SVG, for pages that show pictures and run nothing, such as the docs."""

from __future__ import annotations

import re

from markupsafe import Markup

from hantei.reports.figures import Plot
from hantei.reports.plotting import plot_layout
from hantei.reports.template import assets, template

_FIELD, _ROW = 282, 16
"""Height of a picture down to its legend, and of one row of that, in units of the picture."""

_COLOURS = re.compile(r":root \{.*?\n\}", re.DOTALL)
_OWN = ".curve .paper { fill: var(--panel); } .curve { font-family: system-ui, sans-serif; }\n"


def svg(plot: Plot) -> str:
    """Return a plot with its title and legend, light or dark as its reader's screen is."""
    layout = plot_layout(plot)
    keys = [(one, _FIELD + _ROW * row) for row, one in enumerate(layout["shapes"])]
    height = _FIELD + _ROW * len(keys)
    style = Markup(_style())  # noqa: S704 - our own files
    text: str = template("figures/plot.svg.j2").render(**layout, keys=keys, height=height, style=style)
    return text


def _style() -> str:
    """Return the rules for pictures, with the colours of pages, which their own sheet holds among much else."""
    base = assets(["base.css"])
    dark = base.partition("@media (prefers-color-scheme: dark) {")[2].partition("\n}")[0]
    colours = _COLOURS.search(base)
    light = colours[0] if colours else ""
    return f"{light}\n@media (prefers-color-scheme: dark) {{{dark}\n}}\n{assets(['curves.css'])}{_OWN}"
