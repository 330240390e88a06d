"""Asking turn by turn: where a user's turn comes right after another one, the model answers in between."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hantei.records import Message, Prompt, Response

UNFINISHED = "the run stopped between two turns of the conversation"
"""Why a response has no answer yet that was asked for some of its turns: the next run goes on from there."""


def answer_positions(messages: Sequence[Message]) -> list[int]:
    """Return the places of the user's turns before which an answer is to come."""
    return [at for at in range(1, len(messages)) if messages[at - 1].role == "user" == messages[at].role]


def conversation(messages: Sequence[Message], answers: Sequence[str]) -> tuple[Message, ...]:
    """Return the conversation with the answers that were given so far, up to the turn that has none yet.

    With an answer for each gap it is the whole conversation; with none it ends with the first turn to be answered.
    """
    places = answer_positions(messages)
    if not places:
        return tuple(messages)
    places.append(len(messages))
    talked = list(messages[: places[0]])
    for answer, start, end in zip(answers, places, places[1:], strict=False):
        talked += [Message(role="assistant", content=answer), *messages[start:end]]
    return tuple(talked)


def with_earlier_answers(prompt: Prompt, response: Response) -> Prompt:
    """Return a prompt with what the response's system answered to its earlier turns, as judges and people read it."""
    return replace(prompt, messages=conversation(prompt.messages, response.earlier)) if response.earlier else prompt
