"""How a model is asked to write an answer again: a folder with ``card.toml`` and a template a language.

A template sees ``critique`` (what the judge wrote, fenced), ``harm`` (the kind of harm), ``rules`` and ``mark``; each
is None where there is none. Without ``critique`` and ``harm`` it asks again without saying what was wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hantei import cards, taxonomy
from hantei.errors import CardError, UsageError
from hantei.judges.base import language_of
from hantei.judges.render import Template, compiled, defuse, fence, mark
from hantei.records import Judgment, Message, Prompt, Response
from hantei.turns import with_earlier_answers

DEFAULT = Path(__file__).parent / "cards" / "default"
_LONGEST_HARM = 200
"""Characters of a category's name that are shown to the model."""


class CorrectionCardFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``card.toml`` may hold; ``refusal`` is what the baseline that refuses answers, by language."""

    name: str
    version: str
    description: str
    refusal: dict[str, str]


@dataclass(frozen=True, slots=True)
class CorrectionCard:
    """What is sent to have an answer written again; ``hash`` is the SHA-256 of the card and its templates."""

    file: CorrectionCardFile
    templates: Mapping[str, Template]
    hash: str

    def conversation(
        self, prompt: Prompt, response: Response, judgment: Judgment | None, rules: str | None
    ) -> tuple[Message, ...]:
        """Return the turns to send: the conversation, the answer, and the request to write it again.

        Args:
            prompt: what was asked.
            response: the answer that is to be written again.
            judgment: what was found of it; None to ask again without saying what was wrong.
            rules: that hold for the answer, None where there are none.
        """
        answer = Message(role="assistant", content=response.text)
        language = language_of(prompt, response) or "en"
        critique = defuse(judgment.critique) if judgment and judgment.critique else None
        sign = mark([critique or ""])
        values = {
            "critique": fence("review", critique, sign) if critique else None,
            "harm": _harm(judgment, language) if judgment else None,
            "rules": rules,
            "mark": sign,
        }
        template = self.templates.get(language) or self.templates["en"]
        return (*with_earlier_answers(prompt, response).messages, answer, *template(values))

    def refusal(self, prompt: Prompt, response: Response) -> str:
        """Return what refuses to answer a prompt, in its language, else in English."""
        return self.file.refusal.get(language_of(prompt, response) or "en", self.file.refusal["en"])


def load_correction_card(folder: Path | None = None) -> CorrectionCard:
    """Return the card in a folder, by default the one that comes with hantei.

    Raises:
        UsageError: there is no card in the folder.
        CardError: the card or a template is broken, or it has no English.
    """
    folder = folder or DEFAULT
    if not (folder / "card.toml").is_file():
        raise UsageError(f"--template {folder}: expected a folder with card.toml and templates such as en.j2")
    texts = {file.name: file.read_text(encoding="utf-8") for file in (folder / "card.toml", *folder.glob("*.j2"))}
    what = f"correction card {folder.name}"
    file = cards.typed(cards.parse(texts["card.toml"], what), CorrectionCardFile, what)
    if "en" not in file.refusal or "en.j2" not in texts:
        raise CardError(f"{what}: expected a refusal and a template in English (en.j2), which stand in for others")
    templates = {
        name.removesuffix(".j2"): compiled(folder.name, name.removesuffix(".j2"), text)
        for name, text in texts.items()
        if name.endswith(".j2")
    }
    for template in templates.values():
        template(dict.fromkeys(("critique", "harm", "rules", "mark"), ""))  # a name that it is not given shows now
    digest = hashlib.sha256("\0".join(part for item in sorted(texts.items()) for part in item).encode())
    return CorrectionCard(file, templates, digest.hexdigest())


def _harm(judgment: Judgment, language: str) -> str | None:
    """Return the kinds of harm that a judge names, by their titles; None where it names none."""
    titles = [taxonomy.title(one, language) if "/" in one else one for one in judgment.categories]
    return defuse(", ".join(titles))[:_LONGEST_HARM].replace("\n", " ") or None
