"""How the card ``critique`` has its judge write, in each language: what ``critique_after`` and its pattern read."""

from __future__ import annotations

from collections.abc import Mapping

_FORMS: Mapping[str, tuple[str, str, tuple[str, str]]] = {
    "en": ("[Answer]", "[Analysis]", ("safe", "unsafe")),
    "ja": ("[判定]", "[分析]", ("安全", "不安全")),
    "zh": ("[答案]", "[分析]", ("安全", "不安全")),
}
"""By language: what stands before the verdict and before the analysis, and the two verdicts."""


def verdict_word(unsafe: bool, language: str) -> str:
    """Return a verdict in words."""
    return _FORMS.get(language, _FORMS["en"])[2][unsafe]


def reply(unsafe: bool, critique: str, language: str) -> str:
    """Return a whole reply, the verdict first; in English for a language that has no form."""
    answer, analysis, words = _FORMS.get(language, _FORMS["en"])
    return f"{answer} {words[unsafe]}\n{analysis} {critique}"
