"""A judge's critiques as what people label: each of their units right or wrong, and the whole from 1 to 5."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import asdict

from hantei.annotation.label import Said
from hantei.critiques.embedded import found_units
from hantei.errors import UsageError
from hantei.runs.folder import Run
from hantei.runs.label_lines import CritiqueLabel, Label, LabelledUnit


class WrittenCritiques:
    """The critiques that a judge wrote of a run's answers, by response id."""

    def __init__(self, run: Run, critic: str) -> None:
        self.critic = run.one_judge(critic)
        self._texts = {one.response_id: one.critique for one in run.judgments(self.critic) if one.critique}
        if not self._texts:
            raise UsageError(f"--critiques {critic}: wrote no critique; expected a judge that gives reasons")

    def answers(self) -> Mapping[str, None]:
        """Return the answers that have one, in order; none of them was drawn by chance."""
        return dict.fromkeys(self._texts)

    def text(self, response_id: str) -> str:
        """Return the critique of an answer."""
        return self._texts[response_id] or ""

    def units(self, response_id: str) -> tuple[str, ...]:
        """Return the units of a critique, as scores without a model count them."""
        return found_units(self.text(response_id), "en")

    def labelled(self, label: Label, said: Said) -> CritiqueLabel:
        """Return a label as one of the critique.

        Raises:
            UsageError: not every unit has a verdict.
        """
        units = self.units(label.response_id)
        verdicts = () if said.skip else said.units or ()
        if not said.skip and len(verdicts) != len(units):
            raise UsageError(f"units: expected {len(units)} verdicts, found {len(verdicts)}")
        told = tuple(LabelledUnit(text=text, verdict=one) for text, one in zip(units, verdicts, strict=False))
        return CritiqueLabel(**asdict(label), critic=self.critic, units=told)
