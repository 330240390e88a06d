"""A reasoning model's thinking, kept apart from its answer: in live replies, in files of answers, in judges' replies.

Models mark their thinking in many notations; ``_NOTATIONS`` lists them. What counts is a block at the start of the
answer or of a line of it, or a close tag whose open tag the chat template wrote into the prompt. Tags inside a
sentence, in quotation marks or in a code block are only mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class _Notation(NamedTuple):
    """How thinking begins and ends; ``bare`` where the end alone tells, since templates write the beginning."""

    opens: str
    closes: str
    bare: bool = True


_NAMED = r"(?:ifm\||[a-z]\w{0,20}[:_])?think(?:[:_]\w{1,20})?"
"""``think`` and its relatives: ``seed:think``, ``mm:think``, ``longcat_think``, ``think_fast``, ``ifm|think``."""

_NOTATIONS = (
    _Notation(f"<{_NAMED}>", f"</{_NAMED}>"),  # DeepSeek, Qwen, GLM and most others
    _Notation(r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    _Notation("◁think▷", "◁/think▷"),  # Kimi
    _Notation(r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),  # Sky-T1, OpenThinker
    _Notation(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    _Notation(r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),  # Apertus
    _Notation(r"<unused94>(?:thought\b)?", "<unused95>"),  # MedGemma
    _Notation(r"<\|channel>\s*\w+", r"<channel\|>"),  # Gemma 4
    # Harmony (gpt-oss): channels, of which the final one is the answer; then the same with special tokens left out.
    _Notation(
        r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
        r"(?:<\|(?:end|call)\|>\s*)?(?:<\|start\|>assistant)?<\|channel\|>final[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
    ),
    _Notation(r"analysis(?-i:(?=[A-Z]))", r"(?-i:assistantfinal)"),
    # What an answer may hold as markup or as words of its own: a block only where the answer begins with it.
    _Notation(  # Solar Open
        r"<\|think(?:ing)?\|>",
        r"<\|end\|>\s*(?:<\|begin\|>\s*assistant)?\s*(?:<\|content\|>)?|<\|(?:content|answer)\|>"
        r"|<\|?/\|?think(?:ing)?\|>|<\|end_?(?:of_?)?think(?:ing)?\|>",
        bare=False,
    ),
    _Notation(r"here(?: is|['’]s) my thought process:", r"here(?: is|['’]s) my response:", bare=False),  # Granite 3
    *(
        _Notation(f"<{word}>", f"</{word}>", bare=False)
        for word in (
            *("thinking", "redacted_thinking", "antml:thinking", "reasoning", "thought", "thoughts", "reflection"),
            *("analysis", "scratchpad"),
        )
    ),
)
PRINTED_MARK = (
    r"(?:</?s>|<[be]os>|\[/?INST\]|<(?:start|end)_of_turn>(?:\s*model\b)?|<\|turn>(?:\s*model\b)?|<turn\|>"
    r"|<\|(?:begin|end|eot|eom|im|start|return|endoftext|turn|assistant|answer|content)[a-z_]*\|>"
    r"(?:\s*assistant\b)?|<｜[^<>｜]{1,30}｜>|</?longcat_(?:assistant|s)>)"
)
"""A token of a chat template that a server printed: it is no text of the model's. To be compiled without case."""

_LONGEST_TOKEN = 60
_OPENS = "|".join(one.opens for one in _NOTATIONS)
_LEAD = re.compile(rf"\s*+(?:(?!{_OPENS}){PRINTED_MARK}\s*+)*+", re.IGNORECASE)
_OPEN = re.compile(rf"{_LEAD.pattern}(?:{_OPENS})", re.IGNORECASE)
_MAY_OPEN = re.compile(r"\s*+[<\[◁ah]", re.IGNORECASE)
"""What every block of reasoning begins with, and every mark before it: most answers need no closer look."""
_OPEN_ANYWHERE = re.compile("|".join(one.opens for one in _NOTATIONS if one.bare), re.IGNORECASE)
_BARE_CLOSE = re.compile("|".join(one.closes for one in _NOTATIONS if one.bare), re.IGNORECASE)
_WORD_CLOSES = [
    (re.compile(rf"{_LEAD.pattern}{one.opens}", re.IGNORECASE), re.compile(one.closes, re.IGNORECASE))
    for one in _NOTATIONS
    if not one.bare
]
_IN_BARE_CLOSES = ("<", "[", "◁", "assistantfinal")
"""One of these stands in every close tag that ``_BARE_CLOSE`` finds: a look for them costs next to nothing."""
_LAST_TOKEN = re.compile(rf"{PRINTED_MARK}\s*\Z", re.IGNORECASE)
_WRAPPED = re.compile(r"<(answer|response|output)>[ \t]*\n\s*((?:(?!</\1>).)*?)\s*(?:</\1>\s*)?", re.S | re.I)
"""What some models put around the answer after their thinking, on lines of its own (Hunyuan, ERNIE); on one
line it may be what was asked for."""

