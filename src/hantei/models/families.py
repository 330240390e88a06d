"""Which family of models a name belongs to: a judge is known to favour answers of its own family."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FAMILIES: dict[str, str] = {
    "GPT": r"gpt|openai/o\d|(?<![a-z])o[134](?:-mini|-preview|-pro)?(?![a-z0-9])|strongreject",
    "Claude": r"claude",
    "Gemini and Gemma": r"gemini|gemma",
    "Llama": r"llama|vicuna|alpaca(?!_)|swallow|elyza",
    "Qwen": r"qwen|qwq",
    "Mistral": r"mistral|mixtral|ministral|magistral|wildguard|harmbench",
    "DeepSeek": r"deepseek",
    "GLM": r"glm-?\d|chatglm",
    "InternLM": r"internlm|safety-j(?![a-z])",
    "LLM-jp": r"llm-jp(?!-judge)",
    "Granite": r"granite",
    "Phi": r"(?<![a-z])phi-?\d",
    "Command": r"command-[ra]|(?<![a-z])aya(?![a-z])",
    "Yi": r"(?<![a-z])yi-(?:\d|large|lightning)",
    "Baichuan": r"baichuan",
    "Grok": r"grok",
}
"""A family's name to what names of its models, and of judges tuned from them, hold."""


def families(names: Iterable[str]) -> frozenset[str]:
    """Return the families that names of models or judges speak of; none where a name says nothing."""
    text = "\n".join(names).lower()
    return frozenset(family for family, pattern in _FAMILIES.items() if re.search(pattern, text))
