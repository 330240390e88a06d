"""What a server's error means: a failure that may pass, one that will not, or a content filter."""

from __future__ import annotations

import json
import math
import re
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from hantei.models.base import CallError, Failure

LONGEST = 300
"""Characters of a server's message that are kept."""

FILTER_CODES = frozenset(
    {
        "content_filter",  # Azure, OpenAI, Moonshot
        "responsibleaipolicyviolation",  # Azure, the inner error
        "content_policy_violation",  # OpenAI, OpenRouter
        "invalid_prompt",  # OpenAI's reasoning models: flagged as violating the usage policy
        "moderation_blocked",  # OpenAI
        "data_inspection_failed",  # Alibaba's compatible mode
        "datainspectionfailed",
        "1301",  # Zhipu
        "sensitive_content_detected",
        "sensitivecontentdetected",  # Volcengine
        "prohibited_content",  # Gemini
    }
)
"""In small letters: case does not count."""
_FILTER_MESSAGES = re.compile(
    r"content exists risk"  # DeepSeek, which has no code for it
    r"|(?:flagged|blocked|rejected|violat\w+)\b.{0,60}\b(?:usage|content|safety|management)(?: filter\w*)?"
    r" (?:polic|guideline)"  # Anthropic: content filtering policy; xAI: usage guidelines
    r"|\b(?:prompt|input|request) (?:was|is|has been) (?:blocked|flagged)\b"
    r"|may contain (?:inappropriate|sensitive|unsafe) content"
    r"|blockreason",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|prompt (?:is )?too long|input (?:is )?too long|too many (?:input )?tokens"
    r"|exceeds? .{0,60}\b(?:tokens|context)|n_ctx|longer than .{0,40}\bcontext",
    re.IGNORECASE,
)
_STREAM_ONLY = re.compile(
    r"only supports? (?:the )?stream|stream\w*\W{0,3} (?:must|should|needs to) be"
    r"|must (?:set|use|enable) .{0,20}\bstream|non-?stream\w* .{0,60}(?:not|n't|un)\W?support"
    r"|(?:not|n't) support non-?stream|requires? .{0,20}\bstream"
    r"|(?:for|in) non-?stream|stream(?:ing)? (?:is )?(?:required|only)|enable .{0,15}\bstream",
    re.IGNORECASE,
)
_NO_SYSTEM = re.compile(
    r"system[ '\"`]*(?:role|message|prompt|instruction)s?\b.{0,40}(?:(?:not|n't) |un)(?:be )?(?:support|enabl|allow)"
    r"|(?:not|n't) support .{0,30}\bsystem\b|developer instruction is not enabled|roles must alternate"
    r"|only user.{0,40}roles are supported|(?:unexpected|unsupported|invalid|unknown) (?:message )?role\W{0,4}system"
    r"|\brole\b.{0,20}should be 'user' or 'assistant'",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(
    r"\btool|roles must alternate|only user.{0,20}assistant roles are supported|unexpected role", re.IGNORECASE
)
_UNSUPPORTED_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
_UNSUPPORTED = re.compile(
    r"unsupported|not supported|n[o']t support|unrecognized|unexpected|unknown|extra|not permitted|deprecated",
    re.IGNORECASE,
)
ADJUSTABLE = ("max_tokens", "temperature", "top_p", "seed", "logprobs", "stream_options")
"""Settings that some models refuse, and without which (``max_tokens``: under its new name) they answer."""

_SECRET = re.compile(r"\b(?:(?:sk|hf|gsk|xai)[-_]|AIza)[A-Za-z0-9_*.-]{12,}|\S*\*{3,}\S*|(?i:bearer)\s+\S+")
_READ = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """An error as a server described it. ``codes`` are all codes and types that it gave; ``message`` is clean."""

    status: int
    host: str
    message: str
    codes: frozenset[str] = frozenset()
    param: str | None = None
    flagged: bool = False
    retry_after_s: float | None = None

    @property
    def filtered(self) -> bool:
        """Whether a provider's content filter kept the request or the reply back."""
        named = any(code.casefold() in FILTER_CODES for code in self.codes) or _FILTER_MESSAGES.search(self.message)
        return 400 <= self.status < 500 and self.status not in (401, 429) and bool(named or self.flagged)

    @property
    def too_long(self) -> bool:
        """Whether the prompt does not fit the model, as some servers say with a 500: no second try helps."""
        return self.status not in (401, 429) and bool(_TOO_LONG.search(" ".join((self.message, *self.codes))))

    @property
    def stream_only(self) -> bool:
        """Whether the model answers in streams alone."""
        return self.status in (400, 422, 501) and bool(_STREAM_ONLY.search(self.message))

    @property
    def no_system(self) -> bool:
        """Whether the model's chat template takes no system message; some servers say so with a 500."""
        return self.status in (400, 422, 500) and bool(_NO_SYSTEM.search(self.message))

    @property
    def no_tools(self) -> bool:
        """Whether the model takes no calls of tools and no results in a conversation."""
        return self.status in (400, 422, 500) and bool(_NO_TOOLS.search(self.message))

    def refused(self, body: Mapping[str, Any]) -> str | None:
        """Return the setting in ``body`` that the server says the model does not take, None where it says no such."""
        if self.status not in (400, 422):
            return None
        return next((name for name in ADJUSTABLE if name in body and self._refuses(name)), None)

    def _refuses(self, name: str) -> bool:
        word = re.compile(rf"\b(?:top_)?{name}\b")
        if not word.search(self.message if self.param is None else self.param):
            return False
        return bool(self.codes & _UNSUPPORTED_CODES or _UNSUPPORTED.search(self.message))

    def failure(self) -> CallError:
        """Return the error as the engine reads it."""
        text = f"HTTP {self.status} from {self.host}: {self.message or 'no message'}"
        return CallError(self._kind(), text, self.retry_after_s)

    def _kind(self) -> Failure:
        if "insufficient_quota" in self.codes:
            return "auth"  # sent as a 429, but no waiting helps
        if self.status >= 500:
            return "bad-request" if self.too_long else "server"
        return _KINDS.get(self.status, "bad-request")


_KINDS: dict[int, Failure] = {
    401: "auth",
    402: "auth",
    403: "auth",
    404: "not-found",
    408: "timeout",
    409: "server",
    425: "server",
    429: "rate-limit",
}


def read_error(
    status: int, headers: Mapping[str, str], raw: bytes, host: str, secret: str | None = None
) -> ServerError:
    """Read an error reply of any server; what cannot be read is only a message.

    Args:
        status: the HTTP status.
        headers: of the reply; they may say when to try again.
        raw: the body.
        host: the server, for the message.
        secret: the key, which is taken out of what the server echoes.
    """
    text = raw[:_READ].decode("utf-8", "replace")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return ServerError(status=status, host=host, message=clean(text, secret), retry_after_s=retry_after(headers))
    return _described(status, body, host, secret, retry_after(headers))


def error_in_reply(body: Mapping[str, Any], host: str, secret: str | None) -> ServerError | None:
    """Return the error that a reply with status 200 holds, as OpenRouter sends them once it has begun."""
    error = body.get("error")
    if not isinstance(error, dict) or body.get("choices"):
        return None
    code = error.get("code")
    unstated = 400 if str(code).casefold() in FILTER_CODES else 500
    status = code if isinstance(code, int) and 400 <= code < 600 else unstated
    return _described(status, body, host, secret, None)


def _described(status: int, body: Any, host: str, secret: str | None, wait: float | None) -> ServerError:
    outer = body if isinstance(body, dict) else {}
    error = outer.get("error", outer)
    fields = error if isinstance(error, dict) else {}
    inner = fields.get("innererror")
    metadata = fields.get("metadata")
    codes = [fields.get("code"), fields.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    param = fields.get("param")
    return ServerError(
        status=status,
        host=host,
        message=clean(_message(error if error else body), secret),
        codes=frozenset(str(code) for code in codes if isinstance(code, str | int)),
        param=param if isinstance(param, str) and param else None,
        flagged=status == 403 and isinstance(metadata, dict) and bool(metadata.get("reasons")),
        retry_after_s=wait,
    )


def _message(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error
    return error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)[:_READ]


def clean(text: str, secret: str | None = None) -> str:
    """Return a server's text as one short line without control characters and without anything like a key."""
    text = text[:_READ]
    if secret:
        text = text.replace(secret, "[key]")
    text = _SECRET.sub("[key]", text)
    text = "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text)
    words = ["[key]" if secret and len(word) >= 8 and word in secret else word for word in text.split()]
    return " ".join(words)[:LONGEST]


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that a server asks to wait: of ``Retry-After`` (seconds or an HTTP date), None without."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, time.time() if now is None else now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(date: str, now: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return math.nan
