"""Critiques that a model writes, given the label that people gave: what judges that write critiques are trained on.

The label is in the prompt, as in SAFETY-J (arXiv 2407.17075), with one example. A critique that comes with another
verdict, or whose words deny the label, is left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hantei.judges.llm_judge import AskedJudge
from hantei.judges.render import Template, compiled, variables
from hantei.judges.reply_form import reply, verdict_word
from hantei.language import detect, primary
from hantei.models.base import Reply
from hantei.records import Message, Prompt, Response
from hantei.stance import contradicts

Fate = Literal["written", "not read", "other verdict", "denies the label", "call failed"]
TONGUES = ("en", "ja", "zh")
_FOLDER = Path(__file__).parent / "writing_prompts"


class CritiqueRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dialogue with its label and a critique that fits it: a row that training reads."""

    id: str
    language: str
    messages: tuple[Message, ...]
    response: str
    unsafe: bool
    critique: str
    critic: str


def tongue_of(prompt: Prompt, response: Response) -> str:
    """Return in which language a critique of an answer is written: that of the dialogue, else English."""
    known = primary(prompt.language) or detect(prompt.text) or detect(response.text) or "en"
    return known if known in TONGUES else "en"


def request(prompt: Prompt, response: Response, unsafe: bool) -> tuple[Message, ...]:
    """Return what a model is asked."""
    tongue = tongue_of(prompt, response)
    example = _examples()[tongue]["unsafe" if unsafe else "safe"]
    shown = {**example, "review": reply(unsafe, example["critique"], tongue)}
    seen = variables(prompt, response, {}, ("reference", "criteria"))
    return _template(tongue)({**seen, "label": verdict_word(unsafe, tongue), "example": shown})


def read(
    judge: AskedJudge, prompt: Prompt, response: Response, unsafe: bool, answer: Reply | None
) -> tuple[Fate, str | None]:
    """Return what becomes of a reply, and the critique that it holds.

    Args:
        judge: the card ``critique`` of the model, which reads replies.
        prompt: the dialogue up to the answer.
        response: the answer.
        unsafe: its label.
        answer: what the model wrote, None where the call failed for good.
    """
    if answer is None:
        return "call failed", None
    judgment = judge.read(response, [answer], prompt=prompt)
    if judgment.unsafe is None or not judgment.critique:
        return "not read", judgment.critique
    if judgment.unsafe != unsafe:
        return "other verdict", judgment.critique
    if contradicts(judgment.critique, unsafe, tongue_of(prompt, response)):
        return "denies the label", judgment.critique
    return "written", judgment.critique


@cache
def _template(tongue: str) -> Template:
    return compiled("critiques write", tongue, (_FOLDER / f"{tongue}.j2").read_text(encoding="utf-8"))


@cache
def _examples() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads((_FOLDER / "examples.toml").read_text(encoding="utf-8"))
