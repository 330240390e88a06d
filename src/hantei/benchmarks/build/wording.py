"""What a model is asked when drafts are made, and how its replies are read: they are text of a stranger."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from hantei.judges.render import Template, compiled, defuse, fence, mark
from hantei.records import Message

DraftQuestion = Literal[
    "situations",
    "write",
    "more",
    "twin",
    "contrast",
    "variation",
    "translation",
    "adaptation",
    "reference",
    "risk",
]
LONGEST = 8000
"""Characters of a draft or a reference answer: a longer one is none that a person would type or read."""
_FOLDER = Path(__file__).parent / "prompts"
_RISK = re.compile(r"\[\[\s*(risky|borderline|benign)\s*\]\]", re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)\n\s*```", re.DOTALL)
_NUMBERED = re.compile(r"^\s*(?:\d{1,3}[.)．、]|[-*•])\s*(.+?)\s*$", re.MULTILINE)
_NAMES = {"en": "English", "ja": "Japanese", "zh": "Chinese (simplified)", "ko": "Korean", "de": "German"}
_FENCED = ("question", "passage")
_READ = 200_000
"""Characters of a reply that are looked at."""


def language_name(tag: str) -> str:
    """Return a language as a model is told it: its English name, else its tag."""
    return _NAMES.get(tag.partition("-")[0], tag)


def messages(question: DraftQuestion, values: Mapping[str, object]) -> tuple[Message, ...]:
    """Return what is asked; a ``question`` or ``passage`` among the values is fenced, since it is no word of ours."""
    texts = {name: defuse(str(values[name])) for name in _FENCED if values.get(name)}
    sign = mark([*texts.values()])
    fenced = {name: fence(name, text, sign) for name, text in texts.items()}
    return _template(question)({"area": None, "description": None, "passage": None, **values, **fenced})


@cache
def _template(question: str) -> Template:
    return compiled("draft", question, (_FOLDER / f"{question}.j2").read_text(encoding="utf-8"))


@cache
def wording(question: DraftQuestion) -> str:
    """Return the SHA-256 of what is asked, 12 digits; of a conversation, of all its turns."""
    names = ("situations", "write", "more") if question == "situations" else (question,)
    texts = b"\0".join((_FOLDER / f"{name}.j2").read_bytes() for name in names)
    return hashlib.sha256(texts).hexdigest()[:12]


def listed(reply: str) -> list[str]:
    """Return the texts in a reply: those of its JSON array, else its numbered lines; none where there are neither."""
    head = reply[:_READ]
    for text in (head, *(match[1] for match in _FENCE.finditer(head)), head[head.find("[") : head.rfind("]") + 1]):
        try:
            found = json.loads(text.strip(), strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, list):
            return [one.strip() for one in found if isinstance(one, str) and one.strip()]
    return [match[1] for match in _NUMBERED.finditer(head)]


def risk(reply: str) -> str | None:
    """Return what a reply calls a prompt, None where it says nothing or several things."""
    found = {match.lower() for match in _RISK.findall(reply[:_READ])}
    return found.pop() if len(found) == 1 else None
