"""A critique before and after it is checked: its units, and the units of the reference that it should hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from hantei.language import primary
from hantei.records import Prompt, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Critique:
    """What a judge wrote of one answer, and what people say that such a critique should hold.

    Args:
        id: names the answer.
        judge: who wrote it.
        language: of the reference (BCP 47), None where it is not known.
        prompt: the dialogue up to the answer.
        response: the answer.
        text: the critique, None where the judge gave none.
        reference: the units of the reference critique.
        units: the critique's own units where they are known, None where they are to be found in the text.
        unsafe: the judge's verdict, None where it gave none.
    """

    id: str
    judge: str
    language: str | None
    prompt: Prompt
    response: Response
    text: str | None
    reference: tuple[str, ...]
    units: tuple[str, ...] | None = None
    unsafe: bool | None = None

    @property
    def dialogue(self) -> tuple[str, ...]:
        """What was said, turn by turn to the answer, white space folded: what critiques are put together by."""
        turns = (turn.shown for turn in self.prompt.messages if turn.role != "system")
        return tuple(" ".join(text.split()) for text in (*turns, self.response.text))

    @property
    def tongue(self) -> str:
        """The language whose rules and prompts are used: ``en``, ``ja`` or ``zh``; English for any other."""
        known = primary(self.language)
        return known if known in ("ja", "zh") else "en"


class Checker(Protocol):
    """Finds the units of critiques and checks them."""

    @property
    def name(self) -> str:
        """What scores are called after."""
        ...

    def check(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        """Return the critiques with their units checked, in their order."""
        ...


class CheckedUnit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A unit and what its check said.

    ``right`` is None where the check gave no verdict. ``generic`` says whether a right unit of a critique also holds
    for another dialogue; it is None where that check gave no verdict, and False where it was not made. ``paper`` is
    what the published scoring makes of the same reply, None where there is no reply. ``why`` names the fault of the
    published reading by which the two differ.
    """

    text: str
    right: bool | None = None
    generic: bool | None = False
    paper: bool | None = None
    why: str | None = None


class CheckedCritique(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A critique whose units (for precision) and whose reference's units (for recall) were checked.

    ``missing`` marks an answer whose judge gave no critique, ``failed`` a critique whose units a
    model could not be asked for. ``mended`` counts, by name, lines
    that the published extraction takes for units and that were left out.
    """

    id: str
    judge: str
    language: str | None = None
    units: tuple[CheckedUnit, ...] = ()
    reference: tuple[CheckedUnit, ...] = ()
    missing: bool = False
    failed: bool = False
    mended: dict[str, int] = {}


def not_written(critique: Critique) -> CheckedCritique:
    """Return the check of a critique that its judge did not write: it holds no unit of the reference."""
    return CheckedCritique(
        id=critique.id,
        judge=critique.judge,
        language=critique.language,
        reference=tuple(CheckedUnit(text=unit, right=False, paper=False) for unit in critique.reference),
        missing=True,
    )
