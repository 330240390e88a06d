"""What a judge sees of a conversation, and in which order it writes verdict and critique: as its card has it.

For a judge that asks a model all of it follows from its templates and from how its replies are read, so that it cannot
say something else than what is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Order = Literal["label only", "label first", "critique first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """``order`` of verdict and critique, whether a ``reference`` is seen, and which ``turns``: in words for people."""

    order: str
    reference: str
    turns: str

    def outline(self) -> dict[str, str]:
        """Return it as ``run.json`` keeps it."""
        return {"order": self.order, "reference": self.reference, "turns": self.turns}


_ONE_TEXT = Seen(order="label only", reference="never", turns="all, as one text in which nobody is named")
_ANSWER_ALONE = Seen(order="label only", reference="never", turns="the last answer alone")
_OTHERS = {
    "builtin": _ONE_TEXT,
    "encoder": _ONE_TEXT,
    "gliguard": _ONE_TEXT,
    "opir": _ONE_TEXT,
    "cascade": Seen(order="as its two judges", reference="as its two judges", turns="as its two judges"),
}
_WHOLE = "all but the system's, tools' calls and results as such"
_LAST = "the last question and the last answer"


def seen(name: str, data: Mapping[str, Any], templates: Mapping[str, str]) -> Seen | None:
    """Return what the judge of a card sees, None where its card does not tell.

    Args:
        name: the card's name.
        data: the card.
        templates: the source of its templates by file name.
    """
    if "ask" not in data:
        return _ANSWER_ALONE if _reads_answers_alone(data) else _OTHERS.get(name)
    if data["prompt"].get("exact_url") and not name.endswith("-style"):  # the published prompt, from the user's file
        templates = {"published": " ".join(f"{{{{ {text} }}}}" for text in data["prompt"].get("exact", {}).values())}
    return Seen(order=order_of(data), reference=_reference(data, templates), turns=_turns(data, templates))


def _reads_answers_alone(data: Mapping[str, Any]) -> bool:
    """Whether a card is that of an encoder which was trained on answers without their questions."""
    encoder = data.get("encoder")
    return isinstance(encoder, Mapping) and encoder.get("text") == "answer"


def order_of(data: Mapping[str, Any]) -> Order:
    """Return in which order a judge that asks writes its verdict and its critique."""
    verdict, first = data.get("verdict", {}), data["ask"][0]
    if "critique_path" in verdict:
        path = verdict["critique_path"]
        key = path if isinstance(path, str) else path[0]
        properties = list(first.get("schema", {}).get("properties", [key]))
        return "critique first" if properties[0] == key else "label first"
    if "critique_after" not in verdict and not verdict.get("critique_rest"):
        return "label only"
    return "label first" if first["field"][0].get("binds") == "first line" else "critique first"


def _reference(data: Mapping[str, Any], templates: Mapping[str, str]) -> str:
    if not _reads("reference", data, templates):
        return "never"
    default = data.get("settings", {}).get("reference", {}).get("default", "true")
    return "where the prompt has one" if default == "true" else "with reference=true, where the prompt has one"


def _turns(data: Mapping[str, Any], templates: Mapping[str, str]) -> str:
    layout = data["prompt"].get("layout", "template")
    if layout == "answer":
        return "the last answer alone"
    return _WHOLE if layout.startswith("conversation") or _reads("conversation", data, templates) else _LAST


def _reads(text: str, data: Mapping[str, Any], templates: Mapping[str, str]) -> bool:
    """Whether any template of the card's layout holds a text of the pair."""
    used = templates.values() if "template" in data["prompt"].get("layout", "template") else ()
    return any(re.search(r"\{[{%][^{}]*\b" + text + r"\b", source) for source in used)
