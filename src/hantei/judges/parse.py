"""Reading a reply's fields so that nothing which it quotes can pass for the verdict.

A *candidate* is every place where a field's pattern finds one of its labels. Which candidate binds is the card's word
(first line, last, only). Two things can go wrong: the reply says two things, or what it seems to say is a quotation of
the answer under judgment. So a candidate whose text occurs in the answer, the question or what came with it is
doubtful, and counts only while nothing else in the reply says otherwise or seems to be a verdict that cannot be read;
one that occurs nowhere there cannot be a quotation. What stays ambiguous has no verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hantei.judges.reading import AROUND, ReplyText, Untrusted, fold
from hantei.judges.spec import AskSpec, FieldSpec, PaperRule

_BLANK = re.compile(r"[\s*_#\-]*")
_END = re.compile(r"[\s*_.。!！]*")
_FENCE = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*)\n\s*```\s*", re.DOTALL)
_BETWEEN = re.compile(r"[^\d.!?。\n]{1,12}")
"""What may stand between the cue of a verdict and the verdict."""

_IS = re.compile(r"[ \t*_]*(?:(?:is|of|=|:|は|为|為|是)[ \t*_]*)?", re.IGNORECASE)
_REST = re.compile(r"[\s*_>|:=-]*[^\n]*")
"""The rest of a verdict's line, and where nothing is left of it the next line."""
_LINE = re.compile(r"^[^\n]{1,60}$", re.MULTILINE)
_FRAME = AROUND + "[]()<>{}|=/\\-→•【】"
"""What may stand around a label that is all of a line."""
_STOP = re.compile(r"[ \t*_]*(?:[.。,、，;；)）!！]|$)", re.MULTILINE)
_MOST_BRACES = 100
"""Braces looked at in one reply that is not a single JSON object: one with more is not one of ours."""


@dataclass(frozen=True, slots=True)
class Found:
    """A field's value (a text, or what JSON holds there) and the lines of the reply in which it stands."""

    value: Any
    first_line: int = -1
    last_line: int = -1
    whole_lines: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    value: str | None
    start: int
    end: int
    text: str
    line: int
    alone: bool
    placed: bool


def read_text(reply: ReplyText, spec: FieldSpec, untrusted: Untrusted) -> Found | None:
    """Return what a text reply says of one field, None where it says nothing, or not clearly one thing."""
    candidates = list(_candidates(reply.text, spec))
    binding = _binding(candidates, spec, reply.text)
    if binding is None or binding.value is None:
        return None
    others = [other for other in candidates if other.value != binding.value]
    unread = [text for text in _unread(reply.text, candidates, spec) if not untrusted.quotes(text)]
    if not _sure(binding, others, unread, spec, untrusted, reply.partial):
        return None
    return Found(binding.value, binding.line, reply.text.count("\n", 0, binding.end), binding.alone)


def _sure(
    binding: _Candidate,
    others: list[_Candidate],
    unread: list[str],
    spec: FieldSpec,
    untrusted: Untrusted,
    partial: bool,
) -> bool:
    if binding.alone and not others and not unread and not partial:
        return True
    rivals = [other for other in others if other.value is not None]
    if (spec.binds == "only" and rivals) or any(other.line == binding.line for other in rivals):
        return False
    if untrusted.holds(binding.text) or (unread and not binding.placed):
        return False
    against = rivals if spec.binds == "first line" else [other for other in rivals if other.start > binding.start]
    return all(untrusted.quotes(other.text) for other in against)


def _unread(text: str, candidates: list[_Candidate], spec: FieldSpec) -> Iterator[str]:
    """Yield what seems to announce a verdict, or to be one, and was not read as one.

    That is the line of each cue, with the next line where the cue ends its own, and a label that is all of a line.
    """
    read = [one for one in candidates if one.value is not None]
    for match in spec.cue.finditer(text) if spec.cue else ():
        if not any(_announces(text, match.start(), match.end(), one, spec) for one in read):
            rest = _REST.match(text, match.end())
            line_start = text.rfind("\n", 0, match.end() - 1) + 1
            yield text[line_start : rest.end() if rest else len(text)].strip(AROUND + ">")
    for match in _LINE.finditer(text) if spec.cue else ():
        bare = match[0].strip(_FRAME)
        if fold(bare) in spec.labels and not any(_announces(text, *match.span(), one, spec) for one in read):
            yield bare


