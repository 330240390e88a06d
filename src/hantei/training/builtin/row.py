"""A training row: one prompt with one answer and the labels that people gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Licences = Literal["all", "permissive"]
"""Which sources may be trained on: all, or those whose terms allow every use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRow:
    """One prompt with one answer and the labels that people gave; an answer of None where only the prompt is labelled.

    ``refusal`` is 0 for none, 1 for partial, 2 for full; ``harm`` is an index into HARMS; ``system`` names who
    answered; ``intent`` says whether the prompt is risky: asks for harm, or was made to draw it out; ``kind`` is an
    index into CHAT_KINDS where the answer is a remark in a chat; ``asked`` is what the prompt puts into a frame.
    """

    source: str
    language: str
    prompt: str
    response: str | None
    unsafe: bool | None = None
    action: int | None = None
    refusal: int | None = None
    harm: int | None = None
    intent: bool | None = None
    system: str = ""
    kind: int | None = None
    asked: str = ""

    @property
    def group(self) -> str:
        """What is asked with its white space folded: rows of one group are never on both sides of a split."""
        return " ".join((self.asked or self.prompt).split())


@dataclass(frozen=True, slots=True)
class TrainingSource:
    """Where rows come from and what terms bind them."""

    title: str
    link: str
    licence: str
    terms: str
    permissive: bool
    read: Callable[[Path], Iterator[TrainingRow]]
