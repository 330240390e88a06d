"""Cards of attacks: what is put around a prompt, or made of it, in which languages, and who published it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from hantei import cards
from hantei.benchmarks.attacks.encodings import ENCODINGS
from hantei.cards import NonBlank
from hantei.errors import CardError, UsageError
from hantei.records import Message

CARDS = Path(__file__).parent / "cards"
LANGUAGES = ("en", "ja", "zh")
SLOT = "{prompt}"
"""Where the prompt stands in a wording."""

AttackKind = Literal["attack", "paraphrase", "translation"]
"""An attack tries to draw out an answer; the other two only say the same in other words, or in another language."""


class AttackWording(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said in one language: turns, of which the last is the user's and holds the prompt once.

    Where a user's turn follows another the model is asked in between.
    """

    language: Literal["en", "ja", "zh"]
    turns: Annotated[tuple[Message, ...], Meta(min_length=1)]


class AttackCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attack, or one plain variation.

    ``encoding`` is what becomes of the prompt's letters before a wording is put around it. ``ask`` is how a model is
    asked for other words (``{language}`` is the language wanted); ``target`` is the language of a translation.
    ``source`` cites who published it.
    """

    title: NonBlank
    description: NonBlank
    source: NonBlank
    kind: AttackKind = "attack"
    encoding: str | None = None
    ask: NonBlank | None = None
    target: Literal["en", "ja", "zh"] | None = None
    wordings: tuple[AttackWording, ...] = ()
    name: str = ""

    @property
    def by_model(self) -> bool:
        """Whether the words come from a model, or from pairs that exist, and not from the card."""
        return self.ask is not None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the prompts that it can be put around."""
        if self.by_model:
            return tuple(language for language in LANGUAGES if language != self.target)
        return tuple(dict.fromkeys(wording.language for wording in self.wordings))

    def wordings_in(self, language: str | None) -> Sequence[AttackWording]:
        """Return the wordings for prompts in a language (BCP 47)."""
        main = (language or "").partition("-")[0].lower()
        return [wording for wording in self.wordings if wording.language == main]


@cache
def attack_names() -> tuple[str, ...]:
    """Return the names of all attacks and variations."""
    return tuple(sorted(path.stem for path in CARDS.glob("*.toml")))


@cache
def load_attack(name: str) -> AttackCard:
    """Read a card.

    Raises:
        UsageError: there is none of this name.
        CardError: it lacks a field, or one does not fit.
    """
    if name not in attack_names():
        hint = cards.did_you_mean(name[:80], attack_names())
        raise UsageError(f"--attack {name[:80]}: no such attack; 'hantei benchmarks attacks' names them all{hint}")
    return parse_attack(name, (CARDS / f"{name}.toml").read_text(encoding="utf-8"))


def parse_attack(name: str, text: str) -> AttackCard:
    """Build a card from its TOML.

    Raises:
        CardError: it is not TOML, lacks a field, or one does not fit.
    """
    what = f"attack {name}"
    card = cards.typed({**cards.parse(text, what), "name": name}, AttackCard, what)
    if card.encoding is not None and card.encoding not in ENCODINGS:
        raise CardError(f"{what}, encoding: expected one of {', '.join(ENCODINGS)}, got '{card.encoding}'")
    if card.by_model == bool(card.wordings):
        raise CardError(f"{what}: expected either wordings, or how a model is asked")
    if (card.kind == "translation") != (card.target is not None):
        raise CardError(f"{what}, target: expected the language of a translation, and of nothing else")
    for number, wording in enumerate(card.wordings, 1):
        _check(f"{what}, wordings[{number}]", wording)
    return card


def _check(where: str, wording: AttackWording) -> None:
    slots = [turn.content.count(SLOT) for turn in wording.turns]
    if wording.turns[-1].role != "user" or slots[-1] != 1 or sum(slots) != 1:
        raise CardError(f"{where}: expected {SLOT} once, in the last turn, which is the user's")
