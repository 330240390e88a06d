"""Files as people really have them: the recorded cases, and more of each kind."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei import benchmarks
from hantei.errors import HanteiError, InputError, RowError
from hantei.inputs import Columns, open_table
from hantei.inputs.labelled import read_labelled
from hantei.records import Prompt, Response
from hantei.tasks.options import Options
from hantei.tasks.sources import open_sources
from tests.cases.recorded import INPUTS, needs_cases
from tests.cases.views import views

A = "I can't help with breaking into a home. A locksmith can open your own door."
Read = list[tuple[Prompt, Response]]


def read(path: Path, at: str | None = None, **settings: Any) -> Read:
    found: Read = []
    for table in open_sources(str(path), Options(rows=at)):
        columns = Columns(table.path, **settings)
        for row in table.rows():
            if isinstance(row, RowError):
                raise row
            found += [columns.records(one, False) for one in columns.samples(row)]
    return found


def texts(found: Read) -> list[tuple[str, str]]:
    return [(prompt.text, response.text) for prompt, response in found]


LOCK = "How do I pick a lock?"
SORRY = "I'm sorry, but I can't help with that."


def tool_call() -> dict[str, Any]:
    (found,) = views(INPUTS / "10_tool_call.jsonl")
    return {name: found[name] for name in ("asked", "calls", "answer", "status")}


EXPECTED: dict[int, Callable[[], bool]] = {
    4: lambda: texts(read(INPUTS / "04_sep_line.csv")) == [(LOCK, A)],
    12: lambda: (
        [a for _, a in texts(read(INPUTS / "30_short_rows.csv"))] == ["I cannot help.", "I cannot help.", "No."]
    ),
    13: lambda: texts(read(INPUTS / "31_jsonl_named_json.json")) == [(LOCK, A), ("q2", "No.")],
    14: lambda: [r.status for _, r in read(INPUTS / "16_jbb.json")] == ["ok", "error"],
    17: lambda: texts(read(INPUTS / "32_columns_json.json")) == [(LOCK, A), ("q2", "No.")],
    19: lambda: texts(read(INPUTS / "09_parts.jsonl")) == [(LOCK, A)],
    21: lambda: (
        tool_call()
        == {
            "asked": [
                ("system", "Be brief."),
                ("user", "Find the lock guide"),
                ("assistant", ""),
                ("tool", "3 results"),
            ],
            "calls": [("search", '{"q":"lock"}')],
            "answer": A,
            "status": "ok",
        }
    ),
    23: lambda: texts(read(INPUTS / "11_sharegpt.json")) == [(LOCK, A)],
    24: lambda: texts(read(INPUTS / "36_pyrepr_messages.csv")) == [(LOCK, "I cannot help.")],
    32: lambda: (
        [(p.messages[0].role, r.system) for p, r in read(INPUTS / "45_system_prompt_col.jsonl")]
        == [("system", "gpt-x")] * 2
    ),
    33: lambda: read(INPUTS / "35_alpaca_input.json")[1][0].text == "Translate the text to English.\n\n別の文",
    35: lambda: [r.id for _, r in read(INPUTS / "66_two_models_same_id.jsonl")] == ["m1/1/0", "m2/1/0"],
    36: lambda: (
        [(r.sample, r.text) for _, r in read(INPUTS / "26_list_answers.jsonl")] == [(0, A), (1, "Sure: step 1")]
        and texts(read(INPUTS / "73_lighteval_details.parquet")) == [(LOCK, "I cannot help."), (LOCK, "No.")]
    ),
    37: lambda: [r.text for _, r in read(INPUTS / "21_number_answer.jsonl")] == ["20", "true"],
    39: lambda: [p.id for p, _ in read(INPUTS / "24_float_ids.jsonl")] == ["1", "2"],
    42: lambda: (
        texts(read(INPUTS / "33_gz.jsonl.gz")) == [(LOCK, A)]
        and "save it as CSV UTF-8" in refusal(INPUTS / "53_xlsx.xlsx")
    ),
    43: lambda: (
        [p.language for p, _ in read(INPUTS / "54_language_names.csv")] == ["ja", "zh-CN", "ja-Jpan", "zh-Hans"]
    ),
    45: lambda: [r.labels.unsafe for r in read_labelled([INPUTS / "67_xstest_label.csv"])] == [None, None],
    46: lambda: (
        [r.labels.unsafe for r in read_labelled([INPUTS / "46_label_text.csv"], {"refusal": "label"})] == [None, None]
    ),
    57: lambda: (
        [
            prompt.text
            for name in ("62_prompts_goal.csv", "63_prompts_hb.csv")
            for prompt in benchmarks.load_benchmark(name_of(name))
        ]
        == [LOCK, LOCK]
    ),
    53: lambda: (
        [(r.text, (r.reasoning or "")[:18], r.status) for _, r in read(INPUTS / "68_recorded_think.jsonl")]
        == [(SORRY, "The user asks how ", "ok"), (SORRY, "", "ok"), ("", "The user asks how ", "truncated")]
    ),
}
"""What each case of a file gives, by its number."""


def name_of(file: str) -> str:
    return str(INPUTS / file)


def batch_answers() -> list[str]:
    mapping = {"prompt": "custom_id", "response": "response.body.choices[0].message.content"}
    columns = Columns(Path("batch.jsonl"), mapping)
    rows = [row for row in open_table(INPUTS / "12_openai_batch.jsonl").rows() if not isinstance(row, RowError)]
    return [columns.records(row, False)[1].text for row in rows]


def refusal(path: Path) -> str:
    with pytest.raises(HanteiError) as caught:
        read(path)
    return str(caught.value)


@needs_cases
@pytest.mark.parametrize("number", EXPECTED)
def test_recorded_case(number: int) -> None:
    assert EXPECTED[number]()


@needs_cases
def test_a_batch_is_read_by_paths_too() -> None:
    assert batch_answers() == [A, ""]


@needs_cases
def test_recorded_case_18_a_first_line_about_the_run_is_passed_over_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    options = hantei.Options(mapping={"prompt": "user", "response": "assistant"})
    run = hantei.judge(str(INPUTS / "74_meta_first.jsonl"), out=tmp_path / "run", options=options, say=said.append)
    assert [response.text for response in run.responses()] == ["I cannot help.", "No."]
    assert any("the first line is no answer and was passed over" in line for line in said)


def rows_of(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def answers(tmp_path: Path, name: str, text: str, **settings: Any) -> list[str]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return [response.text for _, response in read(tmp_path / name, **settings)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tab.csv", "sep=\t\nprompt\tresponse\nq\tA\n"),
        ("quoted.csv", '"sep=|"\r\nprompt|response\r\nq|A\r\n'),
        ("upper.csv", "SEP=,\nprompt,response\nq,A\n"),
        ("short.csv", "prompt,response,a,b\nq,A\n"),
        ("short.tsv", "prompt\tresponse\tnote\nq\tA\n"),
        ("array.jsonl", '[\n{"prompt": "q", "response": "A"}\n]'),
        ("oneline.jsonl", '[{"prompt": "q", "response": "A"}]'),
        ("pretty.json", '{\n "data": [\n {"prompt": "q", "response": "A"}\n]}'),
        ("deep.json", '{"run": {"items": [{"prompt": "q", "response": "A"}]}, "n": 1}'),
        ("split.json", '{"columns": ["prompt", "response"], "index": [0], "data": [["q", "A"]]}'),
        ("lists.json", '{"prompt": ["q"], "response": ["A"]}'),
        ("index.json", '{"0": {"prompt": "q", "response": "A"}}'),
        ("single.json", '{"prompt": "q", "response": "A"}'),
    ],
)
def test_tables_in_every_shape(tmp_path: Path, name: str, text: str) -> None:
    assert answers(tmp_path, name, text) == ["A"]


U = {"role": "user", "content": "q"}


@pytest.mark.parametrize(
    "messages",
    [
        [U, {"role": "ai", "content": "A"}],
        [{"role": "User", "content": "q"}, {"role": "bot", "content": "A"}],
        [
            {"role": "developer", "content": "s"},
            U,
            {"role": "assistant", "content": [{"type": "output_text", "text": "A"}]},
        ],
        [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "A"}]}],
        [U, {"role": "assistant", "content": [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "A"}]}],
        [
            U,
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]},
            {"role": "assistant", "content": "A"},
        ],
        [U, {"role": "assistant", "content": "<think>t</think>A"}],
        [U, {"role": "assistant", "content": [{"type": "refusal", "refusal": "A"}]}],
        [
            U,
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "find", "input": {"q": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "3 found"}]},
            {"role": "assistant", "content": "A"},
        ],
        [
            U,
            {"type": "function_call", "name": "find", "arguments": "{}", "call_id": "1"},
            {"type": "function_call_output", "call_id": "1", "output": "3 found"},
            {"role": "assistant", "content": "A"},
        ],
        [
            U,
            {"role": "model", "parts": [{"functionCall": {"name": "find", "args": {}}}]},
            {"role": "function", "parts": [{"functionResponse": {"name": "find", "response": {"n": 3}}}]},
            {"role": "model", "parts": [{"text": "A"}]},
        ],
        [
            {"role": "user", "content": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": "q"}]},
            {"role": "gpt", "content": "A"},
        ],
    ],
)
def test_conversations_in_every_layout(tmp_path: Path, messages: list[Any]) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"messages": messages}))
    ((prompt, response),) = read(tmp_path / "a.jsonl")
    assert (response.text, response.status) == ("A", "ok")
    assert prompt.text.endswith("q")
    if '"t"' in json.dumps(messages) or "<think>" in json.dumps(messages):
        assert response.reasoning == "t"
    if len(messages) == 4:
        assert [turn.role for turn in prompt.messages] == ["user", "assistant", "tool"]
        assert prompt.messages[1].tool_calls[0].name == "find"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"role": "narrator", "content": "x"}, "row 1, column 'messages': message 2: role 'narrator' is not known"),
        ({"role": "assistant", "content": [{"type": "hologram"}]}, "message 2: a part of type 'hologram' is not known"),
        ("A", "message 2: expected an object with role and content, found text"),
    ],
)
def test_what_is_not_known_is_named(tmp_path: Path, message: Any, says: str) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"messages": [U, message]}))
    with pytest.raises(RowError) as caught:
        read(tmp_path / "a.jsonl")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text", ["<thinking>bad plan</thinking>No.", "[THINK]bad plan[/THINK] No.", "bad plan</think>No."]
)
def test_recorded_reasoning_is_apart(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"prompt": "q", "response": text}))
    ((_, response),) = read(tmp_path / "a.jsonl")
    assert (response.text, response.reasoning) == ("No.", "bad plan")


@pytest.mark.parametrize(
    ("reason", "status"), [("max_tokens", "truncated"), ("SAFETY", "filtered"), ("abort", "error"), ("end_turn", "ok")]
)
def test_recorded_finish_reasons(tmp_path: Path, reason: str, status: str) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"prompt": "q", "response": "A", "finish_reason": reason}))
    assert [response.status for _, response in read(tmp_path / "a.jsonl")] == [status]


@pytest.mark.parametrize("name", ["model_name", "generator", "target_model"])
def test_names_of_systems(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"prompt": "q", "response": "A", name: "m", "system": "Be kind."}))
    ((prompt, response),) = read(tmp_path / "a.jsonl")
    assert (response.system, prompt.messages[0].content) == ("m", "Be kind.")


@pytest.mark.parametrize("system", ["You are helpful.", "あなたは親切です。", "Be kind. Be brief."])
def test_a_system_column_that_holds_a_sentence(tmp_path: Path, system: str) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"prompt": "q", "response": "A", "system": system}))
    ((prompt, response),) = read(tmp_path / "a.jsonl")
    assert (response.system, prompt.messages[0].role) == ("a", "system")


@pytest.mark.parametrize("value", ["NaN", float("nan"), None, "null"])
def test_missing_answers(tmp_path: Path, value: Any) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"prompt": "q", "response": value}, {"prompt": "q", "response": "N/A"}))
    assert [response.status for _, response in read(tmp_path / "a.jsonl")] == ["error", "ok"]
    assert [r.status for _, r in read(tmp_path / "a.jsonl", missing=("N/A",))] == ["error", "error"]


@pytest.mark.parametrize("name", ["Goal", "Behavior", "forbidden_prompt"])
def test_names_of_prompts(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_text(f"{name},response\nq,A\n")
    assert texts(read(tmp_path / "a.csv")) == [("q", "A")]


def test_a_map_for_one_file_of_several(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("prompt,out,response\nq,A,x\n")
    (tmp_path / "b.csv").write_text("prompt,response\nq,B\n")
    assert [
        answers(tmp_path, n, (tmp_path / n).read_text(), mapping={"a.csv:response": "out"}) for n in ("a.csv", "b.csv")
    ] == [["A"], ["B"]]
    found = {response.text for _, response in read(tmp_path / "*.csv")}
    assert found == {"x", "B"}
    assert len(read(tmp_path)) == 2


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(rows_of({"prompt": "q", "response": "A"}).encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    assert [(r.system, r.text) for _, r in read(Path("-"))] == [("stdin", "A")]


def workbook(path: Path, cells: str) -> None:
    """Write a workbook of one sheet, whose rows are these pieces of its XML."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    parts = {
        "_rels/.rels": f'{links}<Relationship Id="r1" Type="{rel}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="S" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{links}<Relationship Id="r1" Type="{rel}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, head + text)


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_workbook_gives_values_never_formulas(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    header = f'<row r="1">{text_cell("A1", "id")}{text_cell("B1", "prompt")}{text_cell("C1", "response")}</row>'
    formula = '<c r="C2" t="str"><f>CONCATENATE("A","")</f><v>A</v></c>'
    workbook(tmp_path / "a.xlsx", f'{header}<row r="2"><c r="A2"><v>7</v></c>{text_cell("B2", "q")}{formula}</row>')
    ((prompt, response),) = read(tmp_path / "a.xlsx")
    assert (prompt.id, prompt.text, response.text) == ("7", "q", "A")


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hantei.inputs.byte_sources._HARMLESS", 1 << 20)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"prompt,response\n" + b"x" * (8 << 20)))
    with pytest.raises(InputError, match="decompresses to far more than a table holds"):
        read(tmp_path / "a.csv.gz")
    (tmp_path / "b.csv.gz").write_bytes(b"\x1f\x8bnot gzip at all")
    with pytest.raises(InputError, match="cannot be decompressed"):
        read(tmp_path / "b.csv.gz")


def test_zstd(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(rows_of({"prompt": "q", "response": "A"}).encode()))
    assert texts(read(tmp_path / "a.jsonl.zst")) == [("q", "A")]


@pytest.mark.parametrize("messages", ["[" * 100_000, "{'a': " * 5000, "__import__('os')", "[1] * 10 ** 9"])
def test_hostile_text_of_messages_is_a_bad_row(tmp_path: Path, messages: str) -> None:
    (tmp_path / "a.jsonl").write_text(rows_of({"messages": messages}))
    with pytest.raises(RowError, match="expected a JSON list of messages"):
        read(tmp_path / "a.jsonl")


def test_deep_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n"a":' * 100_000)
    with pytest.raises(InputError, match=r"nested too deeply|is not JSON"):
        read(tmp_path / "a.json")
