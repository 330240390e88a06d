"""Critiques made for tests."""

from __future__ import annotations

from typing import Any

from hantei.critiques.critique import Critique
from hantei.records import Message, Prompt, Response


def critique(number: int, *reference: str, **changes: Any) -> Critique:
    """Return a critique of a dialogue of its own."""
    prompt = Prompt(id=str(number), messages=(Message(role="user", content=f"question {number}"),))
    response = Response(id=str(number), prompt_id=str(number), system="m", text=f"answer {number}")
    fields = {"language": "en", "judge": "j", "text": " ".join(reference), "reference": reference, **changes}
    return Critique(id=str(number), prompt=prompt, response=response, **fields)
