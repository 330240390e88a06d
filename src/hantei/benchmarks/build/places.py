"""Words of a place that fill templates: a TOML file each, in ``places/``, or one of a user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from hantei import cards
from hantei.cards import NonBlank
from hantei.errors import UsageError

Word = Annotated[dict[str, NonBlank], Meta(min_length=1)]
"""One word by language."""


class Locale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lists of words of one country or region, such as ``group``, ``place``, ``institution``.

    ``region`` is ISO 3166, ``language`` the one that is spoken there. A word that has no form in a language is not used
    in it.
    """

    region: Annotated[str, Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    title: Word
    language: NonBlank
    words: Annotated[dict[str, tuple[Word, ...]], Meta(min_length=1)]

    def choices(self, slot: str, *languages: str) -> tuple[Word, ...]:
        """Return the words of a list that have a form in all of these languages."""
        return tuple(word for word in self.words.get(slot, ()) if all(one in word for one in languages))


def place_names() -> tuple[str, ...]:
    """Return the places that come with hantei."""
    found = (entry.name for entry in (files(__package__) / "places").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_place(name: str) -> Locale:
    """Return a place by its region, or from a file of a user's own.

    Raises:
        UsageError: there is none of this name.
        CardError: the file lacks something.
    """
    if name in place_names():
        text = (files(__package__) / "places" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            known = ", ".join(place_names())
            raise UsageError(f"--place {name[:200]}: expected {known} or a TOML file of words: {why}") from None
    return cards.typed(cards.parse(text, name), Locale, f"place {name}")


def home_of(language: str) -> Locale | None:
    """Return the place that comes with hantei where a language is spoken, None where there is none."""
    return next((place for place in map(load_place, place_names()) if place.language == language), None)
