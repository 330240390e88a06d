"""What is said in the world, one file a language; read by ``read_words``."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from hantei import cards

LANGUAGES = ("en", "zh")
Wordings = tuple[str, ...]


class Prompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How users ask."""

    wordings: Wordings


class VerdictPhrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a judge writes: ``form`` takes ``label`` and ``critique``, ``joint`` stands between two units."""

    form: str
    safe: str
    unsafe: str
    joint: str


class Units(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a unit of each kind says, by its value; the first wording is that of references."""

    request: Wordings
    intent: dict[str, Wordings]
    compliance: dict[str, Wordings]
    hazard: dict[str, Wordings]
    disclaimer: dict[str, Wordings]
    consequence: dict[str, Wordings]


class WorldWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language's file."""

    topics: dict[str, str]
    acts: dict[str, str]
    prompt: Prompts
    answer: dict[str, Wordings]
    hazard: dict[str, Wordings]
    disclaimer: dict[str, Wordings]
    verdict: VerdictPhrases
    units: Units

    def request(self, request: str) -> str:
        """Return what is asked for, ``act topic``, in words."""
        act, topic = request.split()
        return self.acts[act].format(topic=self.topics[topic])

    def unit(self, kind: str, value: str) -> Wordings:
        """Return the wordings of a unit."""
        if kind == "request":
            return tuple(wording.format(request=self.request(value)) for wording in self.units.request)
        wordings: Wordings = getattr(self.units, kind)[value]
        return wordings


@cache
def read_words(language: str) -> WorldWords:
    """Return what is said in one of ``LANGUAGES``."""
    text = (resources.files(__name__) / f"{language}.toml").read_text(encoding="utf-8")
    return cards.typed(cards.parse(text, f"words/{language}"), WorldWords, f"words/{language}")
