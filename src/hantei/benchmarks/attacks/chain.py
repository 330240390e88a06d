"""Attacks in the order in which they are put around a prompt: ``fiction+base64`` encodes the whole story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hantei.benchmarks.attacks.card import AttackCard, AttackKind, attack_names, load_attack
from hantei.errors import UsageError

ALL = "all"
MOST = 6
"""Attacks in a chain, at most: each encoding makes a prompt longer, a few make it a book."""


@dataclass(frozen=True, slots=True)
class AttackChain:
    """One attack or several, the first nearest to the prompt."""

    cards: tuple[AttackCard, ...]

    @property
    def name(self) -> str:
        """The names with ``+`` between them."""
        return "+".join(card.name for card in self.cards)

    @property
    def kind(self) -> AttackKind:
        """That of an attack where one is among them."""
        return next((card.kind for card in self.cards if card.kind == "attack"), self.cards[0].kind)

    @property
    def variant(self) -> str:
        """What a prompt's ``variant`` says: ``attack/fiction+base64``."""
        return f"{self.kind}/{self.name}"

    @property
    def by_model(self) -> bool:
        """Whether a model or existing pairs give its first words."""
        return self.cards[0].by_model


def chains(names: Sequence[str], with_model: bool) -> tuple[AttackChain, ...]:
    """Return what ``--attack`` names, each once; ``all`` is every attack that needs no model, or all with one.

    Raises:
        UsageError: no such attack, too many in a chain, or a chain in which a model is to reword what is wrapped.
    """
    every = [name for name in attack_names() if with_model or not load_attack(name).by_model]
    wanted = dict.fromkeys(one for name in names for one in (every if name == ALL else [name]))
    return tuple(_chain(name) for name in wanted)


def _chain(name: str) -> AttackChain:
    parts = name.split("+")
    if len(parts) > MOST:
        raise UsageError(f"--attack {name[:80]}: expected at most {MOST} attacks in a chain, got {len(parts):,}")
    found = tuple(load_attack(part) for part in parts)
    later = next((card.name for card in found[1:] if card.by_model), None)
    if later is not None:
        raise UsageError(f"--attack {name[:80]}: {later} says the plain prompt in other words: expected it first")
    return AttackChain(found)
