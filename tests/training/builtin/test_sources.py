from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from hantei.errors import InputError, UsageError
from hantei.judges.builtin.labels import HARMS
from hantei.training.builtin.sources import SOURCES, Row, load_rows, may_train, written


def test_every_source_gives_its_rows(data: Path) -> None:
    rows = load_rows(data)
    answers = Counter(row.source for row in rows if row.response is not None)
    assert answers["do-not-answer"] == 6 * 939
    assert answers["beavertails"] == 1492
    assert answers["safety-j-jade"] == 994
    assert answers["safety-j-flames"] == 152
    assert answers["diasafety"] == 9017 + 1097
    assert answers["xstest"] == 2 * 450
    assert answers["jade"] == 2 * (67 + 237)
    assert set(answers) == set(SOURCES)
    harmful = Counter(row.system for row in rows if row.source == "do-not-answer" and row.unsafe)
    # Do-Not-Answer's published counts (arXiv 2308.13387, figure of harmful responses by model)
    assert harmful == {
        "GPT4": 23,
        "ChatGPT": 14,
        "Claude": 16,
        "ChatGLM2": 85,
        "llama2-7b-chat": 3,
        "vicuna-7b": 52,
    }


def test_refusal_follows_from_an_action_only_where_it_must(data: Path) -> None:
    rows = [row for row in load_rows(data) if row.source == "do-not-answer" and row.response is not None]
    assert {(row.action, row.refusal) for row in rows} == {(0, 2), (1, None), (2, None), (3, None), (4, None), (5, 0)}


def test_the_set_for_measuring_is_never_read(data: Path) -> None:
    prompts = {row.group for row in load_rows(data)}
    lines = (data / "safety_boundary_ja" / "outputs_calm3-22b-chat.jsonl").read_text(encoding="utf-8").splitlines()
    assert prompts.isdisjoint({" ".join(json.loads(line)["input"].split()) for line in lines})


def test_permissive_leaves_out_what_binds() -> None:
    kept = {
        name for name in SOURCES if may_train(Row(source=name, language="en", prompt="", response=""), "permissive")
    }
    assert kept == {"diasafety", "jade", "xstest", "written"}


def test_written_rows_are_whole() -> None:
    rows = list(written())
    assert {row.language for row in rows} >= {"ja", "zh"}
    for row in rows:
        assert row.prompt.strip()
        assert row.response is not None
        assert row.response.strip()
        assert row.unsafe in (True, False)
        assert row.action in range(6)
        assert row.harm is None or row.harm in range(len(HARMS))


def test_no_starter_answer_is_trained_on() -> None:
    starter = Path(__file__).parents[3] / "src" / "hantei" / "benchmarks" / "starter"
    answers = set()
    for file in sorted(starter.glob("answers.*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            answers |= {json.loads(line)["response"] for line in lines}
    assert answers
    assert answers.isdisjoint({row.response for row in written()})


def test_a_row_with_a_missing_column_names_its_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the folder"):
        load_rows(tmp_path / "absent")
    with pytest.raises(InputError, match="do-not-answer"):
        load_rows(tmp_path)
