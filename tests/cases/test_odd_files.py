"""More odd files as people have them: what of them could be lost or taken for something else without a word."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.errors import InputError, RowError
from hantei.inputs import Columns, open_table
from hantei.inputs.languages import language_tag
from hantei.inputs.row import Row
from tests.cases.test_file_cases import read, rows_of, text_cell, texts, workbook

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
        ([U, {"role": "assistant", "content": {"answer": "A"}}], "A", []),
        ([U, {"role": "assistant", "content": {"thinking": "hm", "answer": "A"}}], "A", []),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("My results\nprompt,response\nq,A\n", "My results"),
        ("My results,,\n,,\nprompt,response,id\nq,A,1\n", "My results"),
        ("# exported 2026-01-01, by me\nprompt,response\nq,A\n", "# exported 2026-01-01 by me"),
        ("Model:,gpt-4o,Date:,2026\nprompt,response,id,x\nq,A,1,2\n", "Model: gpt-4o Date: 2026"),
        ('"My ""results"", v2"\nprompt\tresponse\nq\tA\n', 'My "results", v2'),
        ("\nprompt,response\nq,A\n", None),
        ("prompt,response\nq,A\n", None),
        ("prompt,response,\nq,A,\n", None),
        ("#,prompt,response\n1,q,A\n", None),
    ],
)
def test_lines_above_a_header_are_passed_over_and_said(tmp_path: Path, text: str, said: str | None) -> None:
    (tmp_path / "a.csv").write_text(text)
    notes: list[str] = []
    run = hantei.judge(str(tmp_path / "a.csv"), out=tmp_path / "run", say=notes.append)
    assert [(p.text, r.text) for p, r in zip(run.prompts(), run.responses(), strict=True)] == [("q", "A")]
    assert [line for line in notes if "no header" in line] == (
        [f"{tmp_path / 'a.csv'}: the first {_lines(text)} no header and passed over: '{said}'"] if said else []
    )


def _lines(text: str) -> str:
    return "2 lines are" if text.startswith("My results,") else "line is"


def test_lines_above_a_header_of_unusual_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Bericht\nfrage;antwort\nq;A\nq2;B\n")
    assert texts(read(tmp_path / "a.csv", mapping={"prompt": "frage", "response": "antwort"})) == [
        ("q", "A"),
        ("q2", "B"),
    ]
    (tmp_path / "b.csv").write_text("frage;antwort\nq;A\n")  # nothing above it
    assert texts(read(tmp_path / "b.csv", mapping={"prompt": "frage", "response": "antwort"})) == [("q", "A")]


def test_line_numbers_count_what_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("My results\nprompt,response\nq,A\nq,A,too,many\n")
    with pytest.raises(RowError, match=r"expected 2 cells as in the header, found 4 \(line 4\)"):
        read(tmp_path / "a.csv")


def test_a_title_above_the_header_of_a_workbook(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    cells = f'<row r="1">{text_cell("A1", "My results")}</row><row r="3">{text_cell("A3", "prompt")}'
    cells += f'{text_cell("B3", "response")}</row><row r="4">{text_cell("A4", "q")}{text_cell("B4", "A")}</row>'
    workbook(tmp_path / "a.xlsx", cells)
    assert texts(read(tmp_path / "a.xlsx")) == [("q", "A")]


R1, R2 = {"prompt": "q", "response": "A"}, {"prompt": "q2", "response": "B"}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(R1, indent=2) + "\n" + json.dumps(R2, indent=2) + "\n",
        json.dumps(R1) + json.dumps(R2),
        json.dumps(R1) + " " + json.dumps(R2) + "\n",
        '{"prompt": "q",\n "response": "A"}\n{"prompt": "q2",\n "response": "B"}',
    ],
)
def test_objects_one_after_another_as_jq_prints_them(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert texts(read(tmp_path / name)) == [("q", "A"), ("q2", "B")]


def test_a_broken_line_is_still_one_bad_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "q", "response"\n' + rows_of(R2))
    rows = list(open_table(tmp_path / "a.jsonl").rows())
    assert isinstance(rows[0], RowError)
    assert rows[1] == Row(2, R2)
    (tmp_path / "a.json").write_text(json.dumps(R1, indent=1) + "\n{")
    with pytest.raises(InputError, match="is not JSON"):
        list(open_table(tmp_path / "a.json").rows())


@pytest.mark.parametrize(
    "whole",
    [
        {
            "features": [{"feature_idx": 0, "name": "prompt", "type": {}}],
            "rows": [{"row_idx": 0, "row": R1, "truncated_cells": []}, {"row_idx": 1, "row": R2}],
            "num_rows_total": 2,
        },
        {"hits": {"total": 2, "hits": [{"_id": "a", "_source": R1}, {"_id": "b", "_source": R2}]}},
        {"records": [{"id": "r1", "fields": R1}, {"id": "r2", "fields": R2}], "offset": "x"},
        {"data": {"items": {"edges": [{"node": R1}, {"node": R2}]}}},
        [{"row": R1}, {"row": R2}],
    ],
)
def test_rows_wrapped_in_an_object_each(tmp_path: Path, whole: Any) -> None:
    (tmp_path / "a.json").write_text(json.dumps(whole))
    assert texts(read(tmp_path / "a.json")) == [("q", "A"), ("q2", "B")]


LONG = ["Call a locksmith, please.", "It is against the law here."]


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("response", "['A one', 'B']", ["A one", "B"]),
        ("response", "[\"It's so\", 'B']", ["It's so", "B"]),
        ("response", json.dumps(LONG), LONG),
        ("responses", '["A", "B"]', ["A", "B"]),
        ("answers", "['A']", ["A"]),
        ("response", '["apple", "pear"]', ['["apple", "pear"]']),  # it may be the answer: a list was asked for
        ("response", "[1, 2]", ["[1, 2]"]),
        ("response", "[sic] He said so.", ["[sic] He said so."]),
        ("responses", "[broken", ["[broken"]),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_cell_that_holds_a_list_of_answers(
    tmp_path: Path, name: str, column: str, cell: str, expected: list[str]
) -> None:
    if name == "a.csv":
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([["prompt", column], ["q", cell]])
    else:
        (tmp_path / name).write_text(rows_of({"prompt": "q", column: cell}))
    found = read(tmp_path / name)
    assert [(response.sample, response.text) for _, response in found] == list(enumerate(expected))


def test_of_several_lists_the_only_one_with_answers_is_read(tmp_path: Path) -> None:
    table = {"schema": {"fields": [{"name": "prompt"}]}, "data": [{"index": 0, "prompt": "q", "response": "A"}]}
    (tmp_path / "a.json").write_text(json.dumps(table))  # pandas: orient="table"
    assert texts(read(tmp_path / "a.json")) == [("q", "A")]
    assert open_table(tmp_path / "a.json").format == "object"
