"""Judges by name. A judge takes (prompt, response) pairs and gives one judgment each; people are judges too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hantei.judges.base import Judge
from hantei.judges.card import JudgeCard, card_names, load_card
from hantei.judges.named import load_judge

if TYPE_CHECKING:
    from hantei.judges.llm_judge import AskedJudge
    from hantei.judges.loading import asked_judge
    from hantei.judges.previews import preview

__all__ = ["AskedJudge", "Judge", "JudgeCard", "asked_judge", "card_names", "load_card", "load_judge", "preview"]

_LATER = {"AskedJudge": "asked", "asked_judge": "loading", "preview": "previews"}
"""What is imported when it is first used, so that the built-in judge needs none of it."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"hantei.judges.{_LATER[name]}"), name)
