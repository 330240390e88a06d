"""A reply as it is searched: one form for every spelling, without reasoning, and what of it may only be a quotation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

from hantei.reasoning import PRINTED_MARK, answer_start, split_reasoning

_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_PLAIN = re.compile(r"[\t\n -~]*")
"""Text that is its own visible form: most replies are, and are told at once."""
_INVISIBLE = frozenset("\u034f\u115f\u1160\u3164\uffa0") | {chr(c) for c in (*range(0xFE00, 0xFE10), 0x2800)}
_DROPPED = frozenset({"Mn", "Mc", "Me", "Cf", "Cc", "Cs", "Co", "Zs", "Zl", "Zp"})
_PRINTED = re.compile(PRINTED_MARK, re.IGNORECASE)

AROUND = " \t*_`#\"'“”‘’「」『』.。!！,，、;；:："


def visible_text(text: str) -> str:
    """Return ``text`` in NFKC (full-width digits and brackets become plain) without characters that nobody sees.

    Zero-width, bidirectional and other format characters, variation selectors and control characters go; every kind of
    line end becomes a line feed. Lines stay lines.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = unicodedata.normalize("NFKC", _LINE_END.sub("\n", text))
    return "".join(c for c in text if c in "\n\t" or not _unseen(c))


def _unseen(c: str) -> bool:
    return c in _INVISIBLE or (not c.isprintable() and unicodedata.category(c) in ("Cf", "Cc", "Cs", "Co"))


def fold(label: str) -> str:
    """Return a label as it is compared: without quotation marks, emphasis and stops around it, in one case."""
    return " ".join(visible_text(label).strip(AROUND + "\n").casefold().split())


def squeeze(text: str) -> str:
    """Return ``text`` without white space, invisible characters and accents, in one case.

    This maps character by character, so whatever part of a text is quoted, with whatever line breaks, its squeezed form
    stands in the squeezed text.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    kept = (c for c in decomposed if c not in _INVISIBLE and unicodedata.category(c) not in _DROPPED)
    return "".join(kept).casefold()


def _spaced(text: str) -> str:
    """Return ``text`` as ``squeeze`` does, with one space for white space."""
    return " ".join(squeeze(word) for word in visible_text(text).split())


def _joined(text: str, place: int) -> bool:
    """Whether letters or digits stand on both sides of a place in a text: inside a word."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


class UntrustedTexts:
    """The texts that a judge may quote: the answer, the question, and what came with it."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    @cached_property
    def _squeezed(self) -> str:
        return "\x00".join(squeeze(text) for text in self._texts)

    def holds(self, part: str) -> bool:
        """Whether ``part`` can be a quotation from these texts, or a part of one."""
        return squeeze(part) in self._squeezed

    @cached_property
    def _spaced(self) -> str:
        return "\x00".join(_spaced(text) for text in self._texts)

    def quotes(self, part: str) -> bool:
        """Whether ``part`` stands in these texts as whole words: ``safe`` is no quotation from ``unsafe``."""
        wanted, text = _spaced(part), self._spaced
        start = text.find(wanted)
        while start >= 0:
            if not (_joined(text, start) or _joined(text, start + len(wanted))):
                return True
            start = text.find(wanted, start + 1)
        return False


class ReplyText:
    """What of a reply is searched.

    ``raw_lines`` and ``lines`` are the same lines as written and as compared; ``text`` joins the latter. ``partial``
    says that a verdict may stand in a part that is not seen; ``unclosed`` that the reply ends inside its reasoning.
    """

    def __init__(self, raw: str, reasoned: bool, within: int, from_start: bool) -> None:
        answer, cut = without_reasoning(raw)
        self.unclosed = answer is None
        self.raw = _without_marks(answer or "")
        shown = self.raw[:within] if from_start else self.raw[-within:]
        # What looks like the end of a reasoning block may be a quotation that stands after the verdict.
        self.partial = cut or reasoned or len(shown) < len(self.raw)
        self.raw_lines = _LINE_END.sub("\n", shown).split("\n")
        self.lines = [visible_text(line) for line in self.raw_lines]
        self.text = "\n".join(self.lines)


def _without_marks(text: str) -> str:
    """Return ``text`` without the special tokens that a server printed at either end: they are no text of the judge's.

    One pass: a pattern that looks for them at the end goes through a run of white space once from each of its places.
    """
    start = last = stop = 0
    for mark in _PRINTED.finditer(text):
        between = text[last : mark.start()].rstrip()
        if between:
            stop = last + len(between)
        elif start == last:
            start = mark.end()
        last = mark.end()
    return text[start:stop] if last and not text[last:].strip() else text[start:]


def without_reasoning(raw: str) -> tuple[str | None, bool]:
    """Return what follows the last closed reasoning block (None inside an open one), and whether any was cut off."""
    split = split_reasoning(raw)
    return (split.text if split.closed else None), bool(answer_start(raw)) or not split.closed
