from __future__ import annotations

import pytest

from hantei.finish import finish_status


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (None, "ok"),
        ("stop", "ok"),
        ("STOP", "ok"),
        ("end_turn", "ok"),
        ("eos_token", "ok"),
        ("length", "truncated"),
        ("max_tokens", "truncated"),
        ("MAX_TOKENS", "truncated"),
        ("FinishReason.MAX_TOKENS", "truncated"),
        ("model_length", "truncated"),
        ("model_context_window_exceeded", "truncated"),
        ("content_filter", "filtered"),
        ("SAFETY", "filtered"),
        ("PROHIBITED_CONTENT", "filtered"),
        ("sensitive", "filtered"),
        ("refusal", "filtered"),
        ("abort", "error"),
        ("insufficient_system_resource", "error"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("sunset", None),
    ],
)
def test_reasons(reason: str | None, status: str | None) -> None:
    assert finish_status(reason) == status
