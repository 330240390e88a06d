"""Reading a reply's fields so that nothing which it quotes can pass for the verdict.

A *candidate* is every place where a field's pattern finds one of its labels. Which candidate binds is the card's word
(first line, last, only). Two things can go wrong: the reply says two things, or what it seems to say is a quotation of
the answer under judgment. So a candidate whose text occurs in the answer, the question or what came with it is
doubtful, and counts only while nothing else in the reply says otherwise or seems to be a verdict that cannot be read;
one that occurs nowhere there cannot be a quotation. What stays ambiguous has no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hantei.judges.reading import AROUND, ReplyText, UntrustedTexts, fold
from hantei.judges.spec import FieldSpec, PaperRule

_BLANK = re.compile(r"[\s*_#\-]*")
_END = re.compile(r"[\s*_.。!！]*")
_BETWEEN = re.compile(r"[^\d.!?。\n]{1,12}")
"""What may stand between the cue of a verdict and the verdict."""

_IS = re.compile(r"[ \t*_]*(?:(?:is|of|=|:|は|为|為|是)[ \t*_]*)?", re.IGNORECASE)
_REST = re.compile(r"[\s*_>|:=-]*[^\n]*")
"""The rest of a verdict's line, and where nothing is left of it the next line."""
_LINE = re.compile(r"^[^\n]{1,60}$", re.MULTILINE)
_FRAME = AROUND + "[]()<>{}|=/\\-→•【】"
"""What may stand around a label that is all of a line."""
_GIVES = re.compile(
    r"\b(?:I|we)(?:['’]d| would| will)? (?:rate|score|give|assign|award)"
    r"(?: (?:this|that|it|the|an?|as|at|of|answer|response|reply|score|rating))*[ \t*_]*",
    re.IGNORECASE,
)
"""What names a verdict as well as a cue does: ``I rate this [[4]]``."""
_STOP = re.compile(
    r"(?:[ \t]*(?:overall|in total)\b|点|分|です|だ|と(?:します|する|なります|(?:判断|評価)(?:します|する)))*"
    r"[ \t*_]*(?:[.。,、，;；)）!！]|$)",
    re.MULTILINE,
)
"""What may follow a verdict within a sentence and leaves it what it is; ``[[5]]ではない`` takes it back."""


@dataclass(frozen=True, slots=True)
class FieldValue:
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


def read_text(reply: ReplyText, spec: FieldSpec, untrusted: UntrustedTexts) -> FieldValue | None:
    """Return what a text reply says of one field, None where it says nothing, or not clearly one thing."""
    candidates = list(_candidates(reply.text, spec))
    binding = _binding(candidates, spec, reply.text)
    if binding is None or binding.value is None:
        return None
    others = [other for other in candidates if other.value != binding.value]
    unread = [text for text in _unread(reply.text, candidates, spec) if not untrusted.quotes(text)]
    if not _sure(binding, others, unread, spec, untrusted, reply.partial):
        return None
    return FieldValue(binding.value, binding.line, reply.text.count("\n", 0, binding.end), binding.alone)


def _sure(
    binding: _Candidate,
    others: list[_Candidate],
    unread: list[str],
    spec: FieldSpec,
    untrusted: UntrustedTexts,
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
    if not spec.cue:
        return False
    cues = spec.cue.finditer(text, 0, candidate.start)
    named = any(_IS.fullmatch(text[cue.end() : candidate.start]) for cue in cues)
    named = named or any(said.end() == candidate.start for said in _GIVES.finditer(text, 0, candidate.start))
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
        return "\n".join(" ".join(line.split()) for line in label.splitlines()) if fold(label) else None
    return spec.labels.get(fold(label))


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
