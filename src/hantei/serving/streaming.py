"""A stream of which a window is held back: what leaves was judged, with all that came before it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from hantei.records import Prompt
from hantei.serving.errors import UpstreamError
from hantei.serving.exchange import known_chunk, text_of, texts_of
from hantei.serving.live_judge import LiveJudge, LiveVerdict
from hantei.serving.policy import Decision

MAX_TEXT = 4 * 2**20
"""Characters of a stream that are kept to be judged at most."""
MAX_HELD = 32 * 2**20
"""Characters of parts that wait for a verdict at most, calls of tools and all."""


class HeldStream:
    """Judges a stream window by window and says which parts may leave.

    ``verdicts`` holds the last one on each choice (``open`` where any window left because judging failed), ``stopped``
    the choice that was unsafe; ``released`` says whether any text has left, ``judged`` and ``judge_s`` how often and
    how long the judge was at it.
    """

    def __init__(self, guard: LiveJudge, prompt: Prompt) -> None:
        self._guard, self._prompt = guard, prompt
        self._fields: dict[int, dict[str, str]] = defaultdict(dict)
        self.verdicts: dict[int, LiveVerdict] = {}
        self.stopped: int | None = None
        self.released = False
        self.judged, self.judge_s = 0, 0.0
        self.usage: Any = None
        self._held: list[dict[str, Any]] = []
        self._new = self._length = self._size = 0
        self._changed: set[int] = set()

    @property
    def texts(self) -> dict[int, str]:
        """What came so far by choice."""
        return {index: text_of(fields) for index, fields in self._fields.items()}

    async def parts(self, chunks: AsyncIterator[Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield the parts that may leave, as they may; ends early, with ``stopped``, at the first unsafe window.

        Raises:
            ProxyError: upstream failed, or the judge did.
        """
        async for chunk in chunks:
            self._take(known_chunk(chunk))
            if self._new >= self._guard.policy.window:
                if not await self._judge(beginning=True):
                    continue
                if self.stopped is not None:
                    return
                for part in self._release():
                    yield part
        self._changed = set(self._fields)  # what was judged as a beginning is now judged as a whole
        await self._judge(beginning=False)
        if self.stopped is None:
            for part in self._release():
                yield part

    def _take(self, chunk: dict[str, Any]) -> None:
        self.usage = chunk.get("usage") or self.usage
        for choice in chunk["choices"]:
            for name, text in texts_of(choice["delta"]).items():
                self._add(_index(choice), name, text)
        self._held.append(chunk)
        self._size += len(repr(chunk))
        if self._length > MAX_TEXT or self._size > MAX_HELD:
            raise UpstreamError("the model's server sent a stream that is too long")

    def _add(self, index: int, name: str, text: str) -> None:
        fields = self._fields[
            index
        ]  # kept apart, as in a whole answer: turn by turn they would hide each other's words
        fields[name] = fields.get(name, "") + text
        self._changed.add(index)
        self._new, self._length = self._new + len(text), self._length + len(text)

    async def _judge(self, beginning: bool) -> bool:
        """Judge what came; return whether it may leave or is stopped, False where that shows only later."""
        for index in sorted(self._changed):
            text = text_of(self._fields[index])
            if not text.strip():
                continue  # calls of tools, or nothing
            verdict = await self._verdict(index, text, beginning)
            unsure = verdict.judgment is not None and verdict.judgment.unsafe is None
            if beginning and unsure and verdict.decision == "block":
                self._new = 0
                return False
            if verdict.decision in ("block", "correct"):
                self.stopped = index
                return True
        self._changed, self._new = set(), 0
        return True

    async def _verdict(self, index: int, text: str, beginning: bool) -> LiveVerdict:
        started = time.perf_counter()
        verdict = await self._guard.verdict(self._prompt, text, beginning)
        self.judged, self.judge_s = self.judged + 1, self.judge_s + time.perf_counter() - started
        if index in self.verdicts and self.verdicts[index].open:
            verdict = replace(verdict, open=True)
        self.verdicts[index] = verdict
        return verdict

    def _release(self) -> list[dict[str, Any]]:
        held, self._held, self._size = self._held, [], 0
        self.released = self.released or any(text_of(one["delta"]) for part in held for one in part["choices"])
        return held

    @property
    def decision(self) -> Decision:
        """What became of the stream as a whole."""
        decisions = [verdict.decision for verdict in self.verdicts.values()]
        if self.stopped is not None:
            return "block"
        return "annotate" if "annotate" in decisions else "pass"


def _index(choice: dict[str, Any]) -> int:
    index = choice.get("index") or 0
    if type(index) is not int:
        raise UpstreamError("the model's server sent a choice whose index is no number")
    return index
