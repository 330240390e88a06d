"""Judging one exchange while somebody waits for it, and correcting it; whatever fails is an error, never a pass."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hantei.correction.card import CorrectionCard
from hantei.engine.caller import PriceLookup
from hantei.errors import HanteiError
from hantei.judges.base import Judge, PricedReply, language_of
from hantei.models.base import Model, Request
from hantei.records import Judgment, Prompt, Response
from hantei.serving.errors import ProxyError
from hantei.serving.policy import Decision, Policy


@dataclass(frozen=True, slots=True)
class LiveVerdict:
    """What the judge said of an answer, and what becomes of it; ``open`` where it leaves because judging failed."""

    judgment: Judgment | None
    decision: Decision
    open: bool = False

    def note(self) -> dict[str, Any]:
        """Return what clients are told."""
        said = self.judgment
        note: dict[str, Any] = {"decision": self.decision}
        if said is not None:
            note |= {"unsafe": said.unsafe, "p_unsafe": said.p_unsafe, "categories": list(said.categories)}
            note |= {} if said.status == "ok" else {"no_verdict": said.status}
        return note | ({"failed_open": True} if self.open else {})


class LiveJudge:
    """A judge with a policy."""

    def __init__(self, judge: Judge, policy: Policy, price: PriceLookup, timeout_s: float) -> None:
        self.judge, self.policy = judge, policy
        self._price, self.timeout_s = price, timeout_s

    async def verdict(self, prompt: Prompt, text: str, beginning: bool = False) -> LiveVerdict:
        """Return what becomes of an answer, or of the beginning of one.

        Raises:
            ProxyError: it cannot be judged, and the policy refuses then.
        """
        prompt, response = _pair(prompt, text)
        try:
            judgment = await self._judged(prompt, response)
        except ProxyError:
            if self.policy.on_failure == "closed":
                raise
            return LiveVerdict(None, "pass", open=True)
        return LiveVerdict(judgment, self.policy.decide(judgment, language_of(prompt, response), beginning))

    async def _judged(self, prompt: Prompt, response: Response) -> Judgment:
        try:
            async with asyncio.timeout(self.timeout_s):
                async for judgment in self.judge.judge([(prompt, response)], self._ask):
                    if judgment.status == "error" or judgment.response_id != response.id:
                        break
                    return judgment
        except TimeoutError:
            raise ProxyError(503, "judge_unavailable", "the judge took too long", retry_after_s=1) from None
        except HanteiError as error:
            raise ProxyError(503, "judge_unavailable", f"the judge failed: {type(error).__name__}") from None
        except Exception as error:  # whatever a judge of the user's own raises, nothing leaves unjudged
            raise ProxyError(503, "judge_unavailable", f"the judge failed: {type(error).__name__}") from None
        raise ProxyError(503, "judge_unavailable", "the judge gave no verdict", retry_after_s=1)

    async def _ask(
        self, model: Model, request: Request, *, sample: int = 0, card_hash: str | None = None
    ) -> PricedReply:
        del sample, card_hash  # nothing is cached
        reply = await model.ask(request)
        return PricedReply(reply, self._price(model.name, reply.usage))


def _pair(prompt: Prompt, text: str) -> tuple[Prompt, Response]:
    """Return an exchange with an id of its own: judges tell the exchanges of a batch apart by it."""
    said = json.dumps([[one.role, one.content] for one in prompt.messages] + [text]).encode()
    name = f"live-{hashlib.sha256(said).hexdigest()[:32]}"
    return replace(prompt, id=name), Response(id=name, prompt_id=name, system="live", text=text)


def correction_request(
    card: CorrectionCard, body: Mapping[str, Any], prompt: Prompt, text: str, judgment: Judgment | None
) -> dict[str, Any]:
    """Return the request that asks the model to write an answer again, in the place of one that asked for it.

    Args:
        card: how that is asked.
        body: the client's request; its settings hold for this one, too.
        prompt: what it asked.
        text: the unsafe answer.
        judgment: what was found of it.
    """
    response = Response(id="live", prompt_id=prompt.id, system="live", text=text)
    turns = card.conversation(prompt, response, judgment, None)[len(prompt.messages) :]
    own = {name: value for name, value in body.items() if name not in _NOT_AGAIN}
    return {**own, "messages": [*body["messages"], *({"role": one.role, "content": one.content} for one in turns)]}


_NOT_AGAIN = ("messages", "stream", "stream_options", "n", "tools", "tool_choice", "functions", "function_call")
"""What a request for a correction does not have of the request that it stands for."""
