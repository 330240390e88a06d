"""Why an answer ended, in the words of every provider, and what that makes of it."""

from __future__ import annotations

from hantei.records import ResponseStatus

_STATUS: dict[ResponseStatus, str] = {
    # OpenAI, Mistral, vLLM, TGI, Anthropic, Gemini, Cohere, Ollama, Inspect, in this order; each word once.
    "ok": """
        stop tool_calls function_call completed
        eos_token stop_sequence eos
        end_turn tool_use pause_turn
        complete tool_call
        load unload done
    """,
    "truncated": """
        length max_output_tokens
        model_length
        max_tokens model_context_window_exceeded
        error_limit
        max_length limit incomplete
    """,
    # Kept back by the provider, whatever of it came through. Anthropic's refusal is a classifier beside the model.
    "filtered": """
        content_filter
        refusal
        safety recitation blocklist prohibited_content spii image_safety image_prohibited_content image_recitation
        error_toxic
        content_filtered guardrail_intervened
        sensitive
    """,
    "error": """
        error failed cancelled
        abort
        language other malformed_function_call malformed_response unexpected_tool_call too_many_tool_calls no_image
        image_other missing_thought_signature finish_reason_unspecified
        user_cancel timeout
        insufficient_system_resource network_error
        malformed_model_output malformed_tool_use
    """,
}
_REASONS: dict[str, ResponseStatus] = {
    reason: status for status, reasons in _STATUS.items() for reason in reasons.split()
}


def finish_status(reason: str | None) -> ResponseStatus | None:
    """Return the status of an answer that ended for ``reason``; None where the reason is not known.

    No reason at all is a whole answer. Case does not count, nor does the prefix of a printed enumeration
    (``FinishReason.MAX_TOKENS``).
    """
    if not reason:
        return "ok"
    return _REASONS.get(reason.strip().lower().rpartition(".")[2])
