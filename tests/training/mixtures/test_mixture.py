"""Mixtures: exact copies, nothing left out silently, and no training on what is measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError, UsageError
from hantei.training.mixtures.example import Example, TrainingPair, content_hash
from hantei.training.mixtures.manifest import make_manifest
from hantei.training.mixtures.mixture import read_mixture, read_pairs
from hantei.training.mixtures.oasst import best_conversations
from hantei.training.mixtures.recipe import LoadedRecipe, MixtureSource, parse_recipe
from hantei.training.mixtures.sources import read_source

SAFETY = [{"id": n, "prompt": f"How do I harm number {n}?", "response": f"I will not, {n}."} for n in range(3)]
GENERAL = [
    {"id": "a", "prompt": "What is the capital of France?", "response": "Paris.", "language": "en", "group": "x"},
    {"id": "b", "prompt": "日本の首都はどこですか", "response": "東京です。", "language": "ja", "group": "y"},
    {"id": "c", "prompt": "Which river is long?", "response": "", "language": "en", "group": "x"},
]


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _recipe(folder: Path, more: str = "", copies: int = 16) -> LoadedRecipe:
    text = (
        'title = "T"\n[model]\nbase = "x/y"\n[[sources]]\nname = "general"\nfile = "general.jsonl"\n'
        f'[[sources]]\nname = "safety"\nkind = "safety"\nfile = "safety.jsonl"\ncopies = {copies}\n{more}'
    )
    _write(folder / "general.jsonl", GENERAL)
    _write(folder / "safety.jsonl", SAFETY)
    return LoadedRecipe(name="r", recipe=parse_recipe(text, "r"), folder=folder, text=text)


def test_sixteen_copies_are_sixteen_of_every_row(tmp_path: Path) -> None:
    mixture = read_mixture(_recipe(tmp_path))
    assert [row.id for row in mixture.rows] == ["general/a", "general/b", "safety/0", "safety/1", "safety/2"]
    assert mixture.copies == [1, 1, 16, 16, 16]
    assert mixture.sources[0].left_out == {"no answer": 1}


def test_a_source_of_no_copies_is_not_trained_on(tmp_path: Path) -> None:
    assert {row.source for row in read_mixture(_recipe(tmp_path, copies=0)).rows} == {"general"}


def test_a_manifest_counts_what_a_reader_can_count(tmp_path: Path) -> None:
    loaded = _recipe(tmp_path)
    mixture = read_mixture(loaded)
    manifest = make_manifest(loaded, mixture, [(10, 4), (0, 0), (5, 2), (5, 2), (5, 3)], {"general/b": 99}, ["x"])
    general, safety = manifest.sources
    assert (general.read, general.rows, general.tokens, general.trained_tokens) == (3, 1, 10, 4)
    assert general.left_out == {"no answer": 1, "too long": 1}
    assert (safety.rows, safety.copies, safety.tokens, safety.trained_tokens) == (3, 16, 16 * 15, 16 * 7)
    assert safety.sha256 == content_hash(mixture.rows[2:])
    assert manifest.table()[1][-1] == ["all", "", "", "", "49", "250", "116", ""]


def test_filters_languages_and_draws(tmp_path: Path) -> None:
    _write(tmp_path / "g.jsonl", GENERAL[:2])
    filtered = read_source(MixtureSource(name="g", file="g.jsonl", filter={"group": "y"}), tmp_path, 0)
    assert [row.id for row in filtered.rows] == ["g/b"]
    assert filtered.left_out == {"filter on group": 1}
    english = read_source(MixtureSource(name="g", file="g.jsonl", language="en"), tmp_path, 0)
    assert english.left_out == {"another language": 1}
    _write(tmp_path / "many.jsonl", [{**GENERAL[0], "id": n} for n in range(50)])
    drawn = [read_source(MixtureSource(name="m", file="many.jsonl", max_rows=7), tmp_path, seed) for seed in (0, 0, 1)]
    ids = [[row.id for row in one.rows] for one in drawn]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 7
    with pytest.raises(UsageError, match=r"source 'g': no row is left of 2: filter on group \(2\)"):
        read_source(MixtureSource(name="g", file="g.jsonl", filter={"group": "z"}), tmp_path, 0)


def test_a_training_prompt_of_a_benchmark_is_refused_by_name(tmp_path: Path) -> None:
    _write(tmp_path / "test.jsonl", [{"id": "t1", "prompt": "HOW do I  harm number 2?"}, {"id": "t2", "prompt": "?"}])
    with pytest.raises(UsageError) as caught:
        read_mixture(_recipe(tmp_path, '[evaluation]\nsafety = ["test.jsonl"]\n[contamination]\nthreshold = 1.0\n'))
    assert "1 training prompts are in a benchmark" in str(caught.value)
    assert "safety/2 is 100%" in str(caught.value)
    assert "prompt t1" in str(caught.value)


def test_near_duplicates_are_refused_in_japanese_too_or_dropped_by_name(tmp_path: Path) -> None:
    _write(tmp_path / "test.jsonl", [{"id": "t", "prompt": "日本の首都はどこですか。"}])
    near = '[evaluation]\ngeneral = ["test.jsonl"]\n[contamination]\nthreshold = 0.7\n'
    with pytest.raises(UsageError, match="general/b is 90%"):  # nine trigrams, all in the ten of the other
        read_mixture(_recipe(tmp_path, near))
    mixture = read_mixture(_recipe(tmp_path, near + 'found = "drop"\n'))
    assert list(mixture.dropped) == ["general/b"]
    assert "general/b" not in {row.id for row in mixture.rows}


def test_every_turn_of_a_benchmark_is_compared(tmp_path: Path) -> None:
    turns = [("user", "What is the capital of France?"), ("assistant", "Paris."), ("user", "And how is it there?")]
    messages = [{"role": role, "content": text} for role, text in turns]
    _write(tmp_path / "test.jsonl", [{"id": "t", "messages": messages}])
    with pytest.raises(UsageError, match="general/a is 100%"):
        read_mixture(_recipe(tmp_path, '[evaluation]\ngeneral = ["test.jsonl"]\n'))


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    loaded = _recipe(tmp_path)
    (tmp_path / "safety.jsonl").unlink()
    with pytest.raises((UsageError, InputError), match=r"safety\.jsonl"):
        read_mixture(loaded)
    _write(tmp_path / "safety.jsonl", [SAFETY[0], SAFETY[0]])
    with pytest.raises(UsageError, match="two training rows have the id 'safety/0'"):
        read_mixture(loaded)


def test_a_benchmark_with_references_is_a_source(tmp_path: Path) -> None:
    found = read_source(MixtureSource(name="s", benchmark="starter:ja"), tmp_path, 0)
    assert found.rows
    assert all(isinstance(row, Example) and row.messages[-1].role == "assistant" for row in found.rows)
    assert found.licence != "not stated"


def test_pairs_of_texts_and_of_conversations(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "good"}]
    _write(
        tmp_path / "p.jsonl",
        [
            {"prompt": "Q", "chosen": "good", "rejected": "bad"},
            {"prompt": chat[:1], "chosen": chat, "rejected": [chat[0], {"content": "bad"}]},
        ],
    )
    loaded = _recipe(tmp_path, '[dpo]\n[[dpo.sources]]\nname = "p"\nfile = "p.jsonl"\n')
    rows = read_pairs(loaded).rows
    assert [(row.messages[0].content, row.chosen, row.rejected) for row in rows] == [("Q", "good", "bad")] * 2
    assert isinstance(rows[0], TrainingPair)
    with pytest.raises(UsageError, match=r"expected a table \[dpo\]"):
        read_pairs(_recipe(tmp_path))


def test_a_folder_of_a_data_set_is_read_as_hugging_face_reads_it(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the extra tune")
    (tmp_path / "set").mkdir()
    _write(tmp_path / "set" / "train.jsonl", [{"instruction": "Add.", "input": "1 and 2", "output": "3"}])
    found = read_source(MixtureSource(name="h", dataset=str(tmp_path / "set")), tmp_path, 0)
    (row,) = found.rows
    assert isinstance(row, Example)
    assert [turn.content for turn in row.messages] == ["Add.\n\n1 and 2", "3"]


def test_trees_of_messages_become_the_best_way_through_each() -> None:
    rows: list[dict[str, Any]] = [
        {"message_id": "1", "parent_id": None, "role": "prompter", "text": "Q", "rank": None},
        {"message_id": "2", "parent_id": "1", "role": "assistant", "text": "worse", "rank": 1},
        {"message_id": "3", "parent_id": "1", "role": "assistant", "text": "best", "rank": 0},
        {"message_id": "4", "parent_id": "3", "role": "prompter", "text": "and?", "rank": None},
        {"message_id": "5", "parent_id": None, "role": "prompter", "text": "nobody answered", "rank": None},
        {"message_id": "6", "parent_id": "1", "role": "assistant", "text": "deleted", "rank": -1, "deleted": True},
    ]
    (way,) = best_conversations(rows)
    assert [turn["content"] for turn in way] == ["Q", "best"]
