"""Models run in this process with transformers: requests that wait at the same time are answered as one batch.

One worker thread reads the weights at the first request and generates; the event loop stays free. The chat template of
the model writes the prompt. A model without one gets the texts of the messages, separated by an empty line, which is
what a prompt written out in full needs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from time import perf_counter

from hantei.errors import UsageError
from hantei.models.base import CallError, Reply, Request
from hantei.models.extras import needed
from hantei.models.hf_batch import Generation, LoadedWeights, LoadOptions, load_weights
from hantei.models.names import ModelName
from hantei.models.sampling import Defaults
from hantei.reasoning import split_reasoning

BATCH_SIZE = 8
_WAIT_S = 0.02
"""How long a batch that is not full waits for one more request."""


@dataclass(slots=True, eq=False)
class _WaitingRequest:
    """One request and where its reply goes."""

    request: Request
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Generation]

    def settle(self, result: Generation | BaseException) -> None:
        """Hand the result to the event loop that waits for it, if it still does."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._set, result)

    def _set(self, result: Generation | BaseException) -> None:
        if self.future.done():
            return
        if isinstance(result, Generation):
            self.future.set_result(result)
        else:
            self.future.set_exception(result)


class HfModel:
    """A model of transformers in this process; see ``load_hf``."""

    def __init__(self, name: ModelName, defaults: Defaults, loading: LoadOptions, batch_size: int) -> None:
        self.name, self.server = name.text, f"hf/{name.name}"
        self._defaults, self._loading, self._batch_size = defaults, loading, batch_size
        # SimpleQueue.get was seen to wait for ever where its short timeout had run out on a busy machine.
        self._queue: Queue[_WaitingRequest | None] = Queue()
        self._closing = threading.Event()
        self._worker: threading.Thread | None = None
        self.refused: set[str] = set()

    async def ask(self, request: Request) -> Reply:
        """Return the reply to one request, generated together with others that wait now.

        Without a seed, sampling starts from a fresh one. ``schema`` is not enforced.

        Raises:
            CallError: the model cannot be loaded, the prompt does not fit it, or memory ran out.
        """
        started = perf_counter()
        if self._worker is None:
            self._worker = threading.Thread(target=self._serve, name=self.server, daemon=True)
            self._worker.start()
        loop = asyncio.get_running_loop()
        waiting = _WaitingRequest(self._complete(request), loop, loop.create_future())
        self._queue.put(waiting)
        return _reply(await waiting.future, perf_counter() - started)

    async def close(self) -> None:
        """Stop generating and let go of the weights."""
        worker, self._worker = self._worker, None
        if worker is not None:
            self._closing.set()
            self._queue.put(None)
            await asyncio.to_thread(worker.join)
            self._closing.clear()

    def _complete(self, request: Request) -> Request:
        return Request(
            messages=self._defaults.messages(request),
            sampling=self._defaults.sampling(request.sampling),
            top_logprobs=request.top_logprobs,
        )

    def _serve(self) -> None:
        weights: LoadedWeights | CallError | None = None
        while batch := self._collect():
            try:
                weights = weights or self._load()
                if isinstance(weights, CallError):
                    raise weights
                results: Sequence[Generation | CallError] = weights.answer([w.request for w in batch], self._closing)
            except Exception as error:  # whatever it is, those who wait must hear of it
                for waiting in batch:
                    waiting.settle(error)
            else:
                for waiting, result in zip(batch, results, strict=True):
                    waiting.settle(result)

    def _load(self) -> LoadedWeights | CallError:
        """Return the weights, or why they cannot be read: that is kept, as every later try would fail alike."""
        try:
            weights = load_weights(self._loading)
            self.refused = weights.refused
            return weights
        except CallError as error:
            return error

    def _collect(self) -> list[_WaitingRequest]:
        """Return the next batch: at least one request; nothing when the model is closed."""
        batch: list[_WaitingRequest] = []
        while len(batch) < self._batch_size:
            try:
                waiting = self._queue.get(timeout=_WAIT_S if batch else None)
            except Empty:
                break
            if waiting is None:
                for left in batch:
                    left.settle(CallError("connection", "the model was closed"))
                return []
            if not waiting.future.cancelled():
                batch.append(waiting)
        return batch


def load_hf(name: ModelName, defaults: Defaults) -> HfModel:
    """Return a model of transformers by its name; the weights are read at the first request.

    Raises:
        UsageError: torch or transformers is not installed, or the name is a path at which nothing is.
    """
    needed("torch", "hf")
    needed("transformers", "hf")
    if name.name.startswith(("/", ".")) and not Path(name.name).is_dir():
        raise UsageError(f"{name.name}: expected a folder with a model's config.json, found none")
    loading = LoadOptions(
        name=name.name,
        revision=name.settings.get("revision"),
        dtype=name.settings.get("dtype", "auto"),
        device=name.settings.get("device"),
        trust_remote_code=name.settings.get("trust_remote_code") == "true",
    )
    return HfModel(name, defaults, loading, int(name.number("batch_size", BATCH_SIZE)))


def _reply(written: Generation, latency_s: float) -> Reply:
    split = split_reasoning(written.text)
    return Reply(
        text=split.text,
        status="ok" if written.ended and split.closed else "truncated",
        reasoning=split.reasoning,
        finish_reason="stop" if written.ended else "length",
        usage={"input": written.input_tokens, "output": written.output_tokens},
        served_model=written.served_model,
        logprobs=written.logprobs,
        latency_s=latency_s,
    )
