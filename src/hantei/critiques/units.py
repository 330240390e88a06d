"""The atomic units of a critique by rule, without a model: sentences, and clauses that stand for themselves.

It is approximate: a clause may lack its subject, and a list inside a sentence stays one unit.
"""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(
    r"(?<=[。！？])[」』”’）)\]]*\s*|(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9\u3040-\u9fff])|\n\s*"
)
"""Where a sentence ends: a full stop before a capital, a CJK full stop, a line."""

_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|Mr|Mrs|Ms|Dr|Prof|St|No|U\.S|Inc|Ltd|[A-Z])\.$")
_LIST_MARK = re.compile(r"^\s*(?:[-*•・●]+|[(（]?\d{1,3}[.)、．）](?!\d)|[①-⑳])\s*")

_CLAUSE_END = {
    "en": re.compile(
        r";\s+|,\s+(?=(?:and|but|while|whereas|although|though|so)\s)|(?<!\s)\s+(?=(?:but|while|whereas|because)\s)",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"；|，(?=但|而|并|同时|此外|不过|也|还|因此|所以|从而|以及)"),
    "ja": re.compile(r"；|(?<=[がしりてめ])、|(?<=ので)、|(?<=から)、"),
}
_NEAR = 200
"""Characters before and after a place that are looked at: hostile texts must not take time by the square."""

_READ, MOST_UNITS = 50_000, 500
"""Characters of a critique that are read, and units of it that are taken, at most: no critique that helps is longer."""

_LEADING = re.compile(r"^(?:and|but|so|while|whereas)\s+", re.IGNORECASE)
_FEWEST = {"en": 4, "zh": 5, "ja": 7}
"""The least that a clause has to be a unit: words in English, characters in Chinese and Japanese."""


def units_of(text: str, language: str) -> tuple[str, ...]:
    """Return the units of a critique in their order, each once, up to ``MOST_UNITS``; lines that only announce others
    are left out.

    Args:
        text: the critique.
        language: ``en``, ``ja`` or ``zh``: whose clauses are parted.
    """
    found = (clause for sentence in sentences(text[:_READ]) for clause in _clauses(sentence, language))
    units = {normal(unit): unit for unit in found if not unit.endswith((":", "：")) and normal(unit)}
    return tuple(units.values())[:MOST_UNITS]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text without marks of lists; a line is the end of one."""
    out: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if "\n" not in end[0] and _ABBREVIATION.search(text[max(start, end.start() - _NEAR) : end.start()]):
            continue
        out.append(text[start : end.end()])
        start = end.end()
    cleaned = (_LIST_MARK.sub("", piece).strip() for piece in (*out, text[start:]))
    return [piece for piece in cleaned if piece]


def _clauses(sentence: str, language: str) -> list[str]:
    """Return the clauses of a sentence; one that is too short for a unit stays with the clause before it."""
    pieces: list[str] = []
    start = 0
    for end in _CLAUSE_END[language].finditer(sentence):
        before, after = sentence[max(start, end.start() - _NEAR) : end.start()], sentence[end.end() : end.end() + _NEAR]
        if min(_length(before, language), _length(after, language)) >= _FEWEST[language]:
            pieces.append(sentence[start : end.start()])
            start = end.end()
    return [_LEADING.sub("", piece.strip()) for piece in (*pieces, sentence[start:])]


def _length(text: str, language: str) -> int:
    return len(text.split()) if language == "en" else len(text.strip())


def normal(text: str) -> str:
    """Return a text by its letters and digits alone: what makes two units the same."""
    return "".join(character for character in text.casefold() if character.isalnum())
