"""What becomes of an unsafe exchange: a card (TOML) that says it by harm type and language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hantei import cards
from hantei.errors import UsageError
from hantei.language import primary
from hantei.records import Judgment

UnsafeAction = Literal["correct", "block", "annotate"]
"""What is done with an unsafe answer: written again, kept back, or let through with what the judge said."""
Decision = Literal["pass", "annotate", "correct", "block"]
Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class PolicyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done with unsafe answers of a harm type (a taxonomy id or its beginning) and a language (BCP 47)."""

    action: UnsafeAction
    harm: str | None = None
    language: str | None = None

    def fits(self, categories: Sequence[str], language: str | None) -> bool:
        """Whether it is about an answer with these categories, in this language."""
        harm = self.harm is None or any(one == self.harm or one.startswith(f"{self.harm}/") for one in categories)
        return harm and self.language in (None, primary(language))


class InputPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done with prompts that ask for harm with at least this ``threshold`` of a chance."""

    action: Literal["pass", "annotate", "block"] = "pass"
    threshold: Chance = 0.9


_MESSAGES = {
    "en": "I'm sorry, but I can't help with that.",
    "ja": "申し訳ありませんが、そのご要望にはお応えできません。",
    "zh": "抱歉，我无法协助处理这个请求。",
}


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy file.

    ``action`` is done with unsafe answers that no ``rule`` is about; the first rule that fits counts. ``threshold`` is
    the chance from which an answer is unsafe, None for the judge's own verdict; ``stream_threshold`` the same of a
    beginning, which is no whole answer. ``window`` is how many characters of a stream are held back. ``no_verdict``
    is what becomes of an answer that the judge does not judge (a language that it abstains from, say), ``on_failure``
    whether an exchange that cannot be judged is refused (``closed``) or let through (``open``). ``rounds`` is how often
    an answer is corrected at most, ``message`` what a blocked answer says, by language.
    """

    action: UnsafeAction = "block"
    threshold: Chance | None = None
    stream_threshold: Chance = 0.8
    window: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 240
    no_verdict: Literal["block", "pass"] = "block"
    on_failure: Literal["closed", "open"] = "closed"
    rounds: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    input: InputPolicy = InputPolicy()
    message: dict[str, str] = {}
    rule: tuple[PolicyRule, ...] = ()

    def decide(self, judgment: Judgment, language: str | None, beginning: bool = False) -> Decision:
        """Return what becomes of an answer, or of the ``beginning`` of one."""
        unsafe = self._unsafe(judgment, beginning)
        if unsafe is None:
            return "block" if self.no_verdict == "block" else "annotate"
        if not unsafe:
            return "pass"
        fitting = (rule.action for rule in self.rule if rule.fits(judgment.categories, language))
        return next(fitting, self.action)

    def refusal(self, language: str | None) -> str:
        """Return what a blocked answer says."""
        said = {**_MESSAGES, **self.message}
        return said.get(primary(language) or "en", said["en"])

    @property
    def corrects(self) -> bool:
        """Whether any answer may be corrected."""
        return "correct" in (self.action, *(rule.action for rule in self.rule))

    def _unsafe(self, judgment: Judgment, beginning: bool) -> bool | None:
        limit = self.stream_threshold if beginning else self.threshold
        if judgment.unsafe is None or limit is None or judgment.p_unsafe is None:
            return judgment.unsafe
        return not judgment.p_unsafe < limit  # what is no number is no pass


def read_policy(path: Path | None, correct: bool = False) -> Policy:
    """Return the policy of a file, or the one without a file: block, or ``correct``.

    Raises:
        UsageError: the file cannot be read, or both a file and ``correct`` are given.
        CardError: it is no policy.
    """
    if path is None:
        return Policy(action="correct" if correct else "block")
    if correct:
        raise UsageError("--correct: the policy file says what is corrected; leave one of the two out")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--policy {path}: expected a file in UTF-8: {error}") from None
    what = f"policy {path}"
    return cards.typed(cards.parse(text, what), Policy, what)
