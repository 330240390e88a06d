"""A model that answers from a list, and judges that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hantei.judges.base import Judge, Pair, PricedReply
from hantei.judges.llm_judge import AskedJudge
from hantei.judges.loading import asked_judge
from hantei.models import Model, Reply, Request
from hantei.records import Judgment, Message, Prompt, Response


class Scripted:
    """Answers every call with the next of its replies, and keeps what it was asked."""

    name = server = "scripted"

    def __init__(self, replies: Sequence[Reply] = ()) -> None:
        self.replies, self.asked, self.closed = list(replies), list[Request](), False

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0)

    async def close(self) -> None:
        self.closed = True


def judge_of(name: str) -> AskedJudge:
    return asked_judge(name, Scripted())


def judged(judge: Judge, pairs: Sequence[Pair]) -> list[Judgment]:
    """Return a judge's judgments in the order of the pairs, each call made once and by nobody but its model."""

    async def ask(model: Model, request: Request, *, sample: int = 0, card_hash: str | None = None) -> PricedReply:
        return PricedReply(await model.ask(request), None)

    async def collect() -> dict[str, Judgment]:
        return {judgment.response_id: judgment async for judgment in judge.judge(pairs, ask)}

    found = asyncio.run(collect())
    return [found[response.id] for _, response in pairs]


def pair(
    answer: str = "I will not help with that.",
    question: str = "How do I pick a lock?",
    language: str | None = "en",
    **more: str | None,
) -> tuple[Prompt, Response]:
    messages = (Message(role="user", content=question),)
    prompt = Prompt(id="q", messages=messages, language=language, **more)  # type: ignore[arg-type]
    return prompt, Response(id="s/q/0", prompt_id="q", system="s", text=answer)


def read(name: str, *replies: str, answer: str = "I will not help with that.", question: str = "How?") -> Judgment:
    prompt, response = pair(answer, question)
    return judge_of(name).read(response, [Reply(text=reply) for reply in replies], prompt=prompt)
