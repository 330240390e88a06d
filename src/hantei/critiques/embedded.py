"""The meta-evaluation without a model: units by rule, and the reference in the place of the dialogue.

Units are abstract and a dialogue is not, so that precision is against the reference units here: ``P_ref``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hantei.critiques.critique import CheckedCritique, CheckedUnit, Critique, not_written
from hantei.critiques.matching import Matcher, said
from hantei.critiques.swapping import swapped
from hantei.critiques.units import units_of
from hantei.language import detect, primary


@dataclass(frozen=True, slots=True)
class EmbeddedChecker:
    """Checks critiques by a matcher."""

    matcher: Matcher

    @property
    def name(self) -> str:
        """What the scores are called after."""
        return self.matcher.name

    def check(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        """Return the critiques with their units checked, in their order."""
        return [self._one(one, other) for one, other in zip(critiques, swapped(critiques), strict=True)]

    def _one(self, critique: Critique, other: Critique | None) -> CheckedCritique:
        if critique.text is None and critique.units is None:
            return not_written(critique)
        units = critique.units if critique.units is not None else found_units(critique.text or "", critique.tongue)
        right = said(units, critique.reference, self.matcher)
        elsewhere = said(units, other.reference, self.matcher) if other else [False] * len(units)
        recalled = said(critique.reference, units, self.matcher)
        return CheckedCritique(
            id=critique.id,
            judge=critique.judge,
            language=critique.language,
            units=tuple(
                CheckedUnit(text=unit, right=here, generic=here and there, paper=here)
                for unit, here, there in zip(units, right, elsewhere, strict=True)
            ),
            reference=tuple(
                CheckedUnit(text=unit, right=one, paper=one)
                for unit, one in zip(critique.reference, recalled, strict=True)
            ),
        )


def found_units(text: str, tongue: str) -> tuple[str, ...]:
    """Return the units of a critique in the language that it seems to be in, else in that of its dialogue."""
    return units_of(text, tongue_of(text, tongue))


def tongue_of(text: str, tongue: str) -> str:
    """Return whose rules a critique is read by: the language that it seems to be in, else that of its dialogue."""
    known = primary(detect(text)) or tongue
    return known if known in ("ja", "zh") else "en"
