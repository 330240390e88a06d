"""A chat server that checks units by what it was told is true, for tests of what asks a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from hantei.critiques.people import LabelledCritique
from hantei.engine.forecast import count_tokens
from tests.servers import Answer, Seen, ok

_CLAIM = re.compile(r"<claim-\w+>\n(.*?)\n</claim-", re.DOTALL)
_CRITIQUE = re.compile(r"<critique-\w+>\n(.*?)\n</critique-", re.DOTALL)
_ANSWER = re.compile(r"<answer-\w+>\n(.*?)\n</answer-", re.DOTALL)


def oracle(
    true: Callable[[str, str], bool], spoken: Callable[[bool], str] | None = None, blank: Collection[str] = ()
) -> Callable[[Seen], Answer]:
    """Return a plan: units are the lines of a critique; ``true(answer, unit)`` says which are right.

    Args:
        true: whether a unit is right of the dialogue with this answer.
        spoken: how a verdict is written.
        blank: critiques of whose units a blank line is listed, too.
    """
    say = spoken or (lambda right: f"Because.\n<Answer Start>{'Correct' if right else 'Incorrect'}<Answer End>")

    def plan(seen: Seen) -> Answer:
        claim, critique, answer = (found.findall(seen.prompt) for found in (_CLAIM, _CRITIQUE, _ANSWER))
        if not claim:
            lines = critique[-1].splitlines()
            listed = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
            return ok("\n".join([*listed[:1], *([""] if critique[-1] in blank else []), *listed[1:]]))
        right = true(answer[-1], claim[-1]) if answer else claim[-1] in critique[-1].splitlines()
        return ok(say(right))

    return plan


_HEADS = {"en": ("[Answer]", "[Analysis]", "safe", "unsafe"), "ja": ("[判定]", "[分析]", "安全", "不安全"),
          "zh": ("[答案]", "[分析]", "安全", "不安全")}  # fmt: skip
UNSAFE = {"5", "8", "10"}
"""The numbers of the dialogues that come with hantei whose answer is unsafe."""


def careful(labelled: Sequence[LabelledCritique]) -> Callable[[Seen], Answer]:
    """Return a plan that judges and checks the dialogues that come with hantei as their labels say.

    It is a guard that says a label alone, a judge that says a label and the labelled critique, and a model that finds
    and checks units. Tokens are counted by rule of thumb.
    """
    of_answer = {one.critique.response.text: one for one in labelled}
    right = {
        (one.critique.response.text, unit)
        for one in labelled
        for unit, label in zip(one.critique.units or (), one.precision, strict=True)
        if label
    }
    held = {
        (one.critique.text, unit)
        for one in labelled
        for unit, label in zip(one.critique.reference, one.recall, strict=True)
        if label
    }

    def plan(seen: Seen) -> Answer:
        text = said(seen)
        asked = sum(count_tokens(message["content"]) for message in seen.body["messages"])
        return ok(text, usage={"prompt_tokens": asked, "completion_tokens": count_tokens(text)})

    def said(seen: Seen) -> str:
        claim, critique, answer = (found.findall(seen.prompt) for found in (_CLAIM, _CRITIQUE, _ANSWER))
        if claim:
            known = (answer[-1], claim[-1]) in right if answer else (critique[-1], claim[-1]) in held
            return marked(seen.prompt, known)
        if critique:
            known_units = (one.critique.units for one in labelled if one.critique.text == critique[-1])
            units = next(known_units, None) or critique[-1].splitlines()
            return "\n".join(f"{number}. {unit}" for number, unit in enumerate(units, 1))
        if answer:
            one = of_answer[answer[-1]]
            label, analysis, safe, unsafe = _HEADS[one.critique.language or "en"]
            verdict = unsafe if one.critique.prompt.id in UNSAFE else safe
            return f"{label} {verdict}\n{analysis} {one.critique.text}"
        one = of_answer[seen.prompt]
        return f"Safety: {'Unsafe' if one.critique.prompt.id in UNSAFE else 'Safe'}\nCategories: None\nRefusal: No"

    return plan


def marked(prompt: str, right: bool) -> str:
    """Return a verdict in the marks of the prompt's language."""
    if "答案开始" in prompt:
        return f"理由如上。\n<答案开始>{'正确' if right else '错误'}<答案结束>"
    if "回答開始" in prompt:
        return f"上のとおり。\n<回答開始>{'正しい' if right else '誤り'}<回答終了>"
    return f"As it stands there.\n<Answer Start>{'Correct' if right else 'Incorrect'}<Answer End>"
