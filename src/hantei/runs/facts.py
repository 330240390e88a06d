"""What the index of a run keeps of a judgment, and of a prompt's text."""

from __future__ import annotations

import hashlib

from hantei.database import storable_or_none
from hantei.records import REFUSALS, Judgment, Prompt
from hantei.stance import contradicts

LAST_TURN = 2**62
"""Stands for ``turn`` None, the last: in SQLite two NULLs in a key are different."""


def facts_of(judge: int, response: int, judgment: Judgment, offset: int) -> tuple[object, ...]:
    """Return the row of a judgment in the table ``judgments`` (``runs/schema.py``).

    Args:
        judge: the judge's number.
        response: the response's number.
        judgment: what was said of it.
        offset: where the line of it begins in the judge's file, in bytes.
    """
    return (
        judge,
        response,
        judgment.repeat,
        LAST_TURN if judgment.turn is None else judgment.turn,
        judgment.status != "error" or judgment.fault == "model",
        offset,
        judgment.reason or judgment.status,
        judgment.unsafe,
        None if judgment.refusal is None else REFUSALS.index(judgment.refusal),
        judgment.action,
        judgment.score,
        storable_or_none(judgment.scale),
        judgment.p_unsafe,
        judgment.sampling_p,
        judgment.in_training,
        storable_or_none(judgment.answered_by),
        contradicts(judgment.critique, judgment.unsafe),
    )


def prompt_digest(prompt: Prompt) -> bytes:
    """Return 8 bytes that tell prompts of different text apart."""
    hasher = hashlib.blake2b(digest_size=8)
    for message in prompt.messages:
        hasher.update(f"{message.role}\0{message.shown}\0".encode("utf-8", "surrogatepass"))
    return hasher.digest()
