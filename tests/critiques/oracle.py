"""A chat server that checks units by what it was told is true, for tests of what asks a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

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
            return ok("\n".join([*listed, *([""] if critique[-1] in blank else [])]))
        right = true(answer[-1], claim[-1]) if answer else claim[-1] in critique[-1].splitlines()
        return ok(say(right))

    return plan
