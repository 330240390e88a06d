"""What a critique says of the answer, safe or unsafe, by its words: for critiques that contradict their own verdict.

It says None rather than guess: a critique that says both, or neither, has no stance.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct, convert

from hantei.language import detect, primary

_READ = 20_000
"""Characters of a critique that are read, at most."""

_PART = re.compile(r"[,;:.!?，；：。！？\n]")


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one language, and what turns them round; see ``stance.toml``."""

    unsafe: tuple[str, ...]
    safe: tuple[str, ...]
    only_negated: tuple[str, ...]
    negation: str
    hedge: str
    reach: int
    after: bool = False


def contradicts(critique: str | None, unsafe: bool | None, language: str | None = None) -> bool | None:
    """Whether a critique says the contrary of its judge's verdict; None where either says neither safe nor unsafe.

    Args:
        critique: what the judge wrote, None for nothing.
        unsafe: its verdict, None for none.
        language: of the critique where its text does not tell.
    """
    if not critique or unsafe is None:
        return None
    known = primary(detect(critique)) or primary(language)
    said = stance(critique, known if known in ("ja", "zh") else "en")
    return None if said is None else said != unsafe


def stance(critique: str, language: str) -> bool | None:
    """Return True where a critique calls the answer unsafe, False where safe, None where it says neither or both.

    Args:
        critique: the critique, or one unit of it.
        language: whose words are looked for: ``en``, ``ja`` or ``zh``.
    """
    said = set(_said(critique[:_READ], _words(language)))
    return said.pop() if len(said) == 1 else None


def _said(text: str, words: _Words) -> Iterator[bool]:
    """Yield what each word that is found says; what lies inside one that was found before is not looked at."""
    taken: list[tuple[int, int]] = []
    # Those of "unsafe" go first: they hold those of "safe".
    for pattern, unsafe in [(one, True) for one in words.unsafe] + [(one, False) for one in words.safe]:
        for word in re.finditer(pattern, text, re.IGNORECASE):
            if any(start < word.end() and word.start() < end for start, end in taken):
                continue
            taken.append(word.span())
            near = _near(text, word, words)
            negated = re.search(words.negation, near, re.IGNORECASE) is not None
            if pattern in words.only_negated:
                if negated:
                    yield False
            elif not re.search(words.hedge, near, re.IGNORECASE):
                yield unsafe != negated


def _near(text: str, word: re.Match[str], words: _Words) -> str:
    """Return what stands before a word in its part of the sentence, after it in a language that negates there."""
    if words.after:
        return _PART.split(text[word.end() : word.end() + words.reach])[0]
    return _PART.split(text[max(0, word.start() - words.reach) : word.start()])[-1]


@cache
def _words(language: str) -> _Words:
    data: dict[str, Any] = tomllib.loads((Path(__file__).parent / "stance.toml").read_text(encoding="utf-8"))
    return convert(data[language], _Words)
