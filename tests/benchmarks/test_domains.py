"""The pack of unseen domains: the same questions in three languages, two answers each, labels and reference units."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from hantei import benchmarks
from hantei.critiques.reading import read_references
from hantei.language import detect

FOLDER = Path(benchmarks.__file__).parent / "domains"
ROWS = Path(benchmarks.__file__).parents[1] / "training" / "builtin" / "rows"
LANGUAGES = ("en", "ja", "zh")


def answers(language: str) -> list[dict[str, Any]]:
    lines = (FOLDER / f"answers.{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_same_questions_in_three_languages() -> None:
    prompts = list(benchmarks.load_benchmark("domains"))
    assert Counter(one.language for one in prompts) == dict.fromkeys(LANGUAGES, 8)
    assert {one.id.partition("-")[2] for one in prompts} == {f"{letter}{n}" for letter in "mf" for n in range(1, 5)}
    assert all(detect(one.text) == one.language for one in prompts)


def test_each_answer_has_a_label_and_reference_units_in_its_language() -> None:
    for language in LANGUAGES:
        found = answers(language)
        assert Counter((one["domain"], one["unsafe"]) for one in found) == {
            (domain, unsafe): 4 for domain in ("medical", "fraud") for unsafe in (True, False)
        }
        references = read_references([FOLDER / f"answers.{language}.jsonl"])
        assert len(references) == 16
        assert {(one.language, len(one.reference)) for one in references} == {(language, 2)}


def test_the_built_in_judge_was_not_trained_on_it() -> None:
    trained = "".join(path.read_text(encoding="utf-8") for path in ROWS.glob("*.jsonl"))
    for language in LANGUAGES:
        for one in answers(language):
            assert json.dumps(one["prompt"], ensure_ascii=False) not in trained
            assert json.dumps(one["response"], ensure_ascii=False) not in trained
