"""More odd files as people have them: what of them could be lost or taken for something else without a word."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from hantei.inputs import Columns, open_table
from hantei.inputs.languages import language_tag
from hantei.inputs.row import Row
from tests.cases.test_file_cases import read, rows_of, texts

U = {"role": "user", "content": "q"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"response": [None, "A"]}, ["", "A"]),
        ({"responses": [float("nan"), 3, True]}, ["", "3", "true"]),
        ({"responses": [{"text": "A"}, {"text": "B"}]}, ["A", "B"]),
        ({"completions": ["A", {"role": "assistant", "content": "B"}]}, ["A", "B"]),
        ({"response": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}, ["AB"]),
    ],
)
def test_each_answer_of_a_list_is_a_sample_missing_ones_too(
    tmp_path: Path, row: dict[str, Any], expected: list[str]
) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"prompt": "q", **row}))
    found = read(tmp_path / "a.jsonl")
    assert [response.text for _, response in found] == expected
    assert [response.status for _, response in found] == ["ok" if text else "error" for text in expected]


@pytest.mark.parametrize(
    ("messages", "answer", "tools"),
    [
        (
            [
                {"from": "human", "value": "q"},
                {"from": "function_call", "value": '{"name": "find", "arguments": {"a": 1}}'},
                {"from": "observation", "value": "3 found"},
                {"from": "gpt", "value": "A"},
            ],
            "A",
            [('{"a": 1}', "3 found")],
        ),
        ([{"type": "human", "content": "q"}, {"type": "ai", "content": "A"}], "A", []),
        ([{"type": "human", "data": {"content": "q"}}, {"type": "ai", "data": {"content": "A"}}], "A", []),
        ([U, {"role": "assistant", "content": None, "refusal": "No."}], "No.", []),
        (
            [
                {"role": "user", "parts": [{"text": "q"}]},
                {"role": "model", "parts": [{"executableCode": {"code": "1+1"}}]},
                {"role": "user", "parts": [{"codeExecutionResult": {"output": "2"}}]},
                {"role": "model", "parts": [{"text": "A"}]},
            ],
            "A",
            [('{"code": "1+1"}', '{"output": "2"}')],
        ),
        (
            [
                U,
                {"role": "assistant", "content": [{"type": "server_tool_use", "name": "search", "input": {"a": 1}}]},
                {
                    "role": "user",
                    "content": [{"type": "web_search_tool_result", "content": [{"type": "web_search_result"}]}],
                },
                {"role": "assistant", "content": "A"},
            ],
            "A",
            [('{"a": 1}', '[{"type": "web_search_result"}]')],
        ),
    ],
)
def test_more_conversations(tmp_path: Path, messages: list[Any], answer: str, tools: list[tuple[str, str]]) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"messages": messages}))
    ((prompt, response),) = read(tmp_path / "a.jsonl")
    assert (prompt.messages[0].content, response.text, response.status) == ("q", answer, "ok")
    assert [call.arguments for turn in prompt.messages for call in turn.tool_calls] == [call for call, _ in tools]
    assert [turn.content for turn in prompt.messages if turn.role == "tool"] == [result for _, result in tools]


@pytest.mark.parametrize("system", ["You are kind.", "You are kind", "あなたは親切な助手です", "你是一个助手"])
def test_what_is_said_of_a_column_that_holds_a_system_prompt(system: str) -> None:
    columns = Columns(Path("a.csv"))
    row = Row(1, {"system": system, "prompt": "q", "response": "A"})
    assert "system_prompt from 'system'" in columns.taken(row)
    assert columns.records(row, False)[0].messages[0].content == system
    named = Row(1, {"system": "Llama 3.1 70B", "prompt": "q", "response": "A"})
    assert ", system from 'system'" in columns.taken(named)


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("English (US)", "en"),
        ("Japanese（日本語）", "ja"),
        ("Portuguese (Brazil)", "pt"),
        ("Chinese (Simplified)", "zh-Hans"),
        ("Klingon (Earth)", None),
    ],
)
def test_names_of_languages_with_something_in_brackets(name: str, tag: str | None) -> None:
    assert language_tag(name) == tag


def test_compression_is_told_by_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = rows_of({"prompt": "q", "response": "A"}).encode()
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(row))
    (tmp_path / "b.jsonl.gz").write_bytes(row)  # as a browser leaves it
    assert texts(read(tmp_path / "a.jsonl")) == texts(read(tmp_path / "b.jsonl.gz")) == [("q", "A")]

    class Stdin:
        buffer = io.BytesIO(gzip.compress(row))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert texts(read(Path("-"))) == [("q", "A")]


def test_of_several_lists_the_only_one_with_answers_is_read(tmp_path: Path) -> None:
    table = {"schema": {"fields": [{"name": "prompt"}]}, "data": [{"index": 0, "prompt": "q", "response": "A"}]}
    (tmp_path / "a.json").write_text(json.dumps(table))  # pandas: orient="table"
    assert texts(read(tmp_path / "a.json")) == [("q", "A")]
    assert open_table(tmp_path / "a.json").format == "object"
