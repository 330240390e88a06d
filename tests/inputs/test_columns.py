from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError, RowError, UsageError
from hantei.inputs import MAX_FIELD, Columns, Row, check_language
from hantei.records import Message, Prompt

FILE = Path("answers.csv")


def records(cells: dict[str, Any], bare: bool = False, **settings: Any) -> Any:
    return Columns(FILE, **settings).records(Row(7, cells), bare)


@pytest.mark.parametrize("question", ["prompt", "query", "Question", "instruction", "context", "text", "问题", "質問"])
@pytest.mark.parametrize("answer", ["response", "Answer", "output", "completion", "回答"])
def test_usual_names(question: str, answer: str) -> None:
    prompt, response = records({question: "Q", answer: "A"})
    assert prompt.messages == (Message(role="user", content="Q"),)
    assert (response.text, response.id, response.system, response.prompt_id) == ("A", "answers/7/0", "answers", "7")


def test_ids_systems_samples_and_columns_of_the_users_own() -> None:
    cells = {"ID": 12, "model": "m", "sample": "3", "question": "Q", "answer": "A", "harmful": "1", "note": None}
    prompt, response = records(cells)
    assert (prompt.id, response.id, response.system, response.sample) == ("12", "m/12/3", "m", 3)
    assert response.meta == {"harmful": "1", "note": None}
    assert records({"id": "x", "question": "Q", "answer": "A"}, bare=True)[1].id == "x"


def test_messages() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    prompt, response = records({"messages": turns, "response": "d"})
    assert [m.content for m in prompt.messages] == ["a", "b", "c"]
    assert response.text == "d"
    prompt, response = records({"messages": turns[:2]})
    assert [m.content for m in prompt.messages] == ["a"]
    assert response.text == "b"
    with pytest.raises(RowError, match="expected the last message to be the assistant's"):
        records({"messages": turns})
    with pytest.raises(RowError, match="message 1: expected the user's text, found none"):
        records({"messages": [{"role": "user"}], "response": "d"})
    with pytest.raises(RowError, match="expected a JSON list"):
        records({"messages": "hello", "response": "d"})


@pytest.mark.parametrize(
    ("turns", "match"),
    [
        ([("user", "a"), ("assistant", "b")], "expected the user's message before the answer, found the assistant's"),
        ([("system", "a")], "expected the user's message before the answer, found the system's"),
        ([("user", "")], "message 1: expected the user's text, found none"),
        ([("system", "a"), ("user", "b\0")], "column 'messages': message 2 holds a NUL byte at character 2"),
        ([("user", "x" * (MAX_FIELD + 1))], "message 1 has 10,000,001 characters; the limit is 10,000,000"),
        ([], "expected a list of messages, found an empty list"),
    ],
    ids=["answered", "system", "empty", "nul", "long", "none"],
)
def test_messages_that_do_not_ask(turns: list[tuple[str, str]], match: str) -> None:
    with pytest.raises(RowError, match=match):
        records({"messages": [{"role": role, "content": content} for role, content in turns], "response": "d"})


def test_a_conversation_with_its_answer_must_have_asked() -> None:
    turns = [{"role": "system", "content": "a"}, {"role": "assistant", "content": "b"}]
    with pytest.raises(RowError, match="expected the user's message before the answer, found the system's"):
        records({"messages": turns})
    with pytest.raises(RowError, match="expected a JSON list"):
        records({"messages": "[" * 100_000})


@pytest.mark.parametrize("tag", ["en", "ja", "zh-Hans", "zh-Hant-TW", "yue", "es-419"])
def test_language_tags(tag: str) -> None:
    assert check_language(tag) == tag
    assert records({"prompt": "Q", "response": "A", "language": tag})[0].language == tag


@pytest.mark.parametrize(("name", "tag"), [("English", "en"), ("zh_CN", "zh-CN"), ("日本語", "ja"), ("Chinese", "zh")])
def test_language_names_and_underscores(name: str, tag: str) -> None:
    assert check_language(name) == tag
    assert records({"prompt": "Q", "response": "A", "language": name})[0].language == tag


@pytest.mark.parametrize("tag", ["Klingon", "e", "ja-", "ქართული"])
def test_what_is_no_language_tag(tag: str) -> None:
    with pytest.raises(UsageError, match=r"--language .*expected a language tag such as en, ja, zh-Hans"):
        check_language(tag)
    columns = Columns(FILE)
    prompt, _ = columns.records(Row(1, {"prompt": "これは何ですか", "response": "A", "language": tag}), False)
    assert prompt.language == "ja"
    assert [f"language '{tag}' is not known" in line for line in columns.notices] == [True]


