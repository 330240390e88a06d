"""A batch of requests through one model of transformers: rendered, padded on the left, generated, read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hantei.models.base import CallError, Request
from hantei.models.extras import needed
from hantei.models.hf_sampling import BatchRow, make_sampler, make_stopper
from hantei.models.http_errors import clean
from hantei.models.sampling import SYSTEM, without_system
from hantei.models.tool_turns import TOOLS, as_text, has_tools, sent, shows_tools
from hantei.reasoning import tokens_before_answer
from hantei.records import Message

MAX_TOKENS = 1024
"""The longest answer where neither the request nor the model's generation settings say, in tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """Which weights are read, and how. ``device`` None takes a GPU where there is one."""

    name: str
    revision: str | None = None
    dtype: str = "auto"
    device: str | None = None
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a model wrote. ``ended`` says that it stopped by itself or at a stop text, not at the limit."""

    text: str
    ended: bool
    input_tokens: int
    output_tokens: int
    served_model: str
    logprobs: tuple[Mapping[str, float], ...]


def load_weights(loading: LoadOptions) -> LoadedWeights:
    """Read tokenizer and weights.

    Raises:
        CallError: there is no such model, access to it is not granted, or the device is not there.
    """
    torch, transformers = needed("torch", "hf"), needed("transformers", "hf")
    transformers.utils.logging.disable_progress_bar()  # the run has one of its own
    options = {"revision": loading.revision or "main", "trust_remote_code": loading.trust_remote_code}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(loading.name, **options)
        model = transformers.AutoModelForCausalLM.from_pretrained(loading.name, dtype=loading.dtype, **options)
        model.to(loading.device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()
    except (OSError, ValueError, RuntimeError, AssertionError, ImportError) as error:
        raise CallError("not-found", f"hf/{loading.name} cannot be loaded: {clean(str(error))}") from None
    return LoadedWeights(loading.name, tokenizer, model)


class LoadedWeights:
    """A loaded model and its tokenizer."""

    def __init__(self, name: str, tokenizer: Any, model: Any) -> None:
        self._torch, self._transformers = needed("torch", "hf"), needed("transformers", "hf")
        self._tokenizer, self._model = tokenizer, model
        revision = getattr(model.config, "_commit_hash", None)
        self._served = f"{name}@{revision}" if revision else name
        self._context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._ends = self._end_tokens()
        self.refused: set[str] = set()
        """``system messages`` once a template took none: their text has stood before the first user turn since.
        ``tool messages`` once one took none of those: they are text."""

    def answer(self, requests: Sequence[Request], closing: threading.Event) -> list[Generation | CallError]:
        """Answer requests together; a request that cannot be answered gets its failure in its place."""
        rendered = [self._row(request) for request in requests]
        rows = [row for row in rendered if isinstance(row, BatchRow)]
        written = iter(self._generate(rows, closing) if rows else [])
        return [row if isinstance(row, CallError) else next(written) for row in rendered]

    def _row(self, request: Request) -> BatchRow | CallError:
        try:
            ids = self._render(request)
        except Exception as error:  # templates raise what they like
            return CallError("bad-request", f"the chat template took no such conversation: {clean(str(error))}")
        limit = request.sampling.max_tokens or self._model.generation_config.max_new_tokens or MAX_TOKENS
        room = limit if self._context is None else min(limit, self._context - len(ids))
        if room < 1 or not ids:
            return CallError("bad-request", f"the prompt has {len(ids)} tokens; expected 1 to {self._context} less one")
        return BatchRow.of(request, ids, room, self._model.generation_config)

    def _render(self, request: Request) -> list[int]:
        if self._tokenizer.chat_template is None:
            ids = self._tokenizer("\n\n".join(m.shown for m in request.messages))["input_ids"]
        else:
            text = self._templated(request.messages)
            ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return list(ids)

    def _templated(self, turns: Sequence[Message]) -> str:
        problem: Exception | None = None
        for dropped, form in _forms(turns):
            try:
                messages = sent(form, objects=True)
                text: str = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
            except Exception as error:  # templates raise what they like
                problem = error
                continue
            if shows_tools(text, form):
                self.refused |= dropped
                return text
        raise problem or ValueError("it leaves out what tools gave back")

    def _generate(self, rows: Sequence[BatchRow], closing: threading.Event) -> list[Generation | CallError]:
        try:
            return self._run(rows, closing)
        except self._torch.OutOfMemoryError:
            self._torch.cuda.empty_cache()
        if len(rows) == 1:
            return [CallError("bad-request", "memory ran out for one request alone; lower max_tokens")]
        half = len(rows) // 2
        return self._generate(rows[:half], closing) + self._generate(rows[half:], closing)

    def _run(self, rows: Sequence[BatchRow], closing: threading.Event) -> list[Generation | CallError]:
        torch, lists = self._torch, self._transformers
        width = max(len(row.ids) for row in rows)
        pad = self._padding()
        ids = [[pad] * (width - len(row.ids)) + row.ids for row in rows]
        mask = [[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in rows]
        sampler = make_sampler(rows, self._model.device)
        stopper = make_stopper(rows, width, self._ends, self._decode, closing)
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=torch.tensor(ids, device=self._model.device),
                attention_mask=torch.tensor(mask, device=self._model.device),
                generation_config=self._settings(rows, pad),
                logits_processor=lists.LogitsProcessorList([sampler]),
                stopping_criteria=lists.StoppingCriteriaList([stopper]),
            )
        if closing.is_set():
            return [CallError("connection", "the model was closed") for _ in rows]
        tokens = [line[width:][:length] for line, length in zip(out.tolist(), stopper.lengths, strict=True)]
        return [self._written(row, *one) for row, *one in zip(rows, tokens, stopper.ended, sampler.seen, strict=True)]

    def _settings(self, rows: Sequence[BatchRow], pad: int) -> Any:
        """Return the model's generation settings without its sampling, which each row does for itself."""
        settings = self._transformers.GenerationConfig.from_dict(self._model.generation_config.to_dict())
        settings.update(
            do_sample=False, temperature=None, top_p=None, top_k=None, min_p=None, num_beams=1, max_length=None
        )
        settings.update(
            max_new_tokens=max(row.max_tokens for row in rows), pad_token_id=pad, eos_token_id=sorted(self._ends)
        )
        return settings

    def _written(self, row: BatchRow, tokens: list[int], ended: bool, seen: list[dict[int, float]]) -> Generation:
        body = tokens[:-1] if tokens and tokens[-1] in self._ends else tokens
        text = self._decode(body)
        cuts = [at for stop in row.stop if (at := text.find(stop)) >= 0]
        skipped = tokens_before_answer([self._token(token) for token in body]) if seen else 0
        return Generation(
            text=text[: min(cuts)] if cuts else text,
            ended=ended,
            input_tokens=len(row.ids),
            output_tokens=len(tokens),
            served_model=self._served,
            logprobs=tuple(self._named(one) for one in seen[skipped : len(body)]),
        )

    def _named(self, alternatives: Mapping[int, float]) -> dict[str, float]:
        named: dict[str, float] = {}
        for token, value in alternatives.items():
            text = self._token(token)
            named[text] = max(value, named.get(text, value))  # two tokens may be the same text
        return named

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    def _token(self, token: int) -> str:
        """Return one token as text; a special token by its name, such as ``<|im_end|>``."""
        return str(self._tokenizer.decode([token]))

    def _end_tokens(self) -> frozenset[int]:
        ends = self._model.generation_config.eos_token_id
        listed = ends if isinstance(ends, list) else [ends]
        return frozenset(token for token in [*listed, self._tokenizer.eos_token_id] if token is not None)

    def _padding(self) -> int:
        pad = self._tokenizer.pad_token_id
        return int(pad if pad is not None else min(self._ends, default=0))


def _forms(turns: Sequence[Message]) -> Iterator[tuple[set[str], tuple[Message, ...]]]:
    """Yield a conversation as it is, then in the forms that simpler templates take, with what each one drops."""
    yield set(), tuple(turns)
    plain = as_text(turns) if has_tools(turns) else tuple(turns)
    if has_tools(turns):
        yield {TOOLS}, plain
    merged = without_system(turns)
    if merged != tuple(turns):
        yield {SYSTEM}, merged
        if has_tools(turns):
            yield {TOOLS, SYSTEM}, without_system(plain)