_QUOTES = "`'\"“”‘’「」『』"
_FENCE = "```"


class Split(NamedTuple):
    """The answer, the reasoning (None where there is none), and whether every reasoning block was closed."""

    text: str
    reasoning: str | None
    closed: bool


def answer_start(content: str) -> int:
    """Return where the answer begins in what a model wrote: after the last block of reasoning and its marks.

    0 where there is no block. The open tag may be absent: many chat templates write it into the prompt.
    """
    _, end = _reasoning_end(content)
    return _answer(content, end)[0] if end else 0


def split_reasoning(content: str) -> Split:
    """Split what a model wrote into its answer and its reasoning.

    The answer is what follows the last block. What begins with an open tag that is not closed is reasoning that was cut
    off: the answer is then empty and ``closed`` is false. Content without reasoning is returned as it is.
    """
    closed, end = _reasoning_end(content)
    if _opened(content, end):
        return Split("", joined(_inside(content[:closed]), _inside(content[end:])), False)
    if not end:
        return Split(content, None, True)
    start, stop = _answer(content, end)
    return Split(content[start:stop], _inside(content[:closed]), True)


def tokens_before_answer(tokens: Sequence[str]) -> int:
    """Return how many of the tokens that a model wrote end before its answer begins."""
    start = answer_start("".join(tokens))
    count = end = 0
    for token in tokens:
        end += len(token)
        if end > start:
            break
        count += 1
    return count if start else 0


def joined(*parts: str | None) -> str | None:
    """Return pieces of reasoning as one text, None where there is none."""
    return "\n\n".join([part for part in parts if part]) or None


def _reasoning_end(content: str) -> tuple[int, int]:
    """Return where the close tag of the last block of reasoning begins and ends, 0 where there is none."""
    closed = end = looked = 0
    fenced, opened = False, _opened(content)
    if opened is None and not any(map(content.__contains__, _IN_BARE_CLOSES)):
        return 0, 0
    for close in _closes(content):
        if close.start() < looked:
            continue
        within = opened is not None and opened.end() <= close.start()
        fenced ^= content.count(_FENCE, looked, close.start()) % 2 == 1
        mentioned = not within and (fenced or close.re is not _BARE_CLOSE or _in_sentence(content, looked, close))
        looked = close.end()
        if not (mentioned or _quoted(content, close)):
            closed, end, fenced, opened = close.start(), looked, False, _opened(content, looked)
    return closed, end


def _opened(content: str, start: int = 0) -> re.Match[str] | None:
    """Return where a block of reasoning begins at this place, None where none does."""
    return _OPEN.match(content, start) if _MAY_OPEN.match(content, start) else None


def _closes(content: str) -> Iterator[re.Match[str]]:
    words = [closes for opens, closes in _WORD_CLOSES if opens.match(content)] if _MAY_OPEN.match(content) else []
    if not words:
        return _BARE_CLOSE.finditer(content)
    found = (match for pattern in (_BARE_CLOSE, *words) for match in pattern.finditer(content))
    return iter(sorted(found, key=lambda match: match.start()))


def _in_sentence(content: str, start: int, close: re.Match[str]) -> bool:
    """Whether the open tag of a close tag stands on the same line, behind other text."""
    line = max(start, content.rfind("\n", start, close.start()) + 1)
    opened = _OPEN_ANYWHERE.search(content, line, close.start())
    if opened is None:
        return False
    behind = line == start and content[start - 1 : start] not in ("", "\n")
    return behind or bool(content[line : opened.start()].strip())


def _quoted(content: str, close: re.Match[str]) -> bool:
    """Whether quotation marks stand around a close tag."""
    before, after = content[close.start() - 1 : close.start()], content[close.end() : close.end() + 1]
    return bool(before and after) and before in _QUOTES and after in _QUOTES


def _answer(content: str, end: int) -> tuple[int, int]:
    """Return where the answer after a block begins and ends, without what a server or a model put around it."""
    start = _LEAD.match(content, end).end()  # type: ignore[union-attr]
    stop = len(content)
    while stop > start and (token := _LAST_TOKEN.search(content, max(start, stop - _LONGEST_TOKEN), stop)):
        stop = token.start()
    wrapped = _WRAPPED.fullmatch(content, start, stop)
    return wrapped.span(2) if wrapped else (start, stop)


def _inside(block: str) -> str | None:
    opened = _OPEN.match(block)
    return block[opened.end() if opened else 0 :].strip() or None
