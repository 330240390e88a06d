"""What the models of the world are trained on: conversations, as their judge card would ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from hantei.judges.card import load_card, templates
from hantei.judges.render import Template, compiled, variables
from hantei.records import Message, Prompt, Response
from hantei.training.world.critiques import CORRUPT, noisy_verdicts
from hantei.training.world.dialogues import WorldDialogue

CARD = Path(__file__).parent / "card"
"""The judge card of the world."""

WorldTurns = tuple[Message, ...]


def judge_rows(made: Sequence[WorldDialogue], seed: int, corrupt: float = CORRUPT) -> list[WorldTurns]:
    """Return dialogues with a noisy verdict each, as a judge's conversations."""
    return with_verdicts(made, noisy_verdicts(made, seed, corrupt))


def with_verdicts(made: Sequence[WorldDialogue], verdicts: Iterable[str]) -> list[WorldTurns]:
    """Return a judge's conversations: what it is asked of each dialogue, and what it says."""
    return [
        (*judge_prompt(one.prompt, one.response), Message(role="assistant", content=said))
        for one, said in zip(made, verdicts, strict=True)
    ]


def judge_prompt(prompt: Prompt, response: Response) -> WorldTurns:
    """Return what the judge is asked of a dialogue, by its card."""
    return _templates()[prompt.language or "en"](variables(prompt, response, {}, ()))


@cache
def _templates() -> dict[str, Template]:
    card = load_card(str(CARD))
    return {name: compiled(card.name, name, text) for name, text in templates(card).items()}
