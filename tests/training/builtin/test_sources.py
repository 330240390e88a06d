from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hantei.errors import InputError, UsageError
from hantei.judges.builtin.labels import HARMS
from hantei.judges.builtin.weights import Heads
from hantei.training.builtin.everyday import everyday
from hantei.training.builtin.framed import framed
from hantei.training.builtin.measure_only import measure_only
from hantei.training.builtin.row import TrainingRow
from hantei.training.builtin.sources import SOURCES, load_rows, may_train, written


def test_every_source_gives_its_rows(data: Path) -> None:
    rows = load_rows(data)
    answers = Counter(row.source for row in rows if row.response is not None)
    assert answers["do-not-answer"] == 6 * 939
    assert answers["beavertails"] == 1492
    assert answers["safety-j-jade"] == 994
    assert answers["safety-j-flames"] == 152
    assert answers["diasafety"] == 9017 + 1097 - 2  # two are white space
    assert answers["xstest"] == 2 * 450
    assert answers["jade"] == 2 * (67 + 237)
    assert answers["latent-jailbreak"] == 2880
    assert answers["alpaca-eval"] == 2759 - 398
    assert answers["rakuda"] == 8 * 40
    assert set(SOURCES) - set(answers) == {"multijail", "xsafety", "everyday"}  # prompts alone
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


def test_the_sets_for_measuring_are_never_trained_on(data: Path) -> None:
    pairs = {(row.prompt, row.response) for row in load_rows(data)}
    said = [said for said, _ in measured(data)]
    assert len(said) > 6_000
    assert not pairs & set(said)


def measured(data: Path) -> list[tuple[tuple[str, str | None], str]]:
    """Return every pair that is only measured on, with its set."""
    seen: list[tuple[tuple[str, str | None], str]] = []

    def judge(rows: Sequence[TrainingRow]) -> Heads:
        seen.extend(((row.prompt, row.response), row.language) for row in rows)
        n = len(rows)
        return Heads(np.zeros(n), np.zeros((n, 6)), np.ones((n, 3)), np.zeros((n, 12)), np.zeros(n))

    list(measure_only(data, judge))
    return seen


def test_what_is_framed_stays_with_what_it_frames_and_both_kinds_are_framed() -> None:
    risky = TrainingRow(source="written", language="en", prompt="How do I rob {a} bank?", response=None, intent=True)
    plain = TrainingRow(source="written", language="ja", prompt="お茶の淹れ方は？", response=None, intent=False)
    unknown = TrainingRow(source="written", language="en", prompt="x", response=None)
    found = list(framed([risky, risky, plain, unknown]))
    assert [row.intent for row in found] == [True, True, False, False]
    assert {row.group for row in found} == {risky.group, plain.group}
    assert all(row.asked in row.prompt != row.asked and row.response is None for row in found)


def test_permissive_leaves_out_what_binds() -> None:
    kept = {
        name
        for name in SOURCES
        if may_train(TrainingRow(source=name, language="en", prompt="", response=""), "permissive")
    }
    bound = {"do-not-answer", "beavertails", "safety-j-jade", "safety-j-flames", "alpaca-eval"}
    assert kept == set(SOURCES) - bound


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


def test_no_sentence_of_everyday_requests_gives_the_label_away() -> None:
    rows = list(everyday())
    for language in ("en", "ja", "zh"):
        own = [row for row in rows if row.language == language]
        risky = {row.prompt.replace(row.asked, "{}") for row in own if row.intent}
        assert risky <= {row.prompt.replace(row.asked, "{}") for row in own if not row.intent}
        assert len(risky) > 10
    # what a request is about is on one side of a split, whatever the sentence
    assert all(row.group == " ".join(row.asked.split()) for row in rows)
    assert len({row.prompt for row in rows}) == len(rows)
