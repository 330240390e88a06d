"""Printing: text of models and files made harmless for a terminal, tables, and JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hantei.reports.section import Section

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def terminal_safe(text: str) -> str:
    """Return text without what moves a cursor, reorders a line or starts an escape sequence; tabs and lines stay."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def say(text: str = "") -> None:
    """Print a line for people."""
    sys.stdout.write(terminal_safe(text) + "\n")


def say_markdown(text: str) -> None:
    """Print Markdown, which is escaped already; the joiners that keep addresses from being links stay."""
    sys.stdout.write(text + "\n")


def warn(text: str) -> None:
    """Print one line beside the output proper, whatever names of a user's or a file's it repeats."""
    sys.stderr.write(terminal_safe(text).replace("\n", "\\n").replace("\t", "\\t") + "\n")


def print_json(data: Any) -> None:
    """Print data for programs; everything but ASCII is escaped, so no terminal or pipe can stumble."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table; numbers, which start with a digit, are set to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, name in enumerate(header):
        numeric = bool(rows) and all(row[column][:1].isdigit() or row[column] in ("", "-") for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(terminal_safe(cell).replace("\n", "\\n")) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def print_sections(sections: Iterable[Section]) -> None:
    """Print those sections that a terminal shows, with an empty line after each."""
    from hantei.reports.to_terminal import TextTable, blocks

    for section in (one for one in sections if one.terminal):
        for block in blocks(section):
            if isinstance(block, TextTable):
                print_table(block.header, block.rows)
            else:
                say(block)
        say()


def show_sections(
    sections: list[Section], title: str, kind: str, verdict: str, out: Path | None, as_json: bool
) -> None:
    """Print sections, for people or as JSON, and write them as a page.

    Args:
        sections: what is shown.
        title: the page's title.
        kind: what kind of page it is.
        verdict: the line under the page's title.
        out: where the page goes, None for nowhere.
        as_json: whether to print JSON.
    """
    if out is not None:
        from hantei.reports.sections_page import write_sections

        write_sections(out, title, kind, verdict, sections)
    if as_json:
        from hantei.reports import to_json

        print_json({"sections": [to_json.section(one) for one in sections]})
        return
    print_sections(sections)
    if out is not None:
        say(f"Page: {out}")
