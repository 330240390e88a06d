"""Which language a text is in, by script and by its commonest function words.

A declared language always wins; this rule is for texts without one. It says None rather than guess: Latin text without
a known word, Japanese or Chinese in Latin letters, or a script that several languages share, has no answer here.
"""

from __future__ import annotations

import re
from itertools import chain

from hantei.language_words import ENGLISH, FUNCTION_WORDS, ROMANISED

_LOOK_AT = 300
"""Characters looked at: more would not change the answer, and answers may be megabytes long."""

_PLENTY = 6
"""So many different function words of English need no look at other languages."""

_SHARE = 3
"""A short text without a function word is English where a third of its words are usual in such texts."""

_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("kana", re.compile(r"[\u3041-\u309f\u30a0-\u30fa\u30fc-\u30ff\uff66-\uff9f]")),
    ("hangul", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("han", re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")),
    ("thai", re.compile(r"[\u0e00-\u0e7f]")),
    ("latin", re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")),
    ("other", re.compile(r"[\u0370-\u0dff\u0e80-\u10ff\u1200-\u1cff]")),
)

_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_ASCII_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
"""The same words where a text is ASCII in small letters, found in two thirds of the time."""
_LETTERS_ALONE = {code: " " for code in range(128) if not chr(code).islower()}
"""The same where it has no apostrophe either, in a third of the time: what is no letter is a space."""
_KNOWN = frozenset().union(*FUNCTION_WORDS.values())

_CONTRACTION = re.compile(r"\b([a-z]+)('(?:s|re|ll|ve|d|m)|n't)\b")


def detect(text: str) -> str | None:
    """Return the BCP 47 primary tag of a text's language, or None where it cannot be told.

    Kana make it Japanese, Han characters without kana Chinese, Hangul Korean; a Japanese text of Han characters alone
    therefore reads as Chinese. Latin text goes to the language with most hits among its function words.
    """
    head = text[:_LOOK_AT]
    if head.isascii():
        return _latin(head)
    counts = {script: len(pattern.findall(head)) for script, pattern in _SCRIPTS}
    east_asian = counts["kana"] + counts["han"]
    # A Chinese character carries about as much as a Latin word, hence the weight.
    if max(3 * east_asian, 2 * counts["hangul"], counts["thai"]) <= max(counts["latin"], counts["other"]):
        return _latin(head) if counts["latin"] > counts["other"] else None
    if counts["hangul"] > east_asian:
        return "ko"
    if counts["thai"] > east_asian:
        return "th"
    return "ja" if counts["kana"] >= 0.05 * east_asian else "zh"


def _latin(text: str) -> str | None:
    lower = text.lower().replace("’", "'")
    # To look for contractions only where an apostrophe is takes a third of the time.
    marked = " ".join([part for part in lower.split() if "'" in part]) if "'" in lower else ""
    words = _words(lower)
    english = words & FUNCTION_WORDS["en"]
    english |= FUNCTION_WORDS["en"].intersection(chain(*_CONTRACTION.findall(marked)))
    if len(english) >= _PLENTY:
        return "en"
    best, most = _most_hits(words & _KNOWN, len(english))
    romanised = len(words & ROMANISED)
    if romanised and romanised >= most:
        return None
    if most:
        return best
    return "en" if words and _SHARE * len(words & ENGLISH) >= len(words) else None


def _words(lower: str) -> set[str]:
    if not lower.isascii():
        return set(_WORD.findall(lower))
    return set(_ASCII_WORD.findall(lower) if "'" in lower else lower.translate(_LETTERS_ALONE).split())


def _most_hits(known: set[str], english: int) -> tuple[str, int]:
    """Return the language with most hits among function words, of equals English, and how many it has."""
    if known <= FUNCTION_WORDS["en"]:
        return "en", english
    hits = {tag: len(known & common) for tag, common in FUNCTION_WORDS.items()} | {"en": english}
    best = max(hits, key=lambda tag: hits[tag])  # the first of equals: English
    return best, hits[best]


def primary(tag: str | None) -> str | None:
    """Return the primary language of a BCP 47 tag: ``zh`` for ``zh-Hans-CN``."""
    return tag.split("-")[0].lower() if tag else None
