"""The one reader and the one writer of cards: TOML files that say what a judge, a benchmark or a taxonomy is.

What a card may hold is a ``msgspec.Struct`` beside the code that uses it. Nothing is guessed: a field that is missing,
unknown or of another kind is an error that names the card and the field.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from hantei.errors import CardError, HanteiError

NonBlank = Annotated[str, msgspec.Meta(min_length=1, pattern=r"\S")]
"""A text with something in it."""

Card = TypeVar("Card", bound=msgspec.Struct)

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_CHOICE = re.compile(r"Invalid enum value (.*)")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""What msgspec calls a kind of value, to what people call it; that a field may be left out (``null``) is not said."""
_STEP = re.compile(r"\[[^\]]*\]|\w+")


def parse(text: str, what: str, error: type[HanteiError] = CardError) -> dict[str, Any]:
    """Return TOML as a dictionary; ``what`` names the card in the message.

    Raises:
        CardError: it is not TOML (or ``error``, where another is given).
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise error(f"{what}: not TOML: {problem}") from None


def typed(data: Mapping[str, Any], kind: type[Card], what: str, error: type[HanteiError] = CardError) -> Card:
    """Return what a card holds as ``kind``.

    Args:
        data: the card's fields, as ``parse`` gives them.
        kind: what the card may hold; its fields are forbidden to be unknown where it says so.
        what: names the card in the message.
        error: what to raise.

    Raises:
        CardError: a field is missing, unknown or does not fit (or ``error``, where another is given).
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as problem:
        raise error(f"{what}, {_told(str(problem), kind)}") from None


def write(data: Mapping[str, Any]) -> str:
    """Return nested mappings, lists, texts, numbers and truth values as TOML.

    A value of None is left out, since TOML has none, and a lone surrogate becomes a question mark.
    """
    import tomli_w

    text: str = tomli_w.dumps(_written(data))
    return text


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'default'?`` for a slip in a name, nothing where no known name is near."""
    by_folded = {one.casefold().replace("_", "-"): one for one in known}
    near = get_close_matches(name.casefold().replace("_", "-"), by_folded, n=1, cutoff=0.65)
    return f"; did you mean '{by_folded[near[0]]}'?" if near else ""


def one_of(value: str, known: Iterable[str]) -> str:
    """Return what is expected in place of a value that is none of these, and which of them was meant."""
    several = tuple(known)
    return f"expected one of {', '.join(several)}{did_you_mean(value, several)}"


def _told(message: str, kind: type[msgspec.Struct]) -> str:
    """Put msgspec's message into this program's form: ``files[2].counts: no such field; did you mean 'count'?``."""
    found = _PLACE.search(message)
    place, said = (found[1], message[: found.start()]) if found else ("", message)
    there = list(_types_at(kind, _STEP.findall(place)))
    shown = re.sub(r"\[(\d+)\]", lambda number: f"[{int(number[1]) + 1}]", place)
    if match := _UNKNOWN.fullmatch(said):
        known = {name for one in there if _is_struct(one) for name in one.__struct_encode_fields__}
        return f"{shown}.{match[1]}: no such field{did_you_mean(match[1], known)}".lstrip(".")
    if match := _MISSING.fullmatch(said):
        return f"{shown}.{match[1]}: missing".lstrip(".")
    if match := _CHOICE.fullmatch(said):
        choices = [str(value) for one in there if get_origin(one) is Literal for value in get_args(one)]
        return f"{shown}: expected one of {', '.join(choices)}, got {match[1]}"
    said = re.sub(r"`([a-z |]+)`", _in_words, said)
    return f"{shown}: {said[:1].lower()}{said[1:]}"


def _in_words(kinds: re.Match[str]) -> str:
    return " or ".join(_KINDS.get(kind, kind) for kind in kinds[1].split(" | ") if kind != "null")


def _types_at(kind: Any, steps: list[str]) -> Iterator[Any]:
    """Yield the types that a card's field at this place may have, unions taken apart."""
    if get_origin(kind) in (Annotated, Union, UnionType):
        inside = get_args(kind)[:1] if get_origin(kind) is Annotated else get_args(kind)
        for one in inside:
            yield from _types_at(one, steps)
    elif not steps:
        yield kind
    elif steps[0].startswith("["):
        for one in get_args(kind):
            yield from _types_at(one, steps[1:])
    elif _is_struct(kind):
        yield from _types_at(get_type_hints(kind, include_extras=True)[steps[0]], steps[1:])


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_written(key): _written(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_written(inner) for inner in value]
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
