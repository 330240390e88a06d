"""How each row of a batch draws its tokens and ends, by its own settings and its own seed.

Generation itself is greedy; the sampler here draws each row's next token and leaves only that one possible. So rows
with different settings share a batch, and a row's draws do not depend on its neighbours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hantei.models.base import Request
from hantei.models.extras import needed


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One rendered prompt and how it is continued. ``temperature`` 0 takes the likeliest token; ``top_k`` 0 and
    ``top_p`` 1 leave nothing out."""

    ids: list[int]
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    seed: int | None
    stop: tuple[str, ...]
    top_logprobs: int

    @classmethod
    def of(cls, request: Request, ids: list[int], max_tokens: int, settings: Any) -> BatchRow:
        """Return a row; what the request leaves open is taken from the model's generation settings, if it samples.

        Args:
            request: what is asked.
            ids: the token ids of the rendered prompt.
            max_tokens: tokens that are written at most.
            settings: the model's generation settings.
        """
        own = bool(settings.do_sample)
        sampling = request.sampling
        top_p = sampling.top_p if sampling.top_p is not None else (settings.top_p if own else None)
        given = (settings.temperature or 1.0) if own else 0.0
        return cls(
            ids=ids,
            max_tokens=max_tokens,
            temperature=given if sampling.temperature is None else sampling.temperature,
            top_p=1.0 if top_p is None else top_p,
            top_k=(settings.top_k or 0) if own else 0,
            seed=sampling.seed,
            stop=sampling.stop,
            top_logprobs=request.top_logprobs,
        )


def make_sampler(rows: Sequence[BatchRow], device: Any) -> Any:
    """Return a logits processor that draws one token a row; ``seen`` then holds, by row and step, token ids with
    their natural log-probabilities before temperature, for rows that asked."""
    torch, transformers = needed("torch", "hf"), needed("transformers", "hf")

    class Sampler(transformers.LogitsProcessor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.seen: list[list[dict[int, float]]] = [[] for _ in rows]
            self._random = [_generator(torch, device, row.seed) for row in rows]

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            scores = scores.float()
            chosen = [
                _draw(torch, line, row, random) for line, row, random in zip(scores, rows, self._random, strict=True)
            ]
            for line, row, token, seen in zip(scores, rows, chosen, self.seen, strict=True):
                if row.top_logprobs:
                    seen.append(_alternatives(torch, line, token, row.top_logprobs))
            only = torch.full_like(scores, -torch.inf)
            only.scatter_(1, torch.tensor(chosen, device=scores.device).unsqueeze(1), 0.0)
            return only

    return Sampler()


def _generator(torch: Any, device: Any, seed: int | None) -> Any:
    random = torch.Generator(device=device)
    if seed is None:
        random.seed()
    else:
        random.manual_seed(seed)
    return random


def _draw(torch: Any, scores: Any, row: BatchRow, random: Any) -> int:
    if row.temperature == 0:
        return int(scores.argmax())
    scores = scores / row.temperature
    if row.top_k:
        least = scores.topk(min(row.top_k, scores.numel())).values[-1]
        scores = scores.masked_fill(scores < least, -torch.inf)
    chances = scores.softmax(-1)
    if row.top_p < 1:
        ordered, order = chances.sort(descending=True)
        chances[order[(ordered.cumsum(-1) - ordered) >= row.top_p]] = 0.0
        chances[order[0]] = ordered[0]  # the likeliest stays, also with top_p 0
    # The first of exponential clocks with these rates to ring is a draw from this distribution.
    clocks = torch.empty_like(chances).exponential_(generator=random)
    return int((chances / clocks).argmax())


def _alternatives(torch: Any, scores: Any, token: int, count: int) -> dict[int, float]:
    logs = scores.log_softmax(-1)
    best = logs.topk(min(count, logs.numel()))
    found = dict(zip(best.indices.tolist(), best.values.tolist(), strict=True))
    return {**found, token: float(logs[token])}


def make_stopper(
    rows: Sequence[BatchRow],
    width: int,
    ends: frozenset[int],
    decode: Callable[[Sequence[int]], str],
    closing: threading.Event,
) -> Any:
    """Return a stopping criterion by row; ``lengths`` then holds how many tokens each row wrote, ``ended`` whether it
    stopped before its limit. ``width`` is the padded length of the prompts.

    Args:
        rows: the prompts of the batch.
        width: the padded length of the prompts, in tokens.
        ends: the ids of tokens that end an answer.
        decode: turns token ids into text.
        closing: set where everything is to stop.
    """
    torch, transformers = needed("torch", "hf"), needed("transformers", "hf")

    class Stopper(transformers.StoppingCriteria):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.lengths = [0] * len(rows)
            self.ended = [False] * len(rows)
            self._done = [False] * len(rows)

        def __call__(self, input_ids: Any, scores: Any, **others: Any) -> Any:
            for number, row in enumerate(rows):
                if not self._done[number]:
                    self._step(number, row, input_ids[number, width:])
            done = [finished or closing.is_set() for finished in self._done]
            return torch.tensor(done, device=input_ids.device)

        def _step(self, number: int, row: BatchRow, written: Any) -> None:
            self.lengths[number] = len(written)
            self.ended[number] = int(written[-1]) in ends or _stopped(row.stop, written, decode)
            self._done[number] = self.ended[number] or len(written) >= row.max_tokens

    return Stopper()


def _stopped(stops: tuple[str, ...], written: Any, decode: Callable[[Sequence[int]], str]) -> bool:
    if not stops:
        return False
    # Every token is at least one byte, so the last text of this length lies within so many tokens.
    tail = decode(written[-(4 * max(map(len, stops)) + 4) :].tolist())
    return any(stop in tail for stop in stops)
