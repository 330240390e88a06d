"""The exact check of the world's critiques: what each sentence says is known, and so is whether it is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hantei.critiques.critique import CheckedCritique, CheckedUnit, Critique, not_written
from hantei.training.world.critiques import sentences, unit_of
from hantei.training.world.facts import Unit


@dataclass(frozen=True, slots=True)
class WorldChecker:
    """Checks critiques of the world's dialogues; a sentence that is no unit is wrong."""

    name: str = "world"

    def check(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        """Return the critiques with their units checked, in their order."""
        return [_checked(critique) for critique in critiques]


def _checked(critique: Critique) -> CheckedCritique:
    if critique.text is None:
        return not_written(critique)
    said = _by_unit(critique.text, critique.tongue)
    true = {unit_of(sentence, critique.tongue): sentence for sentence in critique.reference}
    units = [CheckedUnit(text=text, right=unit in true, paper=unit in true) for unit, text in said.items()]
    reference = [CheckedUnit(text=text, right=unit in said, paper=unit in said) for unit, text in true.items()]
    return CheckedCritique(
        id=critique.id,
        judge=critique.judge,
        language=critique.language,
        units=tuple(units),
        reference=tuple(reference),
    )


def _by_unit(text: str, language: str) -> dict[Unit | str, str]:
    """Return the sentences of a critique by their unit, each unit once in whatever wording; else by themselves."""
    said: dict[Unit | str, str] = {}
    for sentence in sentences(text):
        said.setdefault(unit_of(sentence, language) or sentence, sentence)
    return said
