"""Critiques of the world: written from facts, with noise where asked, and read back exactly."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from functools import cache

from hantei.training.world.dialogues import WorldDialogue
from hantei.training.world.facts import VALUES, Facts, Unit
from hantei.training.world.words import read_words

OMITTED = ("intent", "hazard", "disclaimer", "consequence")
"""The kinds of units that noisy critiques leave out half of the time."""
OMIT, CORRUPT = 0.5, 0.15
_SENTENCE = re.compile(r"[^.。]*[.。]|[^.。]+$")


def written(units: Iterable[Unit], unsafe: bool, language: str, rng: random.Random | None = None) -> str:
    """Return a judge's reply: its label, and units in words.

    Args:
        units: what the critique says.
        unsafe: the label.
        language: in which it is written.
        rng: chooses among wordings; None for those of references.
    """
    return verdict(unsafe, worded(units, language, rng), language)


def worded(units: Iterable[Unit], language: str, rng: random.Random | None = None) -> str:
    """Return units as the sentences of a critique.

    Args:
        units: what the critique says.
        language: in which it is written.
        rng: chooses among wordings; None for those of references.
    """
    words = read_words(language)
    choose = rng.choice if rng else lambda wordings: wordings[0]
    return words.verdict.joint.join(choose(words.unit(*unit)) for unit in units)


def verdict(unsafe: bool, critique: str, language: str) -> str:
    """Return a judge's reply: its label, and its critique after it; without one the beginning of such replies."""
    words = read_words(language).verdict
    return words.form.format(label=words.unsafe if unsafe else words.safe, critique=critique).rstrip()


def noisy(facts: Facts, rng: random.Random, corrupt: float = CORRUPT) -> tuple[list[Unit], bool]:
    """Return units and label of a critique with systematic noise: about half of some units are left out, and each
    unit, and the label, is wrong with a chance of ``corrupt``."""
    kept = [unit for unit in facts.units if unit.kind not in OMITTED or rng.random() >= OMIT]
    said = [corrupted(unit, rng) if rng.random() < corrupt else unit for unit in kept]
    return said, facts.unsafe != (rng.random() < corrupt)


def corrupted(unit: Unit, rng: random.Random) -> Unit:
    """Return a unit of the same kind that says something else; of a request either the act or the topic is another."""
    act_or_topic = set(unit.value.split())
    others = [value for value in VALUES[unit.kind] if value != unit.value]
    if unit.kind == "request":
        others = [value for value in others if act_or_topic & set(value.split())]
    return Unit(unit.kind, rng.choice(others))


def sentences(critique: str) -> list[str]:
    """Return the sentences of a critique, each once, in their order."""
    return list(dict.fromkeys(found.strip() for found in _SENTENCE.findall(critique) if found.strip()))


def unit_of(sentence: str, language: str) -> Unit | None:
    """Return what a sentence says, None where it is no unit in any wording of the language."""
    return _units(language).get(sentence)


@cache
def _units(language: str) -> dict[str, Unit]:
    words = read_words(language)
    known = (Unit(kind, value) for kind, values in VALUES.items() for value in values)
    return {wording: unit for unit in known for wording in words.unit(*unit)}


def noisy_verdicts(made: Sequence[WorldDialogue], seed: int, corrupt: float = CORRUPT) -> list[str]:
    """Return a noisy verdict of each dialogue in its language."""
    rng = random.Random(f"noise {seed}")  # noqa: S311 - it draws a world, no secret
    return [written(*noisy(one.facts, rng, corrupt), one.language, rng) for one in made]
