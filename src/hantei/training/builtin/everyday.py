"""Everyday requests put together from a few words, and risky ones in the same sentences: prompts alone, no answers.

Real requests are short and much alike, and public files hold few kinds of them: without these, requests about accounts,
history or a pirate are taken for risky. As the same sentences ask for what is risky, no sentence gives the label away.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from hantei.training.builtin.row import TrainingRow

_FOLDER = Path(__file__).parent / "everyday"


def everyday() -> Iterator[TrainingRow]:
    """Yield the requests of all three languages; rows about the same thing are of one group."""
    for language in ("en", "ja", "zh"):
        for group in tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))["group"]:
            for sentence, thing in product(group["sentences"], group["things"]):
                yield _asked(language, sentence, thing, risky=False)
            for sentence, thing in product(group["sentences"], group.get("risky", ())):
                yield _asked(language, sentence, thing, risky=True)


def _asked(language: str, sentence: str, thing: str, *, risky: bool) -> TrainingRow:
    prompt = sentence.replace("{}", thing)
    return TrainingRow(source="everyday", language=language, prompt=prompt, response=None, intent=risky, asked=thing)
