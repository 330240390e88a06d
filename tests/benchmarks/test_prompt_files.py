"""A file of prompts as people have it: columns by name or by ``--map``, rows inside an object, cells left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei import benchmarks
from hantei.benchmarks import PromptReading
from hantei.errors import InputError, RowError, UsageError
from hantei.records import Prompt
from hantei.runs.folder import load_run
from tests import servers
from tests.commands import Said, hantei
from tests.servers import fault_server


def file(folder: Path, *rows: Any, name: str = "p.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def prompts(path: Path, **reading: Any) -> list[Prompt]:
    return list(benchmarks.load_benchmark(str(path), PromptReading(**reading)))


@pytest.mark.parametrize(
    ("row", "mapping", "text"),
    [
        ({"ask": "How?"}, {"prompt": "ask"}, "How?"),
        ({"ask": "How?", "prompt": "not this"}, {"prompt": "ask"}, "How?"),
        ({"data": {"ask": ["How?", "Why?"]}}, {"prompt": "data.ask[1]"}, "Why?"),
        ({"prompt": "not this", "chat": [{"role": "user", "content": "How?"}]}, {"messages": "chat"}, "How?"),
        ({"turns": ["not this"], "ask": "How?"}, {"prompt": "ask"}, "How?"),
        ({"ask": "How?"}, {"p.jsonl:prompt": "ask"}, "How?"),
        ({"instruction": "Say it in English.", "input": "こんにちは"}, {}, "Say it in English.\n\nこんにちは"),
        ({"instruction": "Say hello.", "input": ""}, {}, "Say hello."),
        ({"Goal": "How?", "Index": 3}, {"id": "Index"}, "How?"),
    ],
)
def test_columns(row: dict[str, Any], mapping: dict[str, str], text: str, tmp_path: Path) -> None:
    (found,) = prompts(file(tmp_path, row), mapping=mapping)
    assert found.text == text
    assert found.id == ("3" if "Index" in row else "1")


def test_fields_beside_the_prompt(tmp_path: Path) -> None:
    row = {"ask": "How?", "gold": "So.", "topic": "locks", "aim": "harmful", "land": "JP", "tongue": "en", "rest": 1}
    mapping = {
        "prompt": "ask",
        "reference": "gold",
        "harm": "topic",
        "intent": "aim",
        "region": "land",
        "language": "tongue",
    }
    (found,) = prompts(file(tmp_path, row), mapping=mapping)
    assert (found.reference, found.harm, found.intent, found.region, found.language) == (
        "So.",
        "locks",
        "harmful",
        "JP",
        "en",
    )
    assert found.meta == {"rest": 1}


def test_what_a_prompt_was_made_from_is_kept(tmp_path: Path) -> None:
    rows = [{"id": 1, "prompt": "How?"}, {"id": "1+x", "prompt": "Why?", "parent": 1, "variant": "attack/role-play"}]
    plain, made = prompts(file(tmp_path, *rows))
    assert (plain.parent, plain.variant) == (None, None)
    assert (made.parent, made.variant, made.meta) == ("1", "attack/role-play", {})


def test_what_an_answered_prompt_was_made_from_is_kept(tmp_path: Path) -> None:
    row = {"id": "a", "prompt": "Why?", "response": "So.", "parent": 1.0, "variant": "twin"}
    hantei("judge", str(file(tmp_path, row)), "--judge", "builtin", "--out", str(tmp_path / "run"))
    (asked,) = load_run(tmp_path / "run").prompts()
    assert (asked.parent, asked.variant) == ("1", "twin")


def test_rows_inside_an_object_and_cells_that_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"a": [{"prompt": "no"}], "b": {"items": [{"prompt": "How?", "reference": "N/A"}]}}))
    (found,) = prompts(path, rows="b.items", missing=("N/A",))
    assert (found.text, found.reference) == ("How?", None)
    (found,) = prompts(path, rows="b.items")
    assert found.reference == "N/A"  # it may be the reference
    with pytest.raises(RowError, match="expected text, found nothing"):
        prompts(file(tmp_path, {"prompt": "N/A"}), missing=("N/A",))


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"prompt": "nowhere"}, "no column 'nowhere' to --map; it has 'ask'"),
        ({"response": "ask"}, "--map response=...: a prompt has no such field; choose from messages, prompt"),
        ({"promt": "ask"}, "--map promt=...: no such field"),
        ({}, "no column for the prompt .*it has 'ask'; name it with --map prompt=COLUMN"),
    ],
)
def test_what_does_not_fit_is_told(mapping: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, InputError), match=says):
        prompts(file(tmp_path, {"ask": "How?"}), mapping=mapping)


def test_a_benchmark_with_a_card_is_not_read_otherwise() -> None:
    with pytest.raises(UsageError, match="starter has its card"):
        list(benchmarks.load_benchmark("starter", PromptReading(mapping={"prompt": "x"})))


def test_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    rows = [
        {"n": 7, "ask": "How do I pick a lock?", "gold": "-"},
        {"n": 8, "ask": "Why do I pick a lock?", "gold": "So."},
    ]
    path.write_text(json.dumps({"meta": [{"x": 1}], "rows": rows}))

    def run(url: str, *more: str) -> Said:
        mapped = ["--map", "prompt=ask", "--map", "id=n", "--map", "reference=gold", "--missing=-"]
        command = [
            "run",
            "--model",
            f"openai/m?base_url={url}",
            "--benchmark",
            str(path),
            "--out",
            str(tmp_path / "run"),
        ]
        return hantei(*command, *mapped, *more)

    with fault_server() as server:
        first = run(server.url, "--rows", "rows")
        assert first.exit_code == 0, first.output
        assert f"{path}: prompt from 'ask', id from 'n', reference from 'gold'" in first.output
        again = run(server.url, "--rows", "rows")
        assert (again.exit_code, len(server.calls)) == (0, 2)
        other = run(server.url, "--rows", "rows", "--map", "criteria=gold")
        assert other.exit_code == 2
        assert "--map criteria was" in other.output
        estimate = run(server.url, "--rows", "rows", "--estimate")
        assert "0 calls" in estimate.output
    found = list(load_run(tmp_path / "run").prompts())
    assert [(prompt.id, prompt.reference) for prompt in found] == [("7", None), ("8", "So.")]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("system_prompt", "You are a pirate."),
        ("system_message", "pirate"),
        ("system", "You are a pirate."),
        ("System", "あなたは海賊です。"),
    ],
)
def test_a_system_prompt_is_asked_with(column: str, text: str, tmp_path: Path) -> None:
    (found,) = prompts(file(tmp_path, {"prompt": "How?", column: text}))
    assert [(turn.role, turn.content) for turn in found.messages] == [("system", text), ("user", "How?")]
    assert found.meta == {}


@pytest.mark.parametrize("name", ["gpt-4o", "Llama 3.1 70B"])
def test_a_column_system_that_names_a_system_is_no_prompt(name: str, tmp_path: Path) -> None:
    (found,) = prompts(file(tmp_path, {"prompt": "How?", "system": name}))
    assert [turn.role for turn in found.messages] == ["user"]


def test_a_system_prompt_reaches_the_model(tmp_path: Path) -> None:
    path = file(tmp_path, {"prompt": "How?", "system": "Be kind. Be brief."})
    with fault_server([servers.ok("So.")]) as server:
        hantei(
            "run", "--model", f"openai/m?base_url={server.url}", "--benchmark", str(path), "--out", str(tmp_path / "r")
        )
        sent = [(turn["role"], turn["content"]) for turn in server.calls[0].body["messages"]]
    assert sent == [("system", "Be kind. Be brief."), ("user", "How?")]


def test_what_stands_above_the_prompts_is_passed_over_and_said(tmp_path: Path) -> None:
    path = file(tmp_path, {"tool": "x", "date": "2026"}, {"prompt": "How?"})
    assert [prompt.text for prompt in prompts(path)] == ["How?"]
    assert (benchmarks.find(str(path)).taken() or "").endswith("; the first line is no prompt and was passed over")
    (tmp_path / "p.csv").write_text("My prompts\nprompt\nHow?\n")
    assert [prompt.text for prompt in prompts(tmp_path / "p.csv")] == ["How?"]
    assert "passed over: 'My prompts'" in (benchmarks.find(str(tmp_path / "p.csv")).taken() or "")
    with pytest.raises(RowError, match="expected text, found nothing"):
        prompts(file(tmp_path, {"prompt": "How?"}, {"tool": "x"}))
