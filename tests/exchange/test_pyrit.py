from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.exchange.files import document, imported, problems

TARGET = {"__type__": "OpenAIChatTarget", "model_name": "gpt-x"}


def piece(conversation: str, sequence: int, role: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{conversation}-{sequence}",
        "role": role,
        "conversation_id": conversation,
        "sequence": sequence,
        "labels": {"op": "test"},
        "prompt_target_identifier": TARGET,
        "original_value_data_type": "text",
        "original_value": "before it was converted",
        "converted_value_data_type": "text",
        "converted_value": value,
        "response_error": "none",
        "scores": [],
        **fields,
    }


def score(value: Any, scorer: str = "SelfAskTrueFalseScorer", kind: str = "true_false") -> dict[str, Any]:
    identifier = {"__type__": scorer}
    said = {"score_rationale": "It does.", "score_category": ["jailbreak"], "scorer_class_identifier": identifier}
    return {"score_value": value, "score_type": kind, **said}


PIECES = [
    piece("a", 2, "user", "もう一度"),
    piece("a", 0, "system", "Be brief."),
    piece("a", 1, "user", "もぐらは？"),
    piece("b", 0, "user", "One?", originator="attack"),
    piece("a", 3, "assistant", "罠です。", scores=[score("True"), score("0.75", "Likert", "float_scale")]),
    piece("b", 1, "assistant", "1", scores=[score("False"), score("True", "SelfAskRefusalScorer")]),
    piece("b", 2, "user", "Two?"),
    piece("b", 3, "assistant", "Hm.", converted_value_data_type="reasoning"),
    piece("b", 3, "assistant", "2", scores=[score("True")]),
    piece("b", 4, "user", "never answered"),
    piece("c", 0, "user", "Bad?"),
    piece("c", 1, "assistant", "content_filter", response_error="blocked", converted_value_data_type="error"),
    piece("d", 0, "user", "Broken?"),
    piece("d", 1, "assistant", "timeout", response_error="processing", converted_value_data_type="error"),
    piece("e", 0, "user", "Empty?"),
    piece("e", 1, "assistant", "", response_error="empty"),
    piece("f", 0, "user", "Rate this.", originator="scorer"),
    piece("f", 1, "assistant", "5", originator="scorer"),
    piece("g", 0, "user", "no answer"),
]


def check(path: Path) -> None:
    run = imported(path)
    assert [(one.id, [(turn.role, turn.content) for turn in one.messages]) for one in run.prompts()][:2] == [
        ("a", [("system", "Be brief."), ("user", "もぐらは？"), ("user", "もう一度")]),
        ("b", [("user", "One?"), ("assistant", "1"), ("user", "Two?")]),
    ]
    assert [(one.id, one.text, one.status, one.reasoning) for one in run.responses()] == [
        ("gpt-x/a/0", "罠です。", "ok", None),
        ("gpt-x/b/0", "2", "ok", "Hm."),
        ("gpt-x/c/0", "", "filtered", None),
        ("gpt-x/d/0", "", "error", None),
        ("gpt-x/e/0", "", "error", None),
    ]
    said = [(one.response_id[6], one.turn, one.unsafe) for one in run.judgments("pyrit:SelfAskTrueFalseScorer")]
    assert said == [("a", None, True), ("b", 0, False), ("b", None, True)]
    assert [(one.score, one.unsafe) for one in run.judgments("pyrit:Likert")] == [(0.75, None)]
    assert [(one.turn, one.refusal) for one in run.judgments("pyrit:SelfAskRefusalScorer")] == [(0, "full")]
    assert [text for _, text in problems(run)] == ["expected a conversation with an answer, found none"]


def test_conversations_from_json(tmp_path: Path) -> None:
    check(document(tmp_path / "memory.json", PIECES))


def test_conversations_from_csv_with_python_in_its_cells(tmp_path: Path) -> None:
    with (tmp_path / "memory.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*PIECES[0], "originator"])
        writer.writeheader()
        writer.writerows(PIECES)
    check(tmp_path / "memory.csv")


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    odd = [
        piece("a", 0, "user", "Q"),
        piece("a", 1, "assistant", {"x": 1}, scores=[score("nan"), score(None), 7], prompt_target_identifier="x"),
        piece("b", 0, "narrator", "Q"),
        piece("b", 1, "assistant", "A"),
        piece("c", 0, "assistant", "A"),
        {"role": "user"},
    ]
    odd[0]["sequence"] = "first"
    run = imported(document(tmp_path / "memory.json", odd))
    assert [(one.text, one.system) for one in run.responses()] == [('{"x": 1}', "gpt-x")]
    assert [one.status for one in run.judgments("pyrit:SelfAskTrueFalseScorer")] == ["unparsed", "unparsed"]
    assert [row for row, _ in problems(run)] == [6, 3, 5]
