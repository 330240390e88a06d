"""What a model is asked about critiques: a template for each question in each language, as the cards of judges have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from hantei.critiques.critique import Critique
from hantei.judges.render import Template, compiled, defuse, fence, mark, variables
from hantei.models.base import Request, Sampling

UnitQuestion = Literal["extract", "precision", "recall"]
TONGUES = ("en", "ja", "zh")
_FOLDER = Path(__file__).parent / "prompts"
_TOKENS: Mapping[str, int] = {"extract": 2048, "precision": 512, "recall": 512}


class UnitPrompts:
    """Stands for hantei's own prompts where replies are cached: other wording, other replies."""

    name = "critique-units"

    @property
    def card_hash(self) -> str:
        """SHA-256 of all templates."""
        return _hash()


def extraction(text: str, tongue: str) -> Request:
    """Return the request for the units of a critique."""
    return _request("extract", tongue, {"critique": _fenced_alone(text)})


def precision(dialogue: Critique, unit: str, tongue: str) -> Request:
    """Return the request whether a unit is right of a dialogue; those of one dialogue differ at their end alone.

    Args:
        dialogue: a critique of it.
        unit: the claim.
        tongue: the language in which is asked.
    """
    seen = variables(dialogue.prompt, dialogue.response, {}, ("reference", "criteria"))
    return _request("precision", tongue, {**seen, "claim": _claim(unit)})


def recall(text: str, unit: str, tongue: str) -> Request:
    """Return the request whether a critique makes a claim; those of one critique differ at their end alone.

    Args:
        text: the critique.
        unit: the claim.
        tongue: the language in which is asked.
    """
    return _request("recall", tongue, {"critique": _fenced_alone(text), "claim": _claim(unit)})


def _fenced_alone(text: str) -> str:
    clean = defuse(text)
    return fence("critique", clean, mark([clean]))


def _claim(unit: str) -> str:
    """Return a unit in marks of its own: those of what it is checked against must not change from unit to unit."""
    clean = defuse(unit)
    return fence("claim", clean, mark([clean]))


def _request(question: UnitQuestion, tongue: str, values: Mapping[str, object]) -> Request:
    sampling = Sampling(temperature=0.0, max_tokens=_TOKENS[question])
    return Request(messages=_template(question, tongue)(values), sampling=sampling)


@cache
def _template(question: UnitQuestion, tongue: str) -> Template:
    file = f"{question}.{tongue}"
    return compiled(UnitPrompts.name, file, (_FOLDER / f"{file}.j2").read_text(encoding="utf-8"))


@cache
def _hash() -> str:
    texts = (path.read_bytes() for path in sorted(_FOLDER.glob("*.j2")))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
