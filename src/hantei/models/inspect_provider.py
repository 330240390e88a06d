"""Models of every provider that Inspect AI knows: ``inspect/PROVIDER/NAME`` hands the call to its ``get_model``.

Inspect's own retries, cache and limit on connections are off, as these are the engine's. Keys are Inspect's matter:
each of its providers reads its own environment variable.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from hantei.errors import UsageError
from hantei.models.base import CallError, Failure, Reply, Request, reply_status
from hantei.models.extras import needed
from hantei.models.http_errors import ServerError, clean, retry_after
from hantei.models.keys import known_keys, redacted, without_keys
from hantei.models.names import ModelName
from hantei.models.sampling import Defaults
from hantei.models.tool_turns import as_text
from hantei.reasoning import joined, split_reasoning, tokens_before_answer

TIMEOUT_S = 600.0
_MARKUP = re.compile(r"\[/?[a-z ]+\]")  # Inspect's messages are written for a terminal
_CONNECTIONS = 100_000  # the engine bounds how many calls are in flight


class InspectModel:
    """A model of Inspect AI; see ``load_inspect``."""

    def __init__(self, name: ModelName, model: Any, defaults: Defaults, lacks: str | None = None) -> None:
        self.name, self.server = name.text, "inspect/" + name.name.partition("/")[0]
        self._model, self._defaults, self._lacks = model, defaults, lacks
        self._timeout_s = name.number("timeout", TIMEOUT_S)
        self._inspect = needed("inspect_ai.model", "inspect")
        self._keys = known_keys()

    async def ask(self, request: Request) -> Reply:
        """Return the reply to one request.

        Raises:
            CallError: the call failed; what the provider's client raised is read as far as it says what it is.
        """
        if self._lacks:
            raise CallError("auth", self._lacks)
        started = perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                output = await self._model.generate(self._messages(request), config=self._config(request))
        except Exception as error:  # every provider's client raises errors of its own
            cause = _first_cause(error)
            server = self._server_error(cause)
            if server is not None and server.filtered:
                latency_s = perf_counter() - started
                return Reply(text="", status="filtered", finish_reason="content_filter", latency_s=latency_s)
            raise server.failure() if server is not None else self._failure(cause) from None
        return self._reply(output, perf_counter() - started)

    def check_ready(self) -> None:
        """Raise what keeps calls from being made.

        Raises:
            UsageError: the provider lacks its key or its library.
        """
        if self._lacks:
            raise UsageError(self._lacks)

    async def close(self) -> None:
        """Close the provider's client."""
        if self._model is not None:
            await self._model.api.aclose()

    def _messages(self, request: Request) -> list[Any]:
        kinds = {
            "system": self._inspect.ChatMessageSystem,
            "user": self._inspect.ChatMessageUser,
            "assistant": self._inspect.ChatMessageAssistant,
        }
        return [kinds[m.role](content=m.content) for m in as_text(self._defaults.messages(request))]

    def _config(self, request: Request) -> Any:
        sampling = self._defaults.sampling(request.sampling)
        options: dict[str, Any] = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
            "stop_seqs": list(sampling.stop) or None,
            "max_retries": 0,
            "max_connections": _CONNECTIONS,
            "cache": False,
        }
        if request.top_logprobs:
            options |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        if request.schema is not None:
            schema = needed("inspect_ai.util", "inspect").JSONSchema.model_validate(dict(request.schema))
            options["response_schema"] = self._inspect.ResponseSchema(name="reply", json_schema=schema)
        return self._inspect.GenerateConfig(**options)

    def _reply(self, output: Any, latency_s: float) -> Reply:
        if not output.choices:
            raise CallError("bad-reply", f"{self.server}: {self._clean(output.error or 'no choice in the output')}")
        choice = output.choices[0]
        thought, written = _parts(choice.message.content)
        split = split_reasoning(written)
        reply = Reply(
            text=split.text,
            status=reply_status(choice.stop_reason, split.closed),
            reasoning=joined(thought, split.reasoning),
            finish_reason="refusal" if _refused(choice.message.content) else choice.stop_reason,
            usage=_usage(output.usage),
            served_model=output.model or None,
            logprobs=_logprobs(choice.logprobs),
            latency_s=latency_s,
        )
        return without_keys(reply, self._keys)

    def _clean(self, said: object) -> str:
        return clean(redacted(str(said), self._keys))

    def _failure(self, error: Exception) -> CallError:
        if isinstance(error, CallError):
            return error
        text = f"{self.server}: {type(error).__name__}: {self._clean(error)}"
        if isinstance(error, TimeoutError):
            return CallError("timeout", f"{self.server}: no reply within {self._timeout_s:g} s")
        return CallError(_kind(error), text)

    def _server_error(self, error: Exception) -> ServerError | None:
        """Return what a provider's client raised for an HTTP error, None for anything else."""
        status = getattr(error, "status_code", None)
        if not isinstance(status, int):
            return None
        code = getattr(error, "code", None)
        return ServerError(
            status=status,
            host=self.server,
            message=self._clean(error),
            codes=frozenset({code} if isinstance(code, str) else ()),
            retry_after_s=retry_after(_headers(error)),
        )


