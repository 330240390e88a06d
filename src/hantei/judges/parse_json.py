"""Reading a reply that is JSON: one object, alone or inside other text, which quotes nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hantei.judges.parse import FieldValue
from hantei.judges.reading import ReplyText, UntrustedTexts, fold
from hantei.judges.spec import AskSpec, FieldSpec

_FENCE = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*)\n\s*```\s*", re.DOTALL)
_MOST_BRACES = 100
"""Braces looked at in one reply that is not a single JSON object: one with more is not one of ours."""


def read_json(reply: ReplyText, ask: AskSpec, untrusted: UntrustedTexts) -> dict[str, FieldValue] | None:
    """Return what a JSON reply says, by field; None where it is not one object, or required fields are missing.

    An object inside other text counts where all objects of the reply that fit say the same, and it is no quotation. An
    object of the judge's own that has one of the fields and cannot be read may be its verdict: there is none then.
    """
    if reply.unclosed:
        return None
    fence = _FENCE.fullmatch(reply.raw)
    whole = _decoded((fence[1] if fence else reply.raw).strip(), ask)
    if whole is not None and not reply.partial:
        return whole
    if reply.raw.count("{") > _MOST_BRACES:
        return None
    found = list(_objects(reply.raw, ask))
    said = [text for text, fields in found if fields is None and not untrusted.holds(text)]
    read = [(text, fields) for text, fields in found if fields is not None]
    if not read or said or any(fields != read[0][1] for _, fields in read) or untrusted.holds(read[-1][0]):
        return None
    return read[-1][1]


def _objects(text: str, ask: AskSpec) -> Iterator[tuple[str, dict[str, FieldValue] | None]]:
    """Yield every object that fits, nested ones too: what a quotation opens must not swallow the judge's own.

    One that has a field of the judge's and does not fit comes without what it says.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_no_twice, parse_constant=_no_constant, strict=False)
    for brace in re.finditer(r"\{", text):
        try:
            value, end = decoder.raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        fields = _fields(value, ask)
        if fields is not None or any(spec.path and spec.path[0] in value for spec in ask.fields):
            yield text[brace.start() : end], fields


def _decoded(text: str, ask: AskSpec) -> dict[str, FieldValue] | None:
    try:
        value = json.loads(text, object_pairs_hook=_no_twice, parse_constant=_no_constant, strict=False)
    except (ValueError, RecursionError):
        return None
    return _fields(value, ask)


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):  # {"Response Safety": "unsafe", "Response Safety": "safe"} says two things
        raise ValueError("a key stands twice")
    return out


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _fields(value: Any, ask: AskSpec) -> dict[str, FieldValue] | None:
    out: dict[str, FieldValue] = {}
    for spec in ask.fields:
        found = _typed(_at(value, spec.path), spec)
        if found is not None:
            out[spec.name] = FieldValue(found)
        elif spec.required:
            return None
    return out


def at_path(text: str, path: tuple[str | int, ...]) -> str | None:
    """Return the text that stands at ``path`` in a JSON reply, None where there is none."""
    fence = _FENCE.fullmatch(text)
    try:
        value = _at(json.loads((fence[1] if fence else text).strip(), strict=False), path)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        inside = (isinstance(key, str) and isinstance(value, dict) and key in value) or (
            isinstance(key, int) and isinstance(value, list) and key < len(value)
        )
        if not inside:
            return None
        value = value[key]
    return value


def _typed(value: Any, spec: FieldSpec) -> Any:
    if spec.kind == "label":
        return _label(value, spec)
    if spec.kind == "codes":
        return value if isinstance(value, str) else None
    if not isinstance(value, dict):
        return None
    if spec.kind == "flags":
        return value if all(isinstance(flag, bool) for flag in value.values()) else None
    numbers = [number for number in value.values() if isinstance(number, int | float) and not isinstance(number, bool)]
    fits = len(numbers) == len(value) and all(0 <= number <= 1 for number in numbers)
    return value if fits and numbers else None


def _label(value: Any, spec: FieldSpec) -> str | None:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        value = str(int(value))
    elif isinstance(value, int):
        value = str(value)
    return spec.labels.get(fold(value)) if isinstance(value, str) else None
