"""Labels that people gave, from the columns of a user's file: whether an answer is unsafe, its action, its refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.errors import InputError, RowError
from hantei.inputs.names import no_column
from hantei.inputs.row import Row
from hantei.inputs.values import columns_message
from hantei.records import ACTIONS, REFUSALS, Head, Judgment, Refusal

LABEL_ALIASES: dict[str, tuple[str, ...]] = {
    "unsafe": ("unsafe", "is_unsafe", "harmful", "is_safe", "label"),
    "action": ("action",),
    "refusal": ("refusal", "final_label"),
}
"""Names of the columns that hold labels, the first that a file has winning; compared without case."""

_UNSAFE = {"1": True, "true": True, "yes": True, "unsafe": True, "harmful": True, "不安全": True, "危険": True}
_SAFE = {"0": False, "false": False, "no": False, "safe": False, "harmless": False, "安全": False}
_TRUTH = {**_UNSAFE, **_SAFE}
_ANSWERS = ("1", "true", "yes", "0", "false", "no")
"""What means the opposite in a column ``is_safe``; words such as ``unsafe`` mean the same in every column."""
_REFUSAL: dict[str, Refusal] = {
    **dict(zip(REFUSALS, ("none", "partial", "full"), strict=True)),
    "0": "none",
    "1": "partial",
    "2": "full",
    "full_compliance": "none",
    "full_refusal": "full",
    "partial_refusal": "partial",
}


_NUMBERED = re.compile(r"^\d_(?=\w)")
"""What stands before XSTest's names."""
_XSTEST_SAFE = (
    "homonyms",
    "figurative_language",
    "safe_targets",
    "safe_contexts",
    "definitions",
    "real_group_nons_discr",
    "nons_group_real_discr",
    "discr",
    "historical_events",
    "privacy",
    "privacy_public",
    "privacy_fictional",
)
_XSTEST_TYPES = {*_XSTEST_SAFE, *(f"contrast_{kind}" for kind in _XSTEST_SAFE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLabels:
    """What a person said of one answer; None where nothing was said."""

    unsafe: bool | None = None
    action: int | None = None
    refusal: Refusal | None = None

    @property
    def any(self) -> bool:
        """Whether anything was said."""
        return self != RowLabels()

    def judgment(self, response_id: str, judge: str) -> Judgment:
        """Return the labels as a judgment of the person ``judge``."""
        return Judgment(
            response_id=response_id, judge=judge, unsafe=self.unsafe, action=self.action, refusal=self.refusal
        )


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Which column holds which label in one file; ``mapping`` is label to column where a name is not the usual."""

    path: Path
    mapping: Mapping[str, str]

    def columns_by_field(self, names: Sequence[str], fields: Mapping[str, str]) -> dict[str, str]:
        """Return label to column for the columns ``names`` of a file; those of ``fields`` (field to column) hold none.

        Raises:
            InputError: a mapped column is absent, or is that of a field.
        """
        taken = {column: field for field, column in fields.items()}
        free = [name for name in names if name not in taken and name not in self.mapping.values()]
        by_lower = {name.strip().lower(): name for name in reversed(free)}
        if "final_label" in by_lower:
            by_lower.pop("label", None)  # XSTest: the class of the prompt
        found = {}
        for label, aliases in LABEL_ALIASES.items():
            column = next((by_lower[alias] for alias in aliases if alias in by_lower), None)
            if label in self.mapping:
                column = self._mapped(label, names, taken)
            if column is not None:
                found[label] = column
        return found

    def _mapped(self, label: str, names: Sequence[str], taken: Mapping[str, str]) -> str:
        column = self.mapping[label]
        if column not in names:
            raise no_column(self.path, column, names)
        if column in taken:
            raise InputError(
                f"{self.path}: --map {label}={column}: that column is read as the {taken[column]}; name the column of "
                "the labels"
            )
        return column

    def labels(self, row: Row, found: Mapping[str, str]) -> RowLabels:
        """Return the labels of a row; an empty cell says nothing.

        Raises:
            RowError: a cell holds no such label.
        """
        values: dict[str, Any] = {}
        for label, column in found.items():
            cell = row.cells[column]
            # Tables with empty cells hold whole numbers as 1.0.
            text = "" if cell is None else str(cell).strip().lower().removesuffix(".0")
            if not text:
                continue
            if column.strip().lower() == "label" and label not in self.mapping and _is_of_prompt(row):
                raise RowError(str(self.path), row.number, column, _CLASS_OF_PROMPT)
            values[label] = _value(label, column, text)
            if values[label] is None:
                raise RowError(str(self.path), row.number, column, _problem(label, text))
        return RowLabels(**values)


def _is_of_prompt(row: Row) -> bool:
    """Whether a row is one of XSTest, by the kind of its prompt."""
    return any(name.strip().lower() == "type" and cell in _XSTEST_TYPES for name, cell in row.cells.items())


def _value(label: str, column: str, text: str) -> bool | int | Refusal | None:
    if label == "action":
        known = text.isascii() and text.isdigit() and len(text) == 1 and int(text) < len(ACTIONS)
        return int(text) if known else None
    if label == "refusal":
        return _REFUSAL.get(_NUMBERED.sub("", text))
    unsafe = _TRUTH.get(text)
    turned = column.strip().lower() == "is_safe" and text in _ANSWERS
    return unsafe if unsafe is None else unsafe != turned


_CLASS_OF_PROMPT = (
    "is XSTest's class of the prompt, not a label of the answer; delete the column, or take it with --map unsafe=label"
)
_EXPECTED = {
    "unsafe": "expected 1 or 0, unsafe or safe",
    "action": "expected an action from 0 to 5",
    "refusal": "expected none, partial or full",
}


def _problem(label: str, text: str) -> str:
    return f"{_EXPECTED[label]}, found '{text[:40]}'"


def label_value(label: str, column: str, text: str) -> float:
    """Return a label as a number: 1 for unsafe and 0 for safe, an action's number, a refusal's place in ``REFUSALS``.

    Args:
        label: unsafe, action or refusal.
        column: where it stands: ``is_safe`` turns it round.
        text: in small letters.

    Raises:
        ValueError: it holds no such label.
    """
    value = _value(label, column, text)
    if value is None:
        raise ValueError(_problem(label, text))
    return float(REFUSALS.index(value) if isinstance(value, str) else value)


def head_of_values(texts: Set[str]) -> Head | None:
    """Return of which head all of these labels (in small letters) are, where their words tell: None for names or bare
    numbers other than 0 and 1.
    """
    if texts and texts <= _TRUTH.keys():
        return "unsafe"
    words = {_NUMBERED.sub("", text) for text in texts}
    known = {name for name in _REFUSAL if not name.isdigit()}
    return "refusal" if words and words <= known else None


def no_label(path: Path, names: Sequence[str], cure: str = "name one with --map unsafe=COLUMN") -> InputError:
    """Return the error of a file with the columns ``names``, none of which holds labels; ``cure`` is what to do."""
    usual = "; ".join(f"{label}: {', '.join(aliases)}" for label, aliases in LABEL_ALIASES.items())
    return InputError(f"{path}: no column for a label (expected {usual}); {columns_message(names)}; {cure}")
