"""The guideline that people label by: a card (TOML) whose hash stands in every label."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hantei import cards
from hantei.errors import CardError, HanteiError, UsageError
from hantei.runs.people import OWN_GUIDELINE
from hantei.taxonomy import Node, load

Question = Literal["unsafe", "action", "score", "refusal", "harm", "units", "decision", "text", "reference", "transfer"]
CardName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]

DEFAULT = OWN_GUIDELINE
"""The guideline that comes with hantei."""
CRITIQUES = "critiques"
"""That for the critiques of judges."""
REVIEW = "review"
"""That for drafts of a benchmark."""
OF_DRAFTS = ("decision", "text", "reference", "transfer")
"""What is asked of drafts alone."""


class Clause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of a guideline: a title and what it says."""

    title: str
    text: str


class GuidelineText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guideline in one language."""

    title: str
    clauses: Annotated[tuple[Clause, ...], Meta(min_length=1)]


class Guideline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people are asked, and by which rules they answer.

    ``asks`` are the questions in their order, ``needs`` those without which a label is not taken; ``units``, whether
    each unit is right, is asked of critiques alone, and of drafts alone the ``decision``, the ``text``, the
    ``reference`` and, of pairs, the ``transfer``. ``taxonomy`` has the harm types to choose from. ``text`` is by
    language, one of which is enough.
    """

    name: CardName
    text: Annotated[dict[str, GuidelineText], Meta(min_length=1)]
    asks: Annotated[tuple[Question, ...], Meta(min_length=1)] = ("unsafe", "action", "score", "refusal", "harm")
    needs: tuple[Question, ...] = ("unsafe",)
    taxonomy: str = "do-not-answer"

    @property
    def hash(self) -> str:
        """The SHA-256 of what the card says: any other clause is another hash, another order of tables is not."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    def harms(self) -> tuple[Node, ...]:
        """Return the harm types to choose from."""
        tree = load(self.taxonomy)
        return tree.level(min(2, len(tree.levels)))

    def as_card(self) -> str:
        """Return the card as TOML."""
        return cards.write(msgspec.to_builtins(self))


def load_guideline(name: str | Path = DEFAULT) -> Guideline:
    """Return a guideline: that of hantei by its name, or a file.

    Raises:
        UsageError: there is no such guideline.
        CardError: the card lacks something or contradicts itself.
    """
    try:
        if name in (DEFAULT, CRITIQUES, REVIEW):
            text = (files("hantei.annotation") / "guidelines" / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"--guideline {name}: expected {DEFAULT} or a guideline card (TOML): {why}") from None
    return parse_guideline(text, str(name))


def parse_guideline(text: str, what: str) -> Guideline:
    """Return the guideline that a card holds; ``what`` names it in messages.

    Raises:
        CardError: the card lacks something or contradicts itself.
    """
    card = cards.typed(cards.parse(text, what), Guideline, what)
    unasked = [name for name in card.needs if name not in card.asks]
    if unasked or len(set(card.asks)) < len(card.asks):
        raise CardError(f"{what}, needs: expected questions of asks, each once; not asked: {', '.join(unasked) or '-'}")
    try:
        card.harms()
    except HanteiError as error:
        raise CardError(f"{what}, taxonomy: {error}") from None
    return card