@pytest.mark.parametrize(
    ("cells", "match"),
    [
        (
            {"prompt": "Q", "response": {"a": 1}},
            "answers.csv, row 7, column 'response': expected text, found an object",
        ),
        ({"prompt": [1], "response": "A"}, "column 'prompt': expected text, found a list"),
        ({"prompt": "", "response": "A"}, "column 'prompt': expected text, found an empty cell"),
        ({"prompt": "Q", "response": "A", "id": 1.5}, "column 'id': expected an id, found a number that is not whole"),
        ({"prompt": "Q", "response": "A", "sample": "two"}, "expected a whole number from 0, found 'two'"),
        ({"prompt": "Q", "response": "A", "sample": "1" * 5000}, "of at most 9 digits, found 5,000"),
        ({"prompt": "Q", "response": "A", "id": 10**5000}, "expected an id, found one of more than 30 digits"),
        ({"prompt": "Q", "response": "A", "id": "1\0"}, "column 'id': holds a NUL byte at character 2"),
        ({"prompt": "Q\0", "response": "A"}, "column 'prompt': holds a NUL byte at character 2"),
        ({"prompt": "Q", "response": "A\0"}, "column 'response': holds a NUL byte at character 2"),
        ({"prompt": "Q", "response": "A", "intent": "evil"}, "expected one of harmful, borderline, benign"),
    ],
)
def test_cells_that_do_not_hold_what_they_should(cells: dict[str, Any], match: str) -> None:
    with pytest.raises(RowError, match=match):
        records(cells)


def test_an_empty_answer_is_an_error_of_the_model_not_a_bad_row() -> None:
    for empty in ("", None):
        _, response = records({"prompt": "Q", "response": empty})
        assert (response.status, response.text, response.error) == ("error", "", "the answer is empty")


def test_missing_columns_say_what_there_is_and_what_to_do() -> None:
    with pytest.raises(InputError, match=r"no column for the answer .*it has 'id', 'frage'; .*--map response=COLUMN"):
        records({"id": 1, "frage": "Q"})
    with pytest.raises(InputError, match="no column for the question"):
        records({"answer": "A"})
    with pytest.raises(InputError, match="; it has no columns; name it with --map"):
        records({})


def test_map() -> None:
    prompt, response = records({"frage": "Q", "antwort": "A"}, mapping={"prompt": "frage", "response": "antwort"})
    assert (prompt.text, response.text) == ("Q", "A")
    with pytest.raises(InputError, match="no column 'frage' to --map"):
        records({"q": "Q", "answer": "A"}, mapping={"prompt": "frage"})
    with pytest.raises(UsageError, match=r"--map frage=\.\.\.: no such field"):
        records({}, mapping={"frage": "prompt"})


def test_a_benchmarks_prompts_are_joined_by_id() -> None:
    item = Prompt(id="3", messages=(Message(role="user", content="Why  so?"),), harm="do-not-answer/x/y")
    prompt, response = records({"id": "3", "answer": "A"}, prompts={"3": item})
    assert prompt is item
    assert response.id == "answers/3/0"
    assert records({"id": "3", "question": "Why so?", "answer": "A"}, prompts={"3": item})[0] is item
    with pytest.raises(RowError, match="has another text"):
        records({"id": "3", "question": "Why not?", "answer": "A"}, prompts={"3": item})
    with pytest.raises(RowError, match="has no prompt '4'"):
        records({"id": "4", "answer": "A"}, prompts={"3": item})


@pytest.mark.parametrize(("column", "system"), [("model", "act as v2"), ("system", "answers")])
def test_a_column_model_names_the_system_however_it_reads(column: str, system: str) -> None:
    cells = {"prompt": "How are you?", "response": "Fine.", column: "act as v2"}
    _, response = Columns(Path("answers.csv"), {}).records(Row(1, cells), False)
    assert response.system == system


@pytest.mark.parametrize("known", ["7", "7.0"])
def test_ids_of_a_benchmark_may_be_written_with_a_point(known: str) -> None:
    prompts = {known: Prompt(id=known, messages=(Message(role="user", content="Why?"),))}
    prompt, response = records({"id": "7.0", "answer": "So."}, prompts=prompts)
    assert (prompt.id, response.prompt_id) == (known, known)
