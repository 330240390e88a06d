"""A reasoning model's thinking, kept apart from its answer: in live replies, in files of answers, in judges' replies.

Models mark their thinking in many notations; ``_NOTATIONS`` lists them. An open tag in the middle of an answer is only
text: what counts is a block at its start, or a close tag whose open tag the chat template wrote into the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class _Notation(NamedTuple):
    """How thinking begins and ends; ``bare`` where the end alone tells, since templates write the beginning."""

    opens: str
    closes: str
    bare: bool = True


_NOTATIONS = (
    _Notation("<think>", "</think>"),  # DeepSeek, Qwen, GLM and most others
    _Notation("<seed:think>", "</seed:think>"),  # Seed-OSS
    _Notation(r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    _Notation("◁think▷", "◁/think▷"),  # Kimi
    _Notation(r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),  # Sky-T1, OpenThinker
    _Notation(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A
    # Harmony (gpt-oss): channels, of which the final one is the answer; then the same with special tokens left out.
    _Notation(
        r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
        r"(?:<\|(?:end|call)\|>\s*)?(?:<\|start\|>assistant)?<\|channel\|>final[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>",
    ),
    _Notation(r"analysis(?-i:(?=[A-Z]))", r"(?-i:assistantfinal)"),
    # Words that an answer may hold as markup of its own: a block only where the answer begins with it.
    *(_Notation(f"<{word}>", f"</{word}>", bare=False) for word in ("thinking", "reasoning", "thought", "reflection")),
)
_OPEN = re.compile(rf"\s*(?:{'|'.join(one.opens for one in _NOTATIONS)})", re.IGNORECASE)
_BARE_CLOSE = re.compile("|".join(one.closes for one in _NOTATIONS if one.bare), re.IGNORECASE)
_WORD_CLOSES = [
    (re.compile(rf"\s*{one.opens}", re.IGNORECASE), re.compile(one.closes, re.IGNORECASE))
    for one in _NOTATIONS
    if not one.bare
]
_ENDED = re.compile(r"(?:<\|(?:return|end)\|>)\s*\Z")
"""What a server that prints special tokens leaves after a final channel."""


class Split(NamedTuple):
    """The answer, the reasoning (None where there is none), and whether every reasoning block was closed."""

    text: str
    reasoning: str | None
    closed: bool


def answer_start(content: str) -> int:
    """Return where the answer begins in what a model wrote: after the last close tag, white space left out.

    0 where there is no close tag. The open tag may be absent: many chat templates write it into the prompt.
    """
    close = _last_close(content)
    return _after(content, close) if close else 0


def split_reasoning(content: str) -> Split:
    """Split what a model wrote into its answer and its reasoning.

    The answer is what follows the last close tag. What begins with an open tag that is not closed is reasoning that
    was cut off: the answer is then empty and ``closed`` is false. Content without tags is returned as it is.
    """
    close = _last_close(content)
    before = content[: close.start()] if close else ""
    answer = content[_after(content, close) :] if close else content
    if _OPEN.match(answer):
        return Split("", joined(_inside(before), _inside(answer)), False)
    if close and close[0].startswith("<|"):
        answer = _ENDED.sub("", answer)
    return Split(answer, _inside(before), True)


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
    return "\n\n".join(part for part in parts if part) or None


def _last_close(content: str) -> re.Match[str] | None:
    patterns = [_BARE_CLOSE, *(closes for opens, closes in _WORD_CLOSES if opens.match(content))]
    found = [match for pattern in patterns for match in pattern.finditer(content)]
    return max(found, key=lambda match: match.end(), default=None)


def _after(content: str, close: re.Match[str]) -> int:
    rest = content[close.end() :]
    return close.end() + len(rest) - len(rest.lstrip())


def _inside(block: str) -> str | None:
    opened = _OPEN.match(block)
    return block[opened.end() if opened else 0 :].strip() or None
