"""The file that ``hantei train cascade`` writes: a rule, its threshold and guarantee, and what was measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from hantei.errors import InputError, UsageError
from hantei.judges.cascade.rule import ALWAYS, CLASSES, CascadeHead, CascadeRule

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeFit:
    """A fitted cascade, as its file holds it.

    ``threshold`` is that of the rule's score: the expensive judge is asked below it. ``guarantee`` says in words what
    holds, for which answers and with which certainty; ``goal`` what was asked for. ``cheap`` and ``expensive`` are
    the judges of the fit, ``name`` and ``card_hash`` each. ``sample`` says what it was made from. ``curve`` has, by
    threshold, the share of ``calls``, ``kept_error`` (the cheap judge's among the answers that it keeps) with its upper
    bound ``kept_error_bound``, and where the expensive judge's verdicts were given the ``accuracy`` and ``macro_f1`` of
    the cascade; ``operating`` is the same at the threshold that was chosen. Shares are from 0 to 1.
    """

    head: CascadeHead
    rule: str
    threshold: float
    temperature: float
    confusion: tuple[tuple[float, ...], ...] | None
    guarantee: str
    goal: Mapping[str, float]
    cheap: Mapping[str, str]
    expensive: Mapping[str, str] | None
    sample: Mapping[str, Any]
    operating: Mapping[str, float | None]
    curve: tuple[Mapping[str, float | None], ...]
    version: int = VERSION

    def applied(self) -> CascadeRule:
        """Return the rule."""
        confusion = None if self.confusion is None else np.array(self.confusion, dtype=np.float64)
        return CascadeRule(self.head, self.temperature, confusion)

    def text(self) -> str:
        """Return the fit as the text of its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the curve as a header and rows for people, the chosen threshold last."""
        header = ["threshold", "calls", "error among the kept", "at most", "accuracy", "macro-F1"]
        names = ("calls", "kept_error", "kept_error_bound", "accuracy", "macro_f1")
        chosen = {**self.operating, "threshold": self.threshold}
        rows = [[f"{one['threshold']:.3f}", *(_percent(one[name]) for name in names)] for one in (*self.curve, chosen)]
        rows[-1][0] += " chosen"
        return header, rows

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the cascade."""
        names = ("head", "rule", "threshold", "guarantee", "goal", "sample", "operating", "curve")
        return {name: getattr(self, name) for name in names}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def read_fit(path: Path) -> tuple[CascadeFit, str]:
    """Return the fit in a file and the SHA-256 of the file.

    Raises:
        UsageError: there is no such file.
        InputError: it is not what ``hantei train cascade`` writes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; make it with hantei train cascade") from None
    try:
        found = json.loads(data)
        fit = CascadeFit(**{field.name: found[field.name] for field in fields(CascadeFit)})
        _check(fit)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"no field {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path}: expected the file of hantei train cascade: {problem}") from None
    return fit, hashlib.sha256(data).hexdigest()


def _check(fit: CascadeFit) -> None:
    """Raise one of the errors that ``read_fit`` catches where a value that is used is not what it should be.

    Raises:
        ValueError: a value is not what it should be.
        TypeError: a text or number that is only told is of another type.
    """
    if fit.version != VERSION:
        raise ValueError(f"it has version {fit.version!r}, this hantei reads {VERSION}; fit it again")
    classes = CLASSES[fit.head]
    numbers = np.array([fit.threshold, fit.temperature], dtype=np.float64)
    if not np.isfinite(numbers).all() or fit.temperature <= 0:
        raise ValueError("threshold and temperature must be numbers, the temperature above 0")
    if (fit.confusion is None) != (fit.rule == "confidence"):
        raise ValueError("only the rule 'value' has a confusion")
    confusion = fit.applied().confusion
    shares = confusion is None or bool(((confusion > 0) & (confusion <= 1)).all())
    if not shares or (confusion is not None and confusion.shape != (classes, classes)):
        raise ValueError(f"confusion must be {classes} rows of {classes} shares above 0")
    _check_told(fit)


def _check_told(fit: CascadeFit) -> None:
    """Raise as ``_check`` does for what run folders and reports tell of a cascade.

    Raises:
        TypeError: one is not a text, or not a number within bounds.
    """
    judges = [judge for judge in (fit.cheap, fit.expensive) if judge is not None]
    texts = [fit.guarantee, fit.rule, *(judge[key] for judge in judges for key in ("name", "card_hash"))]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("guarantee, rule, and the judges' name and card_hash must be texts")
    numbers = [value for point in (fit.operating, *fit.curve) for value in point.values() if value is not None]
    if not all(isinstance(value, int | float) and abs(value) <= ALWAYS for value in numbers):
        raise TypeError("operating and curve must hold numbers from -2 to 2, or null")
