from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hantei import benchmarks
from hantei.errors import FetchError, InputError, RowError, UsageError
from hantei.inputs import open_table
from hantei.record_lines import read_records, to_line
from hantei.records import Message, Prompt
from tests.benchmarks.conftest import write_csv, write_jsonl


def test_the_starter_is_there_with_its_languages() -> None:
    prompts = benchmarks.prompts_by_id("starter")
    assert {prompt.language for prompt in prompts.values()} == {"en", "ja", "zh"}
    assert {prompt.benchmark for prompt in prompts.values()} == {"starter"}
    assert all(prompt.reference for prompt in prompts.values())
    assert any(len(prompt.messages) > 1 for prompt in prompts.values())
    assert any(prompt.region for prompt in prompts.values())


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_the_starter_agrees_with_its_card_and_its_file(language: str) -> None:
    card = benchmarks.load_card("starter")
    [path] = [path for path in benchmarks.locate("starter") if path.stem == language]
    report = benchmarks.check(card, [path])
    assert report.problems == ()
    assert report.parts[0].unknown_labels == {}
    assert list(benchmarks.load_benchmark(f"starter:{language}")) == list(read_records(path, Prompt))


def test_every_recorded_answer_belongs_to_a_prompt_of_the_starter() -> None:
    prompts = benchmarks.prompts_by_id("starter")
    for path in benchmarks.starter_answers():
        assert path.is_file()
        answers = [row.cells for row in open_table(path).rows() if not isinstance(row, RowError)]
        assert {answer["prompt_id"] for answer in answers} <= set(prompts)
        assert {answer["system"] for answer in answers} == {"careful", "careless"}


def test_a_file_of_hanteis_own_prompts(tmp_path: Path) -> None:
    turns = (
        Message(role="user", content="a"),
        Message(role="assistant", content="b"),
        Message(role="user", content="c"),
    )
    written = [
        Prompt(id="one", messages=turns[:1], benchmark="b"),  # a line without the fields that hold their default
        Prompt(
            id="two",
            messages=turns,
            benchmark="b",
            language="ja",
            intent="benign",
            harm="do-not-answer/misinformation-harms/material-harm",
            reference="r",
            criteria="k",
            region="JP",
            meta={"x": [1]},
        ),
    ]
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(b"".join(map(to_line, written)))
    assert list(benchmarks.load_benchmark(str(path))) == written


def test_a_table_of_prompts_with_usual_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", [{"Question": "q", "lang": "zh", "theme": "t"}], "utf-8-sig")
    [prompt] = benchmarks.load_benchmark(str(path))
    assert prompt == Prompt(
        id="1", messages=(Message(role="user", content="q"),), benchmark="mine", language="zh", meta={"theme": "t"}
    )


def test_a_file_without_a_prompt_column(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", [{"a": "1"}])
    with pytest.raises(InputError, match="no column for the prompt"):
        list(benchmarks.load_benchmark(str(path)))


def test_a_wrong_intent_is_named(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "mine.jsonl", [{"prompt": "q", "intent": "evil"}])
    with pytest.raises(RowError, match=r"row 1, column 'intent'.*evil"):
        list(benchmarks.load_benchmark(str(path)))


def test_an_id_twice(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "mine.jsonl", [{"id": "x", "prompt": "q"}, {"id": "x", "prompt": "r"}])
    with pytest.raises(RowError, match=r"row 2, column 'id'.*'x' was there before"):
        benchmarks.prompts_by_id(str(path))


def test_a_conversation_that_ends_with_an_answer_is_no_prompt(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    path = write_jsonl(tmp_path / "mine.jsonl", [{"messages": turns}])
    with pytest.raises(RowError, match="last message"):
        list(benchmarks.load_benchmark(str(path)))


def test_identity_of_a_file_is_its_checksum(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "mine.jsonl", [{"prompt": "q"}])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert benchmarks.identity(str(path)) == {
        "name": "mine.jsonl",
        "split": None,
        "revision": None,
        "files": {"prompts/mine.jsonl": digest},
    }


def test_identity_of_the_starter_and_of_one_split() -> None:
    assert list(benchmarks.identity("starter")["files"]) == ["en/en.jsonl", "ja/ja.jsonl", "zh/zh.jsonl"]
    one = benchmarks.identity("starter:ja")
    assert (one["split"], list(one["files"])) == ("ja", ["ja/ja.jsonl"])


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such benchmark or file"):
        benchmarks.find(str(tmp_path / "absent.jsonl"))
    with pytest.raises(UsageError, match="starter has en, ja, zh"):
        benchmarks.find("starter:fr")
    with pytest.raises(FetchError, match=r"hantei benchmarks fetch xstest.*--path FILE"):
        benchmarks.find("xstest")


def test_only_the_splits_for_measuring_are_the_default(tmp_path: Path) -> None:
    row = {"prompt": "p", "category": "c"}
    for kind in ("80k", "hard-1k", "toxic"):
        write_csv(tmp_path / f"or-bench-{kind}.csv", [row])
    benchmarks.fetch("or-bench", path=tmp_path)
    assert list(benchmarks.prompts_by_id("or-bench")) == ["hard-1k-1", "toxic-1"]
    assert list(benchmarks.prompts_by_id("or-bench:80k")) == ["80k-1"]


def test_a_split_that_was_not_given(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "or-bench-80k.csv", [{"prompt": "p", "category": "c"}])
    benchmarks.fetch("or-bench", path=path)
    with pytest.raises(UsageError, match="only 80k"):
        benchmarks.find("or-bench")
