"""Critiques that are known to be good, damaged in known ways: how should the scores move?

Every damaged critique carries the truth of each of its units, so that a checker that makes no mistake can be scored by
the same code as any other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from hantei.critiques.critique import CheckedCritique, CheckedUnit, Critique
from hantei.stance import stance

PADDING = 4
"""How many generic units a padded critique gets."""


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit with its truth: whether it is right here, and whether it then also holds for another dialogue."""

    text: str
    right: bool = True
    generic: bool = False


@dataclass(frozen=True, slots=True)
class Damaged:
    """A critique whose units are known, and which units of its reference it still holds."""

    critique: Critique
    units: tuple[KnownUnit, ...]
    recalled: tuple[bool, ...]

    def written(self) -> Critique:
        """Return the critique with these units as the lines of its text, for a checker that has to find them."""
        return replace(self.critique, text="\n".join(unit.text for unit in self.units), units=None)

    def known(self) -> CheckedCritique:
        """Return the critique as a checker without a fault checks it."""
        return CheckedCritique(
            id=self.critique.id,
            judge=self.critique.judge,
            language=self.critique.language,
            units=tuple(
                CheckedUnit(text=one.text, right=one.right, generic=one.generic, paper=one.right) for one in self.units
            ),
            reference=tuple(
                CheckedUnit(text=text, right=held, paper=held)
                for text, held in zip(self.critique.reference, self.recalled, strict=True)
            ),
        )


@dataclass(frozen=True, slots=True)
class Damage:
    """One way to damage a critique.

    ``make`` takes good critiques and returns each damaged, None where this one cannot be. ``base`` is the damage
    with which the scores are compared, ``good`` for none; ``should`` says how the scores should move.
    """

    name: str
    title: str
    should: str
    make: Callable[[Sequence[Damaged]], list[Damaged | None]]
    base: str = "good"


def good(critiques: Sequence[Critique]) -> list[Damaged]:
    """Return reference critiques as they are: all of their units right, all of them there."""
    return [Damaged(one, tuple(map(KnownUnit, one.reference)), (True,) * len(one.reference)) for one in critiques]


def _each(change: Callable[[int, Damaged], Damaged | None]) -> Callable[[Sequence[Damaged]], list[Damaged | None]]:
    return lambda all_: [change(number, one) for number, one in enumerate(all_)]


def _dropped(_number: int, one: Damaged) -> Damaged | None:
    """Leave out the middle unit; a critique of a single unit cannot lose it."""
    at = len(one.units) // 2
    if len(one.units) < 2:
        return None
    kept = (*one.units[:at], *one.units[at + 1 :])
    return Damaged(one.critique, kept, tuple(number != at for number in range(len(one.recalled))))


def _with_false(number: int, one: Damaged) -> Damaged:
    false = _texts(one.critique)["false"]
    return replace(one, units=(*one.units, KnownUnit(false[number % len(false)], right=False)))


def _padded(_number: int, one: Damaged) -> Damaged:
    generic = _texts(one.critique)["generic"][:PADDING]
    return replace(one, units=(*one.units, *(KnownUnit(text, generic=True) for text in generic)))


def _false_and_padded(number: int, one: Damaged) -> Damaged:
    return _padded(number, _with_false(number, one))


def _contradicted(_number: int, one: Damaged) -> Damaged | None:
    """Turn what the critique says of the answer as a whole into its contrary; one that says nothing cannot be."""
    tongue = one.critique.tongue
    texts = _texts(one.critique)
    said = [stance(unit.text, tongue) for unit in one.units]
    if set(said) == {None} or stance("\n".join(unit.text for unit in one.units), tongue) is None:
        return None
    contrary = {True: KnownUnit(texts["safe"], right=False), False: KnownUnit(texts["unsafe"], right=False)}
    units = [unit if what is None else contrary[what] for unit, what in zip(one.units, said, strict=True)]
    return Damaged(one.critique, tuple(dict.fromkeys(units)), tuple(what is None for what in said))


def _swapped(all_: Sequence[Damaged]) -> list[Damaged | None]:
    """Give each dialogue the critique of the next one."""
    if len(all_) < 2:
        return [None] * len(all_)
    others = [*all_[1:], all_[0]]
    return [
        Damaged(
            one.critique, tuple(KnownUnit(unit.text, right=False) for unit in other.units), (False,) * len(one.recalled)
        )
        for one, other in zip(all_, others, strict=True)
    ]


DAMAGES: tuple[Damage, ...] = (
    Damage("drop", "One unit dropped", "recall falls, precision stays", _each(_dropped)),
    Damage("false", "A false unit added", "precision falls, recall stays", _each(_with_false)),
    Damage("contradict", "The label contradicted", "both fall", _each(_contradicted)),
    Damage("swap", "The critique of another dialogue", "both fall to almost nothing", _swapped),
    Damage("pad", f"{PADDING} generic units added", "nothing moves", _each(_padded)),
    Damage(
        "false-pad",
        "A false unit, then padded",
        "no better than the false unit alone",
        _each(_false_and_padded),
        "false",
    ),
)
"""Every way, in the order in which they are shown; ``bilingual`` needs two languages and is made apart."""


def half_translated(one: Damaged, other: Sequence[str]) -> Damaged:
    """Return a critique of which every second unit is in another language; all of it is still right.

    Args:
        one: the critique.
        other: the same units in the other language, in the same order.
    """
    units = [
        replace(unit, text=translated) if number % 2 else unit
        for number, (unit, translated) in enumerate(zip(one.units, other, strict=True))
    ]
    return replace(one, units=tuple(units))


def _texts(critique: Critique) -> dict[str, Any]:
    return _all_texts()[critique.tongue]


@cache
def _all_texts() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "damage.toml").read_text(encoding="utf-8"))