def _announces(text: str, start: int, end: int, read: _Candidate, spec: FieldSpec) -> bool:
    """Whether a cue is part of a verdict that was read, or stands right before it (``the score is [[4]]``)."""
    if start < read.end and end > read.start:
        return True
    between = text[end : max(end, read.start)]
    said = any(fold(word) in spec.labels for word in between.split())
    return not said and _BETWEEN.fullmatch(between) is not None


def _binding(candidates: list[_Candidate], spec: FieldSpec, text: str) -> _Candidate | None:
    if spec.binds == "first line":
        start = len(text) - len(text.lstrip())
        end = text.find("\n", start) if "\n" in text[start:] else len(text)
        return next((c for c in candidates if c.alone and c.start < end), None)
    placed = [c for c in candidates if c.placed]
    if placed:
        return placed[-1]
    # Within a sentence (``So the score is [[4]].``) a verdict counts where the reply holds no other.
    stated = [c for c in candidates if _stated(text, c, spec)]
    one = stated and len({c.value for c in candidates}) == 1
    return stated[-1] if one else None


def _stated(text: str, candidate: _Candidate, spec: FieldSpec) -> bool:
    """Whether a cue names the verdict right before it, and nothing after it can take it back (``[[4]]ではない``)."""
    cues = spec.cue.finditer(text, 0, candidate.start) if spec.cue else ()
    named = any(_IS.fullmatch(text[cue.end() : candidate.start]) for cue in cues)
    return named and _STOP.match(text, candidate.end) is not None


def _candidates(text: str, spec: FieldSpec) -> Iterator[_Candidate]:
    if spec.pattern is None:
        return
    last_line = text.rstrip().rfind("\n")
    for match in spec.pattern.finditer(text):
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        line_end = text.find("\n", match.end())
        after = text[match.end() : line_end if line_end >= 0 else len(text)]
        ends = _END.fullmatch(after) is not None or (spec.tail is not None and spec.tail.match(after) is not None)
        alone = ends and _starts(before, spec)
        closing = ends and match.start() > last_line and (spec.inline or _lead_ends(before, spec))
        yield _Candidate(
            value=_value(match[1], spec),
            start=match.start(),
            end=match.end(),
            text=match[0].rsplit("\n", 1)[-1].strip(AROUND),
            line=text.count("\n", 0, match.start()),
            alone=alone,
            placed=alone or closing,
        )


def _starts(before: str, spec: FieldSpec) -> bool:
    """Whether nothing but emphasis and the card's lead (``Rating:``) stands before a match on its line."""
    rest = before[_BLANK.match(before).end() :]  # type: ignore[union-attr]
    if rest and spec.lead is not None and (lead := spec.lead.match(rest)):
        rest = rest[lead.end() :]
    return _BLANK.fullmatch(rest) is not None


def _lead_ends(before: str, spec: FieldSpec) -> bool:
    return spec.lead is not None and re.search(f"(?:{spec.lead.pattern})[\\s*_]*$", before, re.IGNORECASE) is not None


def _value(label: str, spec: FieldSpec) -> str | None:
    if spec.kind == "codes":
        return " ".join(label.split()) if fold(label) else None
    return spec.labels.get(fold(label))


def read_json(reply: ReplyText, ask: AskSpec, untrusted: Untrusted) -> dict[str, Found] | None:
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


def _objects(text: str, ask: AskSpec) -> Iterator[tuple[str, dict[str, Found] | None]]:
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


def _decoded(text: str, ask: AskSpec) -> dict[str, Found] | None:
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


def _fields(value: Any, ask: AskSpec) -> dict[str, Found] | None:
    out: dict[str, Found] = {}
    for spec in ask.fields:
        found = _typed(_at(value, spec.path), spec)
        if found is not None:
            out[spec.name] = Found(found)
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


def read_paper(text: str, rule: PaperRule) -> str | None:
    """Return what the published parser takes from a reply, None where it drops it or stops with an exception."""
    for part, label in rule.contains:
        if part in text:
            return label
    match = rule.pattern.search(text) if rule.pattern else None
    if match is not None and (match[1] in rule.labels or not rule.labels):
        return rule.labels.get(match[1], match[1])
    if rule.fails_on is not None and rule.fails_on.search(text):
        return None
    return rule.otherwise