def load_inspect(name: ModelName, defaults: Defaults) -> InspectModel:
    """Return a model of Inspect AI by its name; what its provider lacks, a key or a library, says ``check_ready``.

    Raises:
        UsageError: Inspect is not installed or knows no such provider.
    """
    inspect = needed("inspect_ai.model", "inspect")
    try:
        model = inspect.get_model(name.name, memoize=False)
    except Exception as error:  # providers raise errors of their own
        told = f"inspect/{name.name}: {clean(_MARKUP.sub('', redacted(str(error), known_keys())))}"
        if type(error).__name__ != "PrerequisiteError":  # Inspect's, for a key or a library; it is not public
            raise UsageError(told) from None
        return InspectModel(name, None, defaults, told)
    return InspectModel(name, model, defaults)


def _parts(content: Any) -> tuple[str | None, str]:
    """Return the reasoning and the text of a message's content."""
    if isinstance(content, str):
        return None, content
    thoughts = [
        part.summary or part.reasoning if part.redacted else part.reasoning for part in _of("reasoning", content)
    ]
    return joined(*thoughts), "".join(part.text for part in _of("text", content))


def _refused(content: Any) -> bool:
    return not isinstance(content, str) and any(part.refusal for part in _of("text", content))


def _of(kind: str, content: Any) -> list[Any]:
    return [part for part in content if part.type == kind]


def _usage(usage: Any) -> dict[str, int]:
    if usage is None:
        return {}
    # Inspect counts what came from or went into a provider's cache apart from the rest of the input.
    cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    return {"input": usage.input_tokens + cached, "output": usage.output_tokens}


def _logprobs(logprobs: Any) -> tuple[dict[str, float], ...]:
    entries = logprobs.content if logprobs is not None else []
    skipped = tokens_before_answer([entry.token for entry in entries])
    return tuple(_alternatives(entry) for entry in entries[skipped:])


def _alternatives(entry: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in [entry, *(entry.top_logprobs or [])]:
        found[one.token] = max(one.logprob, found.get(one.token, one.logprob))
    return found


def _first_cause(error: Exception) -> Exception:
    """Return what a provider's client raised where Inspect reports that it has no retries left."""
    attempt = getattr(error, "last_attempt", None)
    cause = attempt.exception() if attempt is not None else None
    return cause if isinstance(cause, Exception) else error


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers if isinstance(headers, Mapping) else {}


def _kind(error: Exception) -> Failure:
    """Return what an error without an HTTP status means; what is not known may pass."""
    if "timeout" in type(error).__name__.lower():
        return "timeout"
    if isinstance(error, OSError) or "connection" in type(error).__name__.lower():
        return "connection"
    return "bad-reply"
