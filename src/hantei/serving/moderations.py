"""``/v1/moderations`` in OpenAI's form: a text is judged as a prompt, by a judge that can read one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hantei.judges.base import IntentReading
from hantei.language import detect
from hantei.records import Message, Prompt
from hantei.serving.errors import BadRequestError

MAX_INPUTS = 512

OPENAI_CATEGORIES: dict[str, tuple[str, ...]] = {
    "harassment": ("discrimination-toxicity/toxic-language",),
    "harassment/threatening": (),
    "hate": ("discrimination-toxicity/stereotypes-discrimination",),
    "hate/threatening": (),
    "illicit": ("malicious-uses/illegal-activities", "malicious-uses/unethical-unsafe"),
    "illicit/violent": (),
    "self-harm": ("human-chatbot/mental-health",),
    "self-harm/intent": (),
    "self-harm/instructions": (),
    "sexual": ("discrimination-toxicity/adult-content",),
    "sexual/minors": (),
    "violence": (),
    "violence/graphic": (),
}
"""OpenAI's categories, and the harm types that mean about the same; where there is none the score is 0."""


def read_inputs(body: Any) -> list[Prompt]:
    """Return the texts of a request as prompts.

    Raises:
        BadRequestError: it is no such request.
    """
    given: Any = body.get("input") if isinstance(body, dict) else None
    items: list[Any] = given if isinstance(given, list) else [given]
    if items and all(isinstance(one, dict) for one in items):  # parts, which are one input together
        if any(one.get("type") != "text" or not isinstance(one.get("text"), str) for one in items):
            raise BadRequestError("input: only parts of type text can be judged")
        items = ["\n".join(one["text"] for one in items)]
    if not items or len(items) > MAX_INPUTS or not all(isinstance(one, str) for one in items):
        raise BadRequestError(f"input: expected text, or a list of at most {MAX_INPUTS} texts")
    return [
        Prompt(id=str(number), messages=(Message(role="user", content=text),), language=detect(text))
        for number, text in enumerate(items)
    ]


def moderation(readings: list[IntentReading], judge: str, threshold: float) -> dict[str, Any]:
    """Return the reply: ``flagged`` from ``threshold`` on, scores that add up to the chance of harm.

    Args:
        readings: what the judge reads in the texts.
        judge: its name.
        threshold: the chance from which a text is flagged.
    """
    return {
        "id": f"modr-{uuid4().hex}",
        "model": f"hantei/{judge}",
        "results": [_result(one, threshold) for one in readings],
    }


def _result(reading: IntentReading, threshold: float) -> dict[str, Any]:
    flagged = reading.asks_for_harm >= threshold
    harms = {harm: round(reading.asks_for_harm * share, 4) for harm, share in reading.harms.items()}
    top = max(harms, key=lambda harm: harms[harm])
    scores = {
        name: round(sum(harms[f"do-not-answer/{one}"] for one in types), 4) for name, types in OPENAI_CATEGORIES.items()
    } | harms
    named = {name for name, types in OPENAI_CATEGORIES.items() if top.removeprefix("do-not-answer/") in types} | {top}
    return {
        "flagged": flagged,
        "categories": {name: flagged and name in named for name in scores},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in scores},
    }
