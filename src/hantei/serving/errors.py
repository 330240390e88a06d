"""Errors as OpenAI's API gives them: a status and an object that clients turn into an exception of their own."""

from __future__ import annotations

from typing import Any, Literal

from hantei.models.keys import mask_keys

ErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "request_too_large",
    "request_timeout",
    "overloaded",
    "upstream_error",
    "upstream_timeout",
    "judge_unavailable",
    "internal_error",
]


class ProxyError(Exception):
    """A request that gets no answer; ``retry_after_s`` is when to come back, None where that is not known.

    ``said`` is what the model's server said of it: for the client alone, since it may repeat what it was asked.
    """

    said: str | None = None

    def __init__(
        self, status: int, kind: ErrorType, message: str, code: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.code, self.retry_after_s = status, kind, code, retry_after_s

    def body(self) -> dict[str, Any]:
        """Return the object that is sent."""
        message = str(self) if self.said is None else f"{self}: {self.said}"
        return {"error": {"message": message, "type": self.kind, "param": None, "code": self.code}}


class BadRequestError(ProxyError):
    """A request that is not as it should be."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "invalid_request_error", message)


class UpstreamError(ProxyError):
    """The model's server gave no answer that can be passed on."""

    def __init__(self, message: str, status: int = 502, code: str | None = None) -> None:
        super().__init__(status, "upstream_error", message, code)


def said_by_upstream(status: int, body: Any) -> UpstreamError:
    """Return an error of the model's server as ours: its status where that is an error's, a short message, no key."""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    code = error.get("code") if isinstance(error, dict) else None
    found = UpstreamError(
        f"the model's server answered {status}",
        status if 400 <= status < 600 else 502,
        mask_keys(code)[:100] if isinstance(code, str) else None,
    )
    found.said = mask_keys(message)[:300] if isinstance(message, str) and message else "no reason given"
    return found
