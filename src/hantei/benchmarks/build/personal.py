"""Personal data of real people in a text, by rule: addresses, numbers, and names that a user lists.

The patterns are data (``personal.toml``). The rule knows forms, not people: it finds neither a name that nobody listed
nor a street address, a birthday or a description by which somebody could be told, and a number of an invented person
looks like that of a real one. It takes work from reviewers; it does not take their place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hantei import cards
from hantei.errors import UsageError

_HIDDEN = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_DASHES = re.compile(r"[\u2010-\u2015\u2212\uff0d\u30fc](?=\d)")


class DataForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"exempt": "except"}):
    """One kind of personal data: a regular expression, what of it does not count, and a rule on its digits."""

    name: str
    match: str
    exempt: str | None = None
    check: Literal["phone-jp", "my-number", "resident-id", "luhn"] | None = None


class DataForms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``personal.toml``."""

    patterns: tuple[DataForm, ...]


@cache
def _patterns() -> tuple[tuple[DataForm, re.Pattern[str], re.Pattern[str] | None], ...]:
    text = (files(__package__) / "personal.toml").read_text(encoding="utf-8")
    file = cards.typed(cards.parse(text, "personal.toml"), DataForms, "personal.toml")
    return tuple((one, re.compile(one.match), re.compile(one.exempt) if one.exempt else None) for one in file.patterns)


class People:
    """Names of real people that no draft may hold, as a user lists them: one a line, ``#`` before a remark."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        plain = {_plain(name).casefold() for name in names}
        self._names = [(name, _name_pattern(name)) for name in sorted(plain) if name]

    @classmethod
    def of(cls, path: Path) -> People:
        """Read a list.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageError(f"--people {path}: expected a text file, a name a line: {why}") from None
        return cls(line.partition("#")[0].strip() for line in text.splitlines())

    def within(self, text: str) -> Iterator[str]:
        """Yield the listed names that stand in a text which ``_plain`` made."""
        folded = text.casefold()
        return (name for name, pattern in self._names if pattern.search(folded))


def found(texts: Sequence[str | None], people: People) -> list[str]:
    """Return the kinds of personal data in texts, each once; a listed person as ``a listed person: NAME``."""
    kinds: dict[str, None] = {}
    for text in filter(None, texts):
        plain = _plain(text)
        kinds.update(dict.fromkeys(_kinds(plain)))
        kinds.update({f"a listed person: {name}": None for name in people.within(plain)})
    return list(kinds)


def _kinds(plain: str) -> Iterator[str]:
    for pattern, wanted, exempt in _patterns():
        for match in wanted.finditer(plain):
            digits = re.sub(r"[^0-9Xx]", "", match[0])
            if exempt and exempt.search(match[0]):
                continue
            if pattern.check is None or _CHECKS[pattern.check](digits):
                yield pattern.name
                break


def _plain(text: str) -> str:
    return _DASHES.sub("-", _HIDDEN.sub("", unicodedata.normalize("NFKC", text)))


def _name_pattern(name: str) -> re.Pattern[str]:
    """Return what finds a name: in Latin letters as whole words, in scripts without spaces anywhere."""
    words = r"\s+".join(map(re.escape, name.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)" if name.isascii() else re.escape(name).replace(r"\ ", r"\s*"))


def _phone_jp(digits: str) -> bool:
    national = f"0{digits[2:]}" if digits.startswith("81") else digits
    return len(national) in (10, 11) and national[1] != "0"


def _luhn(digits: str) -> bool:
    if not digits.isdecimal() or len(set(digits)) == 1:
        return False
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _my_number(digits: str) -> bool:
    if len(digits) != 12 or not digits.isdecimal() or len(set(digits)) == 1:
        return False
    weights = [*range(6, 1, -1), *range(7, 1, -1)]
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return int(digits[-1]) == (0 if rest <= 1 else 11 - rest)


def _resident_id(digits: str) -> bool:
    weights = [2 ** (17 - at) % 11 for at in range(17)]
    rest = sum(int(digit) * weight for digit, weight in zip(digits[:17], weights, strict=True)) % 11
    return digits[-1].upper() == "10X98765432"[rest]


_CHECKS: dict[str, Callable[[str], bool]] = {
    "phone-jp": _phone_jp,
    "my-number": _my_number,
    "resident-id": _resident_id,
    "luhn": _luhn,
}
