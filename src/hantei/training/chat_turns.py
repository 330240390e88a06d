"""Conversations in the form that a model's chat template takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hantei.models.sampling import without_system
from hantei.records import Message


def turns_for(tokenizer: Any, messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a conversation for the tokenizer's chat template: without a system turn where it takes none, as
    ``hf/PATH`` is then asked, too."""
    try:
        tokenizer.apply_chat_template(as_dicts(messages), tokenize=False)
    except Exception:  # templates raise what they like
        return without_system(messages)
    return tuple(messages)


def as_dicts(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return turns as transformers and TRL take them."""
    return [{"role": one.role, "content": one.content} for one in messages]
