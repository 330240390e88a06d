"""What preference rounds are run on: dialogues, the form in which judges write, a scorer of critiques, first judges.

Whoever has these four has rounds. A judge is a folder that transformers loads alone (weights, tokenizer with a chat
template). It is asked with ``form.messages`` through its chat template, and what it writes is read by ``form.read``;
training texts are ``form.completion``, so that training and asking cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hantei.critiques.critique import Checker, Critique
from hantei.records import Message, Prompt, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A question and an answer whose label is known.

    Args:
        id: names it among all of training and validation, which must not have a dialogue in common.
        language: of the critique that is wanted (BCP 47).
        prompt: the conversation up to the answer.
        response: the answer.
        unsafe: its label.
        reference: the units that a good critique of it holds; empty where they are not known, and then the critiques
            of it cannot be scored (``validation`` needs them).
    """

    id: str
    language: str
    prompt: Prompt
    response: Response
    unsafe: bool
    reference: tuple[str, ...] = ()

    def criticised(self, judge: str, reading: CritiqueReading) -> Critique:
        """Return what a judge wrote of it, for a checker."""
        return Critique(
            id=self.id,
            judge=judge,
            language=self.language,
            prompt=self.prompt,
            response=self.response,
            text=reading.critique,
            reference=self.reference,
            unsafe=reading.unsafe,
        )


@dataclass(frozen=True, slots=True)
class CritiqueReading:
    """What was read from a judge's reply: its verdict and its critique, None for what it does not hold clearly."""

    unsafe: bool | None
    critique: str | None

    @property
    def parsed(self) -> bool:
        """Whether both are there."""
        return self.unsafe is not None and self.critique is not None


NOTHING = CritiqueReading(None, None)
"""What is read from a reply that says nothing clearly."""


class JudgeForm(Protocol):
    """How a judge is asked and how it answers, label first. ``read`` undoes ``completion``."""

    def messages(self, dialogue: Dialogue) -> Sequence[Message]:
        """Return what is asked, which the judge's own chat template renders; the last turn is the user's."""
        ...

    def completion(self, dialogue: Dialogue, unsafe: bool, critique: str) -> str:
        """Return the reply that gives this verdict and critique.

        With an empty critique it is the beginning of all replies with this verdict: the probability of a verdict is
        taken from the two beginnings.
        """
        ...

    def read(self, dialogue: Dialogue, reply: str) -> CritiqueReading:
        """Return what a reply says; never raises for what stands in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What rounds are run on.

    Args:
        judges: folders of two or more first judges (M1, M2, ...): of one base, tuned in different ways.
        train: dialogues of which critiques are written and compared.
        validation: dialogues on which judges are measured, each with reference units.
        form: how judges are asked and read.
        checker: finds and checks the units of critiques: ``EmbeddedChecker`` by rule, ``ModelChecker`` by a model, or
            an exact one of a world whose units are known.
    """

    judges: tuple[Path, ...]
    train: Sequence[Dialogue]
    validation: Sequence[Dialogue]
    form: JudgeForm
    checker: Checker
