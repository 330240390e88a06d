"""For each recorded case of a file three more of its kind, by the case's number, with what is to be read in them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from hantei import benchmarks
from hantei.inputs.labelled import read_labelled
from tests.cases import test_file_cases
from tests.cases.views import views


class File(NamedTuple):
    """A file, what stands in it, and what is expected of each answer, as far as it matters; how it is read."""

    name: str
    text: str
    expected: list[dict[str, Any]]
    settings: Mapping[str, Any] = MappingProxyType({})


def rows(*cells: dict[str, Any]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in cells)


def chat(*messages: Any) -> str:
    return rows({"messages": list(messages)})


QA = [{"prompt": "q", "answer": "A", "status": "ok"}]
TWO = [{"prompt": "q", "answer": "A"}, {"prompt": "q2", "answer": "B"}]
R1, R2 = {"prompt": "q", "response": "A"}, {"prompt": "q2", "response": "B"}
USER = {"role": "user", "content": "q"}
THOUGHT = [{"answer": "No.", "reasoning": "plan", "status": "ok"}]
CUT = [{"answer": "", "reasoning": "plan", "status": "truncated"}]

FILES: dict[int, list[File]] = {
    4: [
        File("a.csv", "sep=|\nprompt|response\nq|A\n", QA),
        File("a.csv", '"sep=,"\r\nprompt,response\r\nq,A\r\n', QA),
        File("a.csv", "SEP=\t\nprompt\tresponse\nq\tA\n", QA),
    ],
    12: [
        File("a.csv", "prompt,response,a,b,c\nq,A\n", QA),
        File("a.tsv", "prompt\tresponse\tnote\nq\tA\n", QA),
        File("a.csv", "prompt;response;note\nq;A;x\nq2;B\n", TWO),
    ],
    13: [
        File("a.jsonl", json.dumps([R1, R2]), TWO),
        File("a.json", json.dumps(R1, indent=1) + "\n" + json.dumps(R2, indent=1), TWO),
        File("a.jsonl", json.dumps({"data": [R1, R2]}, indent=2), TWO),
    ],
    14: [
        File("a.json", json.dumps({"run": {"model": "m"}, "results": {"items": [R1, R2]}}), TWO),
        File("a.json", json.dumps({"n": 2, "names": [{"a": 1}], "rows": [R1, R2]}), TWO),
        File("a.json", json.dumps({"x": [R2], "deep": {"y": [R1]}}), QA, {"at": "deep.y"}),
    ],
    17: [
        File("a.json", json.dumps({"prompt": ["q", "q2"], "response": ["A", "B"]}), TWO),
        File("a.json", json.dumps({"columns": ["prompt", "response"], "data": [["q", "A"], ["q2", "B"]]}), TWO),
        File("a.json", json.dumps({"0": R1, "1": R2}), TWO),
    ],
    19: [
        File("a.jsonl", chat(USER, {"role": "assistant", "content": [{"type": "output_text", "text": "A"}]}), QA),
        File(
            "a.jsonl",
            chat(
                {"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "q"}]},
                {"role": "ai", "content": "A"},
            ),
            [{"asked": [("user", "[image]q")], "answer": "A"}],
        ),
        File(
            "a.jsonl", chat({"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "A"}]}), QA
        ),
    ],
    21: [
        File(
            "a.jsonl",
            chat(
                USER,
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "find", "input": {"q": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "3 found"}]},
                {"role": "assistant", "content": "A"},
            ),
            [
                {
                    "asked": [("user", "q"), ("assistant", ""), ("tool", "3 found")],
                    "calls": [("find", '{"q": 1}')],
                    "answer": "A",
                }
            ],
        ),
        File(
            "a.jsonl",
            chat(
                USER,
                {"type": "function_call", "name": "find", "arguments": "{}", "call_id": "1"},
                {"type": "function_call_output", "call_id": "1", "output": "none"},
                {"role": "assistant", "content": "A"},
            ),
            [{"asked": [("user", "q"), ("assistant", ""), ("tool", "none")], "calls": [("find", "{}")], "answer": "A"}],
        ),
        File(
            "a.jsonl",
            chat(
                {"role": "user", "parts": [{"text": "q"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "find", "args": {"n": 2}}}]},
                {"role": "function", "parts": [{"functionResponse": {"name": "find", "response": {"n": 3}}}]},
                {"role": "model", "parts": [{"text": "A"}]},
            ),
            [
                {
                    "asked": [("user", "q"), ("assistant", ""), ("tool", '{"n": 3}')],
                    "calls": [("find", '{"n": 2}')],
                    "answer": "A",
                }
            ],
        ),
    ],
    23: [
        File(
            "a.json",
            json.dumps([{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "A"}]}]),
            QA,
        ),
        File(
            "a.jsonl", rows({"conversation": [{"from": "user", "value": "q"}, {"from": "chatgpt", "value": "A"}]}), QA
        ),
        File(
            "a.jsonl",
            rows(
                {
                    "conversations": [
                        {"from": "system", "value": "s"},
                        {"from": "human", "value": "q"},
                        {"from": "bot", "value": "A"},
                    ]
                }
            ),
            [{"asked": [("system", "s"), ("user", "q")], "answer": "A"}],
        ),
    ],
    24: [
        File("a.csv", "messages\n\"[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'A'}]\"\n", QA),
        File(
            "a.jsonl",
            rows({"messages": str([USER, {"role": "assistant", "content": "It's so", "name": None}])}),
            [{"answer": "It's so"}],
        ),
        File(
            "a.csv",
            'messages\n"[{""role"": ""user"", ""content"": ""q""}, {""role"": ""ai"", ""content"": ""A""}]"\n',
            QA,
        ),
    ],
    32: [
        File(
            "a.jsonl",
            rows({**R1, "model_name": "m", "system": "Be kind."}),
            [{"system": "m", "asked": [("system", "Be kind."), ("user", "q")]}],
        ),
        File(
            "a.csv",
            "prompt,response,system\nq,A,You are a pirate.\n",
            [{"system": "a", "asked": [("system", "You are a pirate."), ("user", "q")]}],
        ),
        File("a.jsonl", rows({**R1, "system": "gpt-4o"}), [{"system": "gpt-4o", "asked": [("user", "q")]}]),
    ],
    33: [
        File(
            "a.jsonl",
            rows({"instruction": "Say it.", "input": "x", "output": "A"}),
            [{"prompt": "Say it.\n\nx", "answer": "A"}],
        ),
        File("a.csv", "Instruction,Input,Output\nSay it.,x,A\n", [{"prompt": "Say it.\n\nx", "answer": "A"}]),
        File("a.json", json.dumps([{"instruction": "q", "input": "", "output": "A"}]), QA),
    ],
    35: [
        File(name, text, [{"system": "a", "id": "1", "answer": "A"}, {"system": "b", "id": "1", "answer": "B"}])
        for name, text in (
            (
                "x.jsonl",
                rows({"id": 1, "generator": "a", **R1}, {"id": 1, "generator": "b", "prompt": "q", "response": "B"}),
            ),
            ("x.csv", "question_id,target_model,prompt,response\n1,a,q,A\n1,b,q,B\n"),
            (
                "x.jsonl",
                rows(
                    {"id": "1", "model_name": "a", **R1}, {"id": "1", "model_name": "b", "prompt": "q", "response": "B"}
                ),
            ),
        )
    ],
    36: [
        File(name, text, [{"sample": 0, "answer": "A"}, {"sample": 1, "answer": "B"}])
        for name, text in (
            ("a.jsonl", rows({"prompt": "q", "completions": ["A", "B"]})),
            ("a.jsonl", rows({"prompt": "q", "responses": [{"text": "A"}, {"text": "B"}]})),
            ("a.csv", "prompt,response\nq,\"['A', 'B']\"\n"),
        )
    ],
    37: [
        File("a.jsonl", rows({"prompt": "q", "response": 2.5}), [{"answer": "2.5", "status": "ok"}]),
        File("a.json", json.dumps([{"prompt": "q", "answer": False}]), [{"answer": "false", "status": "ok"}]),
        File("a.jsonl", rows({"prompt": "q", "output": 0}), [{"answer": "0", "status": "ok"}]),
    ],
    39: [
        File("a.jsonl", rows({"id": 3.0, **R1}), [{"id": "3"}]),
        File("a.json", json.dumps([{"question_id": 12.0, **R1}]), [{"id": "12"}]),
        File("a.jsonl", rows({"custom_id": 1e6, **R1}), [{"id": "1000000"}]),
    ],
    43: [
        File("a.csv", f"prompt,response,language\nq,A,{name}\n", [{"language": tag}])
        for name, tag in (("Japanese", "ja"), ("Chinese (Traditional)", "zh-Hant"), ("français", "fr"))
    ],
    53: [
        File("a.jsonl", rows({"prompt": "q", "response": "<mm:think>plan</mm:think>No."}), THOUGHT),
        File("a.csv", 'prompt,response\nq,"<|channel>thought\nplan<channel|>No."\n', THOUGHT),
        File("a.jsonl", rows({"prompt": "q", "response": "<longcat_think>plan"}), CUT),
        File("a.jsonl", rows({"prompt": "q", "response": "No.", "reasoning_content": "plan"}), THOUGHT),
        File(
            "a.jsonl",
            rows({"prompt": "q", "response": "Use <think> and </think>."}),
            [{"answer": "Use <think> and </think>.", "reasoning": None}],
        ),
    ],
}
"""Files by the number of the case of whose kind they are."""

CASES = [(number, file) for number, files in FILES.items() for file in files]


@pytest.mark.parametrize(
    ("number", "file"), CASES, ids=[f"{number}-{place}" for place, (number, _) in enumerate(CASES)]
)
def test_one_more(number: int, file: File, tmp_path: Path) -> None:
    (tmp_path / file.name).write_text(file.text, encoding="utf-8")
    found = views(tmp_path / file.name, **file.settings)
    assert [
        {name: one[name] for name in expected} for one, expected in zip(found, file.expected, strict=True)
    ] == file.expected


@pytest.mark.parametrize("name", ["a.json.gz", "a.csv.gz", "a.jsonl.gz"])
def test_42_more_compressed_files(name: str, tmp_path: Path) -> None:
    text = {"json": json.dumps([R1]), "csv": "prompt,response\nq,A\n", "jsonl": rows(R1)}[name.split(".")[1]]
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert [(one["prompt"], one["answer"]) for one in views(tmp_path / name)] == [("q", "A")]


@pytest.mark.parametrize(
    ("text", "mapping", "expected"),
    [
        # The class of the prompt beside what people said of the answer: the former is no verdict.
        ("prompt,response,label,final_label\nq,A,unsafe,1_full_compliance\n", {}, (None, None)),
        ("prompt,completion,label,final_label\nq,A,safe,2_full_refusal\n", {}, (None, None)),
        ("prompt,response,label\nq,A,unsafe\n", {}, (True, None)),
    ],
)
def test_45_more_labels(text: str, mapping: dict[str, str], expected: tuple[Any, Any], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    said = [(one.labels.unsafe, one.labels.action) for one in _labelled(tmp_path / "a.csv", mapping)]
    assert said == [expected]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("refusal", "full", "full"), ("refusal", "3_partial_refusal", "partial"), ("action", 3, 3)],
)
def test_46_more_labels_that_a_map_gives_to_one_field(field: str, value: Any, said: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(rows({**R1, "label": value}))
    (one,) = _labelled(tmp_path / "a.jsonl", {field: "label"})
    assert (one.labels.unsafe, getattr(one.labels, field)) == (None, said)


def _labelled(path: Path, mapping: dict[str, str]) -> list[Any]:
    return read_labelled([path], mapping)


@pytest.mark.parametrize("name", ["Request", "forbidden_prompt", "behaviour"])
def test_57_more_names_of_prompts(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{name},Category\nHow?,x\n")
    assert [prompt.text for prompt in benchmarks.load_benchmark(str(tmp_path / "a.csv"))] == ["How?"]


def test_each_case_of_a_file_has_three_more() -> None:
    elsewhere = {42, 45, 46, 57}
    assert FILES.keys() | elsewhere == test_file_cases.EXPECTED.keys()
    assert not FILES.keys() & elsewhere
    assert all(len(files) >= 3 for files in FILES.values())
