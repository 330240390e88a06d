"""Rules that an answer must keep, as text, by region or product: what the judge's critique and the correction apply."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hantei import cards
from hantei.errors import InputError, UsageError
from hantei.records import Prompt


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. It holds for prompts of this ``region`` (ISO 3166) and ``product``; None is any of them."""

    text: str
    region: str | None = None
    product: str | None = None

    def holds_for(self, prompt: Prompt) -> bool:
        """Whether it does for a prompt, whose product stands in its column ``product``."""
        region = self.region is None or self.region.casefold() == (prompt.region or "").casefold()
        return region and self.product in (None, prompt.meta.get("product"))


class _RulesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a file."""

    rules: tuple[Rule, ...] = ()

    def text_for(self, prompt: Prompt) -> str | None:
        """Return the rules that hold for a prompt, one a line; None where none does."""
        return "\n".join(f"- {rule.text.strip()}" for rule in self.rules if rule.holds_for(prompt)) or None

    def applied(self, prompt: Prompt) -> Prompt:
        """Return a prompt with its rules among the ``criteria`` that judges read."""
        text = self.text_for(prompt)
        if text is None:
            return prompt
        return replace(prompt, criteria=f"{prompt.criteria}\n{text}" if prompt.criteria else text)


def read_rules(path: Path) -> Rules:
    """Return the rules of a file: TOML with ``[[rule]]`` tables or, with any other ending, text that holds for all.

    Raises:
        UsageError: the file cannot be read.
        InputError: it is no such TOML, or holds no rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--rules {path}: expected a file in UTF-8: {error}") from None
    if path.suffix != ".toml":
        if not text.strip():
            raise InputError(f"--rules {path}: the file is empty")
        return Rules((Rule(text=text),))
    what = f"--rules {path}"
    return Rules(cards.typed(cards.parse(text, what, InputError), _RulesFile, what, InputError).rule)
