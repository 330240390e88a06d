"""A model says prompts in other words, or in another language; what comes back is checked before it is a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hantei.benchmarks.attacks.card import AttackCard
from hantei.benchmarks.build.asking import DraftingModel, Talk
from hantei.benchmarks.build.wording import language_name
from hantei.judges.render import defuse, fence, mark
from hantei.language import detect
from hantei.records import Message, Prompt

_LONGER = 4
"""How many times as long as the prompt, or as short, a reply may be: beyond, it is an answer or a refusal."""


def reworded(prompts: Sequence[Prompt], card: AttackCard, asked: DraftingModel) -> dict[str, str]:
    """Return other words by prompt id; a prompt whose reply is none of them is not there.

    Raises:
        RunError: the calls ended early; what was answered is kept.
    """
    found = asked.each(prompts, partial(_one, card), card.name)
    return {prompt.id: text for prompt, text in zip(prompts, found, strict=True) if text is not None}


async def _one(card: AttackCard, talk: Talk, prompt: Prompt) -> str | None:
    wanted = card.target or prompt.language or "en"
    reply = await talk.say(request(card, prompt.text, wanted))
    return None if reply is None else checked(reply, prompt.text, wanted)


def request(card: AttackCard, text: str, language: str) -> tuple[Message, ...]:
    """Return what the model is asked: the prompt stands between marks of its own hash, since it is no word of ours."""
    said = defuse(text)
    task = (card.ask or "").replace("{language}", language_name(language))
    return Message(role="system", content=task), Message(role="user", content=fence("text", said, mark([said])))


def checked(reply: str, text: str, language: str) -> str | None:
    """Return a reply as the prompt that it is, None where it is none: empty, of another length or language, the same.

    Args:
        reply: what the model wrote.
        text: the prompt.
        language: that the reply is to be in.
    """
    said = reply.strip()
    other = detect(said) not in (None, language.partition("-")[0])
    size, before = _size(said), _size(text)
    if not said or other or said == text.strip() or not before / _LONGER <= size <= before * _LONGER:
        return None
    return said


def _size(text: str) -> int:
    """Return a text's length in UTF-8: a Chinese character says about as much as three Latin letters."""
    return len(text.encode("utf-8", "replace"))
