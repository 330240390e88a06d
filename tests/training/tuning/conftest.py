"""A base of a few thousand weights and a handful of rows."""

from __future__ import annotations

import pytest

pytest.importorskip("trl", reason="needs the extra tune")

from hantei.records import Message
from hantei.training.mixtures.recipe import NewModel
from hantei.training.tuning.chat import ChatEncoder, Encoded
from hantei.training.tuning.model import Base, make_base

TINY = NewModel(layers=1, hidden=32, heads=2, vocabulary=320, context=128)


def turns(*texts: str) -> tuple[Message, ...]:
    """The user and the assistant by turns."""
    return tuple(Message(role="assistant" if at % 2 else "user", content=text) for at, text in enumerate(texts))


CONVERSATIONS = [turns(f"Question {number}?", f"Answer {number}. " * (1 + number % 4)) for number in range(24)]


def tiny_base(seed: int = 0) -> Base:
    return make_base(TINY, (turn.content for one in CONVERSATIONS for turn in one), None, seed)


@pytest.fixture(scope="session")
def base() -> Base:
    return tiny_base()


@pytest.fixture(scope="session")
def encoder(base: Base) -> ChatEncoder:
    return ChatEncoder(base.tokenizer, base.ends)


@pytest.fixture(scope="session")
def rows(encoder: ChatEncoder) -> list[Encoded]:
    return [encoder.encode(one) for one in CONVERSATIONS]
