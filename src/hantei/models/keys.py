"""Keys: which values of the environment are some, what looks like one, and keeping them out of what is written."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hantei.models.base import Reply

_VARIABLE = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_SHAPE = re.compile(r"(?:^|/)(?:(?:sk|pk|gsk|xai)[-_]|hf_|ghp_|AIza)[A-Za-z0-9_-]{16,}(?:$|[/@:])")
"""How the keys of OpenAI, Anthropic, OpenRouter, Groq, xAI, Hugging Face, GitHub and Google begin."""
_ANYWHERE = re.compile(r"\b(?:(?:sk|gsk|xai)[-_]|hf_|ghp_|AIza)(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}")
_SHORTEST = 12
"""A value that is shorter is no key but a placeholder, such as EMPTY, and may stand in any text."""
_HIDDEN = "[key]"


def key_names(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the names of the variables that hold keys: those called ``..._KEY``, ``..._TOKEN`` and the like."""
    return tuple(sorted(name for name, value in environment.items() if _VARIABLE.search(name) and value.strip()))


def known_keys(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the keys in the environment: what stands in variables called ``..._KEY``, ``..._TOKEN`` and the like."""
    values = (value.strip() for name, value in environment.items() if _VARIABLE.search(name))
    return tuple(sorted({value for value in values if len(value) >= _SHORTEST}, key=len, reverse=True))


def looks_like_key(name: str) -> bool:
    """Whether a part of a name has the form of a key, or holds one of the environment's."""
    return bool(_SHAPE.search(name)) or any(key in name for key in known_keys())


def mask_keys(text: str) -> str:
    """Return a message in which the environment's keys, and what begins and looks like one, are replaced."""
    return _ANYWHERE.sub(_HIDDEN, redacted(text, known_keys()))


def without_keys(reply: Reply, keys: Sequence[str]) -> Reply:
    """Return a reply in which each of the keys is replaced by ``[key]``: a server may echo what it was sent."""
    return replace(
        reply,
        text=redacted(reply.text, keys),
        reasoning=reply.reasoning and redacted(reply.reasoning, keys),
        finish_reason=reply.finish_reason and redacted(reply.finish_reason, keys),
        served_model=reply.served_model and redacted(reply.served_model, keys),
    )


def redacted(text: str, keys: Sequence[str]) -> str:
    """Return a text in which each of the keys is replaced by ``[key]``; what is too short for a key stays."""
    for key in keys:
        if len(key) >= _SHORTEST:
            text = text.replace(key, _HIDDEN)
    return text
