"""A slip in the name of a judge, its model or a setting of either is told, with the name that was meant."""

from __future__ import annotations

import pytest

from hantei.errors import UsageError
from hantei.judges.named import load_judge


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai/gpt-4o", "did you mean 'rubric@openai/gpt-4o'?"),
        ("openai/m?base_url=http://127.0.0.1:9/v1", "did you mean 'rubric@openai/m?base_url=http://127.0.0.1:9/v1'?"),
        ("hf/Qwen/Qwen3Guard-Gen-8B", "did you mean 'qwen3guard@hf/Qwen/Qwen3Guard-Gen-8B'?"),
        ("openai/meta-llama/Llama-Guard-3-8B", "did you mean 'llama-guard-3@openai/meta-llama/Llama-Guard-3-8B'?"),
        ("inspect/anthropic/claude", "did you mean 'rubric@inspect/anthropic/claude'?"),
        ("gpt-4o", "a model is asked with a card, as in rubric@openai/gpt-4o"),
        ("bultin", "did you mean 'builtin'?"),
        ("Rubric@openai/gpt-4o", "did you mean 'rubric'?"),
        ("rubrik@openai/gpt-4o", "did you mean 'rubric'?"),
        ("builtin?mod=strict", "did you mean 'mode'?"),
        ("rubric?abstian=false@openai/gpt-4o", "did you mean 'abstain'?"),
        ("rubric@opnai/gpt-4o", "did you mean 'openai'?"),
        ("rubric@OpenAI/gpt-4o", "did you mean 'openai'?"),
        ("rubric@gpt-4o", "did you mean 'openai/gpt-4o'?"),
        ("rubric@openai/m?base_ulr=http://127.0.0.1:9/v1", "did you mean 'base_url'?"),
        ("rubric@openai/m?max-tokens=9", "did you mean 'max_tokens'?"),
        ("rubric@hf/x?dtpye=float16", "did you mean 'dtype'?"),
    ],
)
def test_a_slip_in_a_name(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_judge(name)
    assert str(caught.value).endswith(meant)
