"""Translations that exist: a table with a column for each language, in which a prompt finds its other languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hantei.benchmarks.attacks.card import LANGUAGES
from hantei.errors import InputError, RowError
from hantei.inputs import open_table

PromptPairs = dict[str, dict[str, str]]
"""A prompt's text, its white space folded, to the same in each language."""


def read_pairs(paths: Sequence[Path]) -> PromptPairs:
    """Return the translations of tables whose columns ``en``, ``ja`` and ``zh`` hold the same question.

    Raises:
        InputError: a table cannot be read, or has fewer than two of these columns.
        RowError: a row is broken.
    """
    found: PromptPairs = {}
    for path in paths:
        known = 0
        for row in open_table(path).rows():
            if isinstance(row, RowError):
                raise row
            said = {name: text for name, text in row.cells.items() if name in LANGUAGES and isinstance(text, str)}
            known = max(known, len(said))
            for text in said.values():
                found.setdefault(folded(text), {}).update(said)
        if known < 2:
            raise InputError(f"--pairs {path}: expected at least two of the columns {', '.join(LANGUAGES)}")
    return found


def folded(text: str) -> str:
    """Return a text with its white space folded."""
    return " ".join(text.split())
