"""A run as a notebook shows it: its rates, and its worst answers folded away. Everything in it is escaped."""

from __future__ import annotations

from hantei.errors import HanteiError
from hantei.reports.build import results_of
from hantei.reports.rooms import sections
from hantei.reports.template import template
from hantei.reports.text import clip
from hantei.reports.to_terminal import table_of_text
from hantei.runs.folder import Run
from hantei.runs.worst import none_worst

_WORST = 5
_NAME, _PROMPT, _ANSWER = 200, 300, 1_000


def run_html(run: Run) -> str:
    """Return a run as a piece of HTML; of one without a summary what is wrong with it."""
    page = template("notebook.html")
    name = run.path.resolve().name
    try:
        tables = [
            (clip(one.judge or "", _NAME), table.caption, table_of_text(table))
            for one in sections(results_of(run))
            if one.terminal
            for table in one.tables
        ]
        worst = run.worst(_WORST)
        html: str = page.render(
            name=name,
            path=str(run.path),
            stopped=run.info().stopped,
            notes=run.summary().notes,
            tables=tables,
            worst=worst,
            nothing=None if worst else none_worst(run),
            clip=clip,
            limits=(_PROMPT, _ANSWER),
            problem=None,
        )
    except HanteiError as error:
        html = page.render(name=name, path=str(run.path), problem=str(error))
    return html
