"""One request from end to end: judge the question, ask the model, judge the answer, do what the policy says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from hantei.correction.card import CorrectionCard
from hantei.judges.base import IntentReader, IntentReading
from hantei.records import Prompt
from hantei.serving.decisions import RequestRecord
from hantei.serving.errors import BadRequestError, ProxyError
from hantei.serving.exchange import ChatRequest, blocked, known_body, rewritten, text_of
from hantei.serving.live_judge import LiveJudge, LiveVerdict, correction_request
from hantei.serving.streaming import HeldStream
from hantei.serving.upstream import Upstream


@dataclass(frozen=True, slots=True)
class OpenStream:
    """The parts of a streamed reply, and the call that they come from, which ends when it is closed."""

    parts: AsyncIterator[Any]
    call: AsyncExitStack


class Proxy:
    """Answers chat requests with what may leave."""

    def __init__(self, upstream: Upstream, guard: LiveJudge, reader: IntentReader | None, card: CorrectionCard) -> None:
        self.upstream, self.guard, self.reader, self._card = upstream, guard, reader, card

    async def whole(self, request: ChatRequest, key: str | None, record: RequestRecord) -> dict[str, Any]:
        """Return the reply to a request, judged.

        Args:
            request: the client's.
            key: the client's own, for the model's server.
            record: learns what became of it.

        Raises:
            ProxyError: upstream failed, or the judge did.
        """
        if (kept_back := await self._asked(request, record)) is not None:
            return kept_back
        body = known_body(await self.upstream.chat(request.body, key))
        record.spent(body.get("usage"))
        body["choices"] = [await self._choice(one, request, key, record) for one in body["choices"]]
        record.decision = _gravest(record.verdicts)
        return body

    async def opened(
        self, request: ChatRequest, key: str | None, record: RequestRecord, stack: AsyncExitStack
    ) -> OpenStream | None:
        """Return a streamed reply, whose call is open; None where the question is kept back.

        Args:
            request: the client's.
            key: the client's own, for the model's server.
            record: learns what became of it.
            stack: holds the call, which ends with it.

        Raises:
            ProxyError: upstream failed, or the judge did.
        """
        if await self._asked(request, record) is not None:
            return None
        call = await stack.enter_async_context(AsyncExitStack())
        return OpenStream(await call.enter_async_context(self.upstream.stream(request.body, key)), call)

    async def parts(
        self, request: ChatRequest, key: str | None, record: RequestRecord, stream: OpenStream | None
    ) -> AsyncIterator[Any]:
        """Yield what may leave of a streamed reply.

        Args:
            request: the client's.
            key: the client's own, for the model's server.
            record: learns what became of it.
            stream: as ``opened`` gave it.

        Raises:
            ProxyError: upstream failed, or the judge did.
        """
        if stream is None:
            refusal = self.guard.policy.refusal(request.language)
            for part in _as_parts(request, refusal, "content_filter", {"decision": "block"}):
                yield part
            return
        held = HeldStream(self.guard, request.prompt)
        try:
            async for part in held.parts(stream.parts):
                yield part
        finally:
            await stream.call.aclose()  # upstream need not write on what nobody will read
            record.texts, record.verdicts = list(held.texts.values()), list(held.verdicts.values())
            record.judged, record.judge_s = held.judged, held.judge_s
            record.spent(held.usage)
        record.decision = held.decision
        async for part in self._ending(held, request, key, record):
            yield part

    async def _ending(
        self, held: HeldStream, request: ChatRequest, key: str | None, record: RequestRecord
    ) -> AsyncIterator[Any]:
        """Yield what comes after what was let through: why it stopped, or what was found."""
        if held.stopped is None:
            notes = {
                index: verdict
                for index, verdict in held.verdicts.items()
                if verdict.decision == "annotate" or verdict.open
            }
            for index, verdict in notes.items():
                yield _part(request, index, {}, None, verdict.note())
            return
        verdict = held.verdicts[held.stopped]
        text, note = None, {**verdict.note(), "decision": "block"}
        if verdict.decision == "correct" and not held.released and len(held.texts) == 1:
            text = await self._corrected(held.texts[held.stopped], verdict, request, key, record)
        if text is not None:
            record.decision = "correct"
            for part in _as_parts(request, text, "stop", {**note, "decision": "correct"}):
                yield part
        elif held.released:
            for index in held.texts:
                yield _part(request, index, {}, "content_filter", note)
        else:
            refusal = self.guard.policy.refusal(request.language)
            for part in _as_parts(request, refusal, "content_filter", note):
                yield part

    async def _asked(self, request: ChatRequest, record: RequestRecord) -> dict[str, Any] | None:
        """Judge the question; return the reply where it is kept back."""
        policy = self.guard.policy
        if policy.input.action == "pass":
            return None
        reading = (await self.read([request.prompt]))[0]
        if reading.asks_for_harm < policy.input.threshold:
            return None
        if policy.input.action == "annotate":
            record.asks_for_harm = reading.asks_for_harm
            return None
        record.decision, record.asks_for_harm = "block", reading.asks_for_harm
        choice = blocked({}, policy.refusal(request.language))
        choice["hantei"] = {"decision": "block", "asks_for_harm": reading.asks_for_harm}
        return {**_head(request, "chat.completion"), "choices": [choice], "usage": None}

    async def read(self, prompts: list[Prompt]) -> list[IntentReading]:
        """Return what prompts ask for.

        Raises:
            BadRequestError: the judge reads no prompts alone.
            ProxyError: it failed.
        """
        if self.reader is None:
            name = self.guard.judge.name
            raise BadRequestError(f"judge {name} cannot judge a text as a prompt: builtin can (it has an intent head)")
        try:
            async with asyncio.timeout(self.guard.timeout_s):
                return await asyncio.to_thread(self.reader.read_prompts, prompts)
        except TimeoutError:
            raise ProxyError(503, "judge_unavailable", "the judge took too long", retry_after_s=1) from None
        except Exception as error:  # whatever a judge of the user's own raises, nothing passes unjudged
            raise ProxyError(503, "judge_unavailable", f"the judge failed: {type(error).__name__}") from None

    async def _choice(
        self, choice: dict[str, Any], request: ChatRequest, key: str | None, record: RequestRecord
    ) -> dict[str, Any]:
        text = text_of(choice["message"])
        if not text.strip():
            return choice  # calls of tools, or nothing
        verdict = await self._verdict(request.prompt, text, record)
        record.texts = (*record.texts, text)
        if verdict.decision == "correct":
            better = await self._corrected(text, verdict, request, key, record)
            if better is not None:
                return {**rewritten(choice, better), "hantei": verdict.note()}
            record.verdicts[-1] = verdict = LiveVerdict(verdict.judgment, "block")
        if verdict.decision == "block":
            choice = blocked(choice, self.guard.policy.refusal(request.language))
        return {**choice, "hantei": verdict.note()}

    async def _verdict(self, prompt: Prompt, text: str, record: RequestRecord) -> LiveVerdict:
        started = time.perf_counter()
        try:
            verdict = await self.guard.verdict(prompt, text)
        finally:
            record.judge_s += time.perf_counter() - started
            record.judged += 1
        record.verdicts.append(verdict)
        return verdict

    async def _corrected(
        self, text: str, verdict: LiveVerdict, request: ChatRequest, key: str | None, record: RequestRecord
    ) -> str | None:
        """Return a safe answer in the place of an unsafe one, None where the model gives none."""
        judgment = verdict.judgment
        for _ in range(self.guard.policy.rounds):
            again = correction_request(self._card, request.body, request.prompt, text, judgment)
            record.corrections += 1
            body = known_body(await self.upstream.chat(again, key))
            record.spent(body.get("usage"))
            text = text_of(body["choices"][0]["message"])
            if not text.strip():
                return None
            started = time.perf_counter()
            found = await self.guard.verdict(request.prompt, text)
            record.judge_s += time.perf_counter() - started
            if found.decision in ("pass", "annotate") and not found.open:  # it stands for one that is unsafe
                return text
            judgment = found.judgment
        return None


def _gravest(verdicts: list[LiveVerdict]) -> str:
    order = ("block", "correct", "annotate")
    return next((one for one in order if any(verdict.decision == one for verdict in verdicts)), "pass")


def _head(request: ChatRequest, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-hantei", "object": kind, "created": int(time.time()), "model": request.body.get("model")}


def _part(
    request: ChatRequest, index: int, delta: dict[str, Any], finish: str | None, note: dict[str, Any]
) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None, "hantei": note}
    return {**_head(request, "chat.completion.chunk"), "choices": [choice]}


def _as_parts(request: ChatRequest, text: str, finish: str, note: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a whole answer as parts of a stream."""
    said = _part(request, 0, {"role": "assistant", "content": text}, None, note)
    return [said, _part(request, 0, {}, finish, note)]
