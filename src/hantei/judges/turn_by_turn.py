"""A judge that is shown a conversation in another way: ``JUDGE?turn=each`` or ``JUDGE?turn=alone``.

Every judge takes this setting. ``last``, the default: the final answer in the context of all turns before it. ``each``:
every answer of the assistant's, in the context of what came before it, so that a report can say at which turn safety
broke. ``alone``: the final answer with the user's turn before it and nothing else, which tells what the context adds.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from msgspec.structs import replace

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.judges.around import JudgeAround
from hantei.judges.base import TURN, Ask, Judge, Pair, split_setting, with_setting
from hantei.records import Judgment, Message, Prompt, Response

if TYPE_CHECKING:
    from hantei.models.base import Model, Request

Turns = Literal["last", "each", "alone"]
_SHOWN = {
    "each": "judged every answer of a conversation, each in the context of the turns before it",
    "alone": "was shown the last question and the last answer alone, without the turns before them",
}


def with_turn(name: str, turn: str) -> str:
    """Return a judge's name with the setting ``turn``; ``last`` is what every judge does without it.

    Raises:
        UsageError: there is no such setting, or the name has another one.
    """
    _checked(turn, f"--turn {turn}")
    given = split_setting(name, TURN)[1]
    if turn == "last" or given == turn:
        return name
    if given is not None:
        raise UsageError(f"--turn {turn}: --judge {name} says turn={given}; leave one of them out")
    return with_setting(name, TURN, turn)


def turn_by_turn(judge: Judge, name: str, turn: str) -> Judge:
    """Return ``judge`` under ``name``, shown conversations as ``turn`` says.

    Raises:
        UsageError: there is no such way.
    """
    turns = _checked(turn, f"--judge {name}")
    digest = hashlib.sha256(f"{judge.card_hash}\0{TURN}={turns}".encode()).hexdigest()
    return TurnJudge(name, digest, judge, turns)


def _checked(turn: str, where: str) -> Turns:
    for known in get_args(Turns):
        if turn == known:
            return known  # type: ignore[no-any-return]
    ways = get_args(Turns)
    raise UsageError(f"{where}: expected turn={' or '.join(ways)}, got '{turn}'{did_you_mean(turn, ways)}")


def answers_of(prompt: Prompt, response: Response) -> list[Pair]:
    """Return a pair for each answer of the assistant's in a conversation, the response itself last.

    An answer may be a call of a tool. The reference and the criteria are the last answer's.
    """
    places = [at for at, turn in enumerate(prompt.messages) if turn.role == "assistant" and _asked(prompt, at)]
    return [*(_earlier(prompt, response, at, number) for number, at in enumerate(places)), (prompt, response)]


def alone(prompt: Prompt, response: Response) -> Pair:
    """Return the last question and the last answer without the turns before and between them."""
    asked = next((turn for turn in reversed(prompt.messages) if turn.role == "user"), prompt.messages[-1])
    return replace(prompt, messages=(asked,)), response


def _asked(prompt: Prompt, at: int) -> bool:
    return any(turn.role == "user" for turn in prompt.messages[:at])


def _earlier(prompt: Prompt, response: Response, at: int, number: int) -> Pair:
    before: tuple[Message, ...] = prompt.messages[:at]
    return (
        replace(prompt, messages=before, reference=None, criteria=None),
        Response(
            id=f"{response.id}\0{number}",
            prompt_id=response.prompt_id,
            system=response.system,
            text=prompt.messages[at].shown,
        ),
    )


@dataclass(frozen=True, slots=True)
class TurnJudge(JudgeAround):
    """A judge that is shown every answer of a conversation, or the last one without the rest."""

    name: str
    card_hash: str
    inner: Judge
    turns: Turns

    def outline(self) -> dict[str, Any]:
        """Return what the judge says of itself, and what it was shown."""
        about = self.inner.outline()
        shown = _SHOWN.get(self.turns)
        return {**about, "notices": [*about.get("notices", ()), f"{self.name} {shown}"]} if shown else about

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        """Return what the judge asks about all that it is shown of a conversation."""
        return [call for pair in self._shown(prompt, response) for call in self.inner.requests(*pair)]

    async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judgments of a conversation together, once its last one is there."""
        shown = {response.id: self._shown(prompt, response) for prompt, response in pairs}
        of = {part.id: whole for whole, parts in shown.items() for _, part in parts}
        said: defaultdict[str, dict[str, Judgment]] = defaultdict(dict)
        async for judgment in self.inner.judge([pair for parts in shown.values() for pair in parts], ask):
            whole = of[judgment.response_id]
            said[whole][judgment.response_id] = judgment
            if len(said[whole]) == len(shown[whole]):
                for one in self._named(whole, [said[whole][part.id] for _, part in shown[whole]]):
                    yield one

    def _shown(self, prompt: Prompt, response: Response) -> list[Pair]:
        if self.turns == "each":
            return answers_of(prompt, response)
        return [alone(prompt, response) if self.turns == "alone" else (prompt, response)]

    def _named(self, whole: str, judgments: Sequence[Judgment]) -> list[Judgment]:
        """Return the judgments of a conversation's answers as this judge's, the last one without a turn's number.

        Where asking again may mend one, that stands for all: the conversation is judged again as a whole.
        """
        lost = next((one for one in judgments if one.status == "error" and one.fault != "model"), None)
        if lost is not None:
            judgments = [lost]
        last = len(judgments) - 1
        return [
            replace(
                one,
                response_id=whole,
                judge=self.name,
                card_hash=self.card_hash,
                turn=None if number == last else number,
            )
            for number, one in enumerate(judgments)
        ]
