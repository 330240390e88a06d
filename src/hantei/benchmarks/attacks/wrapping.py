"""A prompt put into an attack: the last turn of the user's is what is wrapped; what came before stays before it."""

from __future__ import annotations

from hashlib import blake2b

from msgspec.structs import replace

from hantei.benchmarks.attacks.card import SLOT, AttackCard
from hantei.benchmarks.attacks.chain import AttackChain
from hantei.benchmarks.attacks.encodings import ENCODINGS
from hantei.language import detect
from hantei.records import Message, Prompt

LONGEST = 200_000
"""Characters of what an encoding makes, at most: six of them around each other would fill a disk."""


def wrap(prompt: Prompt, chain: AttackChain, seed: int = 0, words: str | None = None) -> Prompt | None:
    """Return a prompt in a chain of attacks; None where one has no words for its language, or would make a book of it.

    ``parent`` is the plain prompt, ``variant`` the chain, ``plain`` what judges are shown. A prompt that was wrapped
    before stays linked to its plain one, and its chain becomes longer. One that ends with a tool's result is never
    wrapped.

    Args:
        prompt: the plain one, or one that was wrapped before.
        chain: the first attack is nearest to the prompt.
        seed: which of several wordings is taken, for each prompt by its id.
        words: what a model or a pair says in place of the prompt's last turn, where the chain begins with such a card.
    """
    made = prompt if prompt.messages[-1].role == "user" else None
    for card in chain.cards:
        made = None if made is None else _reworded(made, card, words) if card.by_model else _inside(made, card, seed)
    return None if made is None else _linked(prompt, made, chain)


def _reworded(prompt: Prompt, card: AttackCard, words: str | None) -> Prompt | None:
    if words is None:
        return None
    last = replace(prompt.messages[-1], content=words)
    messages = (*prompt.messages[:-1], last)
    if card.target is None:
        return replace(prompt, messages=messages, plain=prompt.plain or prompt.messages)
    return replace(prompt, messages=messages, language=card.target)


def _inside(prompt: Prompt, card: AttackCard, seed: int) -> Prompt | None:
    wordings = card.wordings_in(prompt.language or detect(prompt.text))
    if not wordings:
        return None
    chosen = wordings[_draw(f"{seed}\0{card.name}\0{prompt.id}") % len(wordings)]
    said = prompt.messages[-1].content
    text = ENCODINGS[card.encoding](said) if card.encoding else said
    if card.encoding and len(text) > LONGEST:
        return None
    last = Message(role="user", content=chosen.turns[-1].content.replace(SLOT, text))
    messages = (*prompt.messages[:-1], *chosen.turns[:-1], last)
    return replace(prompt, messages=messages, plain=prompt.plain or prompt.messages)


def _draw(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _linked(prompt: Prompt, made: Prompt, chain: AttackChain) -> Prompt:
    before = (prompt.variant or "").partition("/")
    again = before[0] in ("attack", "paraphrase", "translation") and before[2] and prompt.parent is not None
    name = f"{before[2]}+{chain.name}" if again else chain.name
    kind = "attack" if "attack" in (chain.kind, before[0] if again else "") else chain.kind
    parent = prompt.parent if again else prompt.id
    return replace(made, id=f"{parent}+{name}", parent=parent, variant=f"{kind}/{name}")
