from __future__ import annotations

from pathlib import Path
from typing import Any

from hantei.records import Message
from tests.exchange.files import document, imported, judgments, lines, problems

ASKED = [{"role": "system", "content": "簡潔に。"}, {"role": "user", "content": "もぐらは？"}]


def row(output: Any = "罠です。", **fields: Any) -> dict[str, Any]:
    return {"lm_output": output, "task_inputs": {"messages": ASKED, "id": "q1"}, "references": ["罠", ""], **fields}


def test_each_metric_is_a_judge(tmp_path: Path) -> None:
    model = {"class_path": "HuggingFaceLM", "init_args": {"model": "org/model"}}
    document(tmp_path / "config.json", {"language_model": model})
    said = {"llm_score": 4, "llm_score_output": "[[4]]", "llm_score_input": "Rate it.", "exact_match": False}
    labelled = {"llm_label": "unsafe", "llm_label_output": "[[unsafe]]", "output_length": 4}
    run = imported(lines(tmp_path / "outputs.jsonl", [row(**said, **labelled)]))
    (prompt,), (response,) = run.prompts(), run.responses()
    assert prompt.messages == (Message(role="system", content="簡潔に。"), Message(role="user", content="もぐらは？"))
    assert (prompt.id, prompt.reference, prompt.language, response.system) == ("q1", "罠", "ja", "org/model")
    assert run.judges() == ["flexeval:llm_score", "flexeval:exact_match", "flexeval:llm_label"]
    score = judgments(run, "flexeval:llm_score")[response.id]
    assert (score.score, score.critique, score.attempts) == (4.0, "[[4]]", ("[[4]]",))
    assert judgments(run, "flexeval:exact_match")[response.id].score == 0.0
    assert judgments(run, "flexeval:llm_label")[response.id].unsafe is True


def test_every_layout_of_the_question(tmp_path: Path) -> None:
    rows = [
        {"lm_output": "A", "extra_info": {"messages": ASKED}},
        {"lm_output": "B", "lm_prompt": "Q: What?\nA:", "task_inputs": {"question": "What?"}},
        {"lm_output": "C", "task_inputs": {"question": "What?"}, "finish_reason": "length"},
        {"lm_output": None, "task_inputs": {"question": "What?"}},
        {"lm_output": "", "task_inputs": {"question": "What?"}},
        {"lm_output": "<think>Hm.</think>D", "task_inputs": {"question": "What?"}},
    ]
    run = imported(lines(tmp_path / "org-model" / "outputs.jsonl", rows))
    assert [prompt.text for prompt in run.prompts()] == ["もぐらは？", "Q: What?\nA:", *["What?"] * 4]
    assert [(one.text, one.status, one.reasoning) for one in run.responses()] == [
        ("A", "ok", None),
        ("B", "ok", None),
        ("C", "truncated", None),
        ("", "error", None),
        ("", "error", None),
        ("D", "ok", "Hm."),
    ]
    assert {one.system for one in run.responses()} == {"org-model"}


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    rows = [row(), {"lm_output": "x"}, {"lm_output": "x", "task_inputs": 3}, {"output": "x"}, row("again")]
    run = imported(lines(tmp_path / "outputs.jsonl", rows))
    assert [number for number, _ in problems(run)] == [2, 3, 4, 5]


def test_the_reasoning_is_no_judge(tmp_path: Path) -> None:
    extra = {"raw_lm_output": "<think>why</think>罠です。", "reasoning_text": "why", "tool_calls": []}
    run = imported(lines(tmp_path / "outputs.jsonl", [row(**extra, llm_score=4)]))
    ((response,), judges) = run.responses(), run.judges()
    assert (response.text, response.reasoning) == ("罠です。", "why")
    assert judges == ["flexeval:llm_score"]
