"""A judge under a short name of the user's: ``strict=rubric@openai/gpt-4o``."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from hantei.judges.around import JudgeAround
from hantei.judges.base import Ask, Judge, Pair, PricedReply
from hantei.records import Judgment

if TYPE_CHECKING:
    from hantei.models.base import Model, Request


def called(judge: Judge, name: str) -> Judge:
    """Return ``judge`` under another name; what that name stands for is part of its ``card_hash``."""
    digest = hashlib.sha256(f"{judge.card_hash}\0{judge.name}".encode()).hexdigest()
    return CalledJudge(name, digest, judge)


@dataclass(frozen=True, slots=True)
class CalledJudge(JudgeAround):
    """A judge whose judgments are of ``name``; its calls are cached as if it had its own."""

    name: str
    card_hash: str
    inner: Judge

    def outline(self) -> dict[str, Any]:
        """Return what the judge says of itself, and its full name."""
        return {**self.inner.outline(), "full_name": self.inner.name}

    async def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judge's judgments, under this name."""
        own = self.inner.card_hash

        def ask_as_itself(
            model: Model, request: Request, *, sample: int = 0, card_hash: str | None = None
        ) -> Coroutine[Any, Any, PricedReply]:
            return ask(model, request, sample=sample, card_hash=card_hash or own)

        async for judgment in self.inner.judge(pairs, ask_as_itself):
            yield replace(judgment, judge=self.name, card_hash=self.card_hash)
