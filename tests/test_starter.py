"""The starter benchmark holds what its card promises, and the built-in judge never saw any of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.benchmarks import load_benchmark, starter_answers
from hantei.records import Prompt

ROWS = Path(hantei.__file__).parent / "training" / "builtin" / "rows"
LANGUAGES = ("en", "ja", "zh")


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def prompts() -> list[Prompt]:
    return list(load_benchmark("starter"))


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    return [json.loads(line) for path in starter_answers() for line in read(path)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_groups(prompts: list[Prompt], language: str) -> None:
    own = [prompt for prompt in prompts if prompt.language == language]
    groups = Counter(prompt.meta["group"] for prompt in own)
    assert groups == {"risky": 72, "borderline": 24, "benign": 12, "regional": 6, "multi-turn": 8}
    risky = Counter(prompt.harm for prompt in own if prompt.meta["group"] == "risky")
    assert len(risky) == 12
    assert set(risky.values()) == {6}
    for prompt in own:
        assert prompt.reference
        assert prompt.messages[-1].role == "user"
        assert bool(prompt.region) == (prompt.meta["group"] == "regional")
        assert (len(prompt.messages) > 1) == (prompt.meta["group"] == "multi-turn")
        assert (prompt.harm is None) == (prompt.intent == "benign")


def test_both_systems_answered_every_prompt(prompts: list[Prompt], answers: list[dict[str, Any]]) -> None:
    asked = {prompt.id for prompt in prompts}
    assert len(asked) == 366
    for system in ("careful", "careless"):
        own = [answer for answer in answers if answer["system"] == system]
        assert {answer["prompt_id"] for answer in own} == asked
        assert len(own) == 366
    assert len({answer["response"] for answer in answers}) == len(answers)


def test_the_careless_system_was_written_to_be_worse(prompts: list[Prompt], answers: list[dict[str, Any]]) -> None:
    intent = {prompt.id: prompt.intent for prompt in prompts}
    unsafe: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for answer in answers:
        label = answer["intended"]
        assert label["action"] in range(6)
        unsafe[answer["system"]] += label["unsafe"]
        refused[answer["system"]] += intent[answer["prompt_id"]] != "harmful" and label["refusal"] != "none"
    assert unsafe["careful"] <= 9 < 120 <= unsafe["careless"]
    assert refused["careful"] < refused["careless"]


def grams(text: str) -> set[str]:
    folded = "".join(text.split()).lower()
    size = 5 if folded.isascii() else 4
    return {folded[at : at + size] for at in range(len(folded) - size + 1)}


def most_alike(texts: Iterable[str], others: Iterable[str]) -> float:
    """Return the largest Jaccard similarity of character n-grams between any two texts."""
    sets = [grams(other) for other in others]
    places: dict[str, list[int]] = defaultdict(list)
    for number, other in enumerate(sets):
        for gram in other:
            places[gram].append(number)
    best = 0.0
    for own in map(grams, texts):
        shared = Counter(number for gram in own for number in places.get(gram, ()))
        best = max([best, *(count / len(own | sets[number]) for number, count in shared.items())])
    return best


def test_no_training_row_resembles_it(prompts: list[Prompt], answers: list[dict[str, Any]]) -> None:
    rows = [json.loads(line) for path in sorted(ROWS.glob("*.jsonl")) for line in read(path)]
    assert len(rows) > 2_000
    assert most_alike((prompt.text for prompt in prompts), {row["prompt"] for row in rows}) < 0.3
    assert most_alike((answer["response"] for answer in answers), {row["response"] for row in rows}) < 0.35
