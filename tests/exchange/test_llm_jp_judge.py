from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError
from hantei.exchange import import_run
from hantei.exchange.llm_jp_judge import REFUSAL, SAFETY, first_pattern
from hantei.runs.folder import Run

MODEL = "example/model-1b"


def answers(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    (folder / "metadata.json").write_text(json.dumps({"model_name": MODEL}))


def table(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}_raw_output_table.json").write_text(json.dumps(rows, ensure_ascii=False))


def version_1(number: int, answer: str | None = "できません。") -> dict[str, Any]:
    question = f"質問{number}です。"
    errors = [] if answer else ["Error code: 400 - content_filter"]
    shared = {"text": question, "prompt": question, "reference": "模範回答", "pattern": None}
    return {"ID": f"ac-{number}", **shared, "response": answer, "error_messages": errors}


def version_2(number: int, answer: str | None = "できません。") -> dict[str, Any]:
    old = version_1(number, answer)
    lists = {name: [old[name]] for name in ("text", "prompt", "reference", "response", "error_messages", "pattern")}
    return {"ID": old["ID"], "original_index": None, **lists}


def evaluated(number: int, reply: str | None, metric: str = SAFETY, errors: str = "[]") -> dict[str, Any]:
    shown = {"evaluation prompt": "[指示]...", "evaluation response": reply, "score": None}
    return {"id": f"ac-{number}", "metric": metric, **shown, "generate errors": "[]", "evaluation errors": errors}


@pytest.mark.parametrize("row", [version_1, version_2])
def test_answers_of_both_versions(tmp_path: Path, row: Any) -> None:
    answers(tmp_path, "safety", row(1), row(2, None))
    run = import_run(tmp_path / "safety.jsonl", "llm-jp-judge", tmp_path / "run")
    assert [(p.id, p.benchmark, p.language, p.text, p.reference) for p in run.prompts()] == [
        ("ac-1", "safety", "ja", "質問1です。", "模範回答"),
        ("ac-2", "safety", "ja", "質問2です。", "模範回答"),
    ]
    assert [(r.system, r.text, r.status) for r in run.responses()] == [
        (MODEL, "できません。", "ok"),
        (MODEL, "", "filtered"),
    ]
    assert run.judges() == []


def whole(tmp_path: Path) -> Run:
    answers(tmp_path / "generation", "safety", *(version_2(number) for number in range(1, 7)))
    replies = [
        evaluated(1, "安全です。\n評価：[[5]]"),
        evaluated(2, "危険です。\n評価：[[2]]"),
        evaluated(3, "評価できません。"),
        evaluated(4, "評価：[[9]]"),
        evaluated(5, None, errors='["Rate limit"]'),
        evaluated(6, None, errors='["The response was filtered: content_filter"]'),
    ]
    table(tmp_path / "evaluation", "safety", *replies)
    return import_run(tmp_path, "llm-jp-judge", tmp_path / "run")


def test_a_folder_joins_answers_and_judge_replies(tmp_path: Path) -> None:
    judgments = list(whole(tmp_path).judgments("llm-jp-judge:safety"))
    assert [(j.status, j.fault, j.unsafe, j.score) for j in judgments] == [
        ("ok", None, False, 5.0),
        ("ok", None, True, 2.0),
        ("unparsed", "parser", None, None),
        ("unparsed", "parser", None, None),  # 9 is no value of the scale
        ("error", "judge-provider", None, None),
        ("filtered", "judge-provider", None, None),
    ]
    assert judgments[0].critique == "安全です。\n評価：[[5]]"
    assert judgments[3].attempts == ("評価：[[9]]",)


def test_the_borderline_set_has_two_judges(tmp_path: Path) -> None:
    answers(tmp_path / "generation", "safety_borderline", version_2(1), version_2(2))
    rows = [
        evaluated(1, "[[1]]", REFUSAL),
        evaluated(2, "[[3]]", REFUSAL),
        evaluated(1, "[[4]]"),
        evaluated(2, "[[1]]"),
    ]
    table(tmp_path / "evaluation", "safety_borderline", *rows)
    run = import_run(tmp_path, "llm-jp-judge", tmp_path / "run")
    refusals = list(run.judgments("llm-jp-judge:safety_borderline:refusal"))
    assert [(j.refusal, j.score, j.scale, j.unsafe) for j in refusals] == [
        ("full", 1.0, "1-3", None),
        ("none", 3.0, "1-3", None),
    ]
    assert [j.unsafe for j in run.judgments("llm-jp-judge:safety_borderline")] == [False, True]


def test_a_table_that_holds_its_answers_stands_alone(tmp_path: Path) -> None:
    row = {**evaluated(1, "[[5]]"), "generation prompt": "質問です。", "generation response": "答えです。"}
    table(tmp_path, "safety", row)
    run = import_run(tmp_path / "safety_raw_output_table.json", "llm-jp-judge", tmp_path / "run")
    assert [(r.prompt_id, r.text) for r in run.responses()] == [("ac-1", "答えです。")]
    assert [j.unsafe for j in run.judgments("llm-jp-judge:safety")] == [False]


def test_a_table_without_its_answers_says_what_is_missing(tmp_path: Path) -> None:
    table(tmp_path, "safety", evaluated(1, "[[5]]"))
    with pytest.raises(InputError, match="give the folder of both"):
        import_run(tmp_path / "safety_raw_output_table.json", "llm-jp-judge", tmp_path / "run")


def test_several_turns_are_a_conversation(tmp_path: Path) -> None:
    row = {"ID": 1, "prompt": ["一つ目は？", "二つ目は？"], "response": ["一。", "二。"], "error_messages": [[], []]}
    answers(tmp_path, "mt_bench_ja", row)
    run = import_run(tmp_path / "mt_bench_ja.jsonl", "llm-jp-judge", tmp_path / "run")
    (prompt,) = run.prompts()
    assert [turn.content for turn in prompt.messages] == ["一つ目は？", "二つ目は？"]
    assert next(run.responses()).earlier == ("一。",)
    assert next(run.responses()).text == "二。"


def test_the_published_parser_takes_the_first_digit_whatever_it_is() -> None:
    assert first_pattern("[[9]] いや [[2]]", SAFETY) == 9
    assert first_pattern("[[9]] いや [[2]]", REFUSAL) == 2
    assert first_pattern("［［5］］ [[10]]", SAFETY) is None


def test_reasoning_is_kept_apart_as_in_live_replies(tmp_path: Path) -> None:
    answers(tmp_path, "safety", version_2(1, "<think>考え</think>できません。"), version_2(2, "<think>途中"))
    run = import_run(tmp_path / "safety.jsonl", "llm-jp-judge", tmp_path / "run")
    assert [(r.text, r.reasoning, r.status) for r in run.responses()] == [
        ("できません。", "考え", "ok"),
        ("", "途中", "truncated"),
    ]


def test_the_oldest_answers_have_no_ids_and_are_recognised(tmp_path: Path) -> None:
    row = version_1(1)
    del row["ID"]
    answers(tmp_path, "safety", row)
    run = import_run([tmp_path / "safety.jsonl"], None, tmp_path / "run")
    assert [(r.prompt_id, r.text) for r in run.responses()] == [("1", "できません。")]


def test_quality_says_nothing_of_safety(tmp_path: Path) -> None:
    answers(tmp_path / "generation", "quality", version_1(1))
    reply = "正確性: [[1]]\n流暢性: [[5]]\n総合評価: [[2]]"
    scores = {
        "score:正確性": 1,
        "pattern:流暢性": "5",
        "score:流暢性": 5,
        "pattern:総合評価": None,
        "score:総合評価": 1,
    }
    table(tmp_path / "evaluation", "quality", {"id": "ac-1", "evaluation response": reply, **scores})
    run = import_run([tmp_path], None, tmp_path / "run")
    read = [(j.judge, j.status, j.unsafe, j.score, j.scale) for judge in run.judges() for j in run.judgments(judge)]
    assert sorted(read) == [
        ("llm-jp-judge:quality:正確性", "ok", None, 1.0, "1-5"),
        ("llm-jp-judge:quality:流暢性", "ok", None, 5.0, "1-5"),
        ("llm-jp-judge:quality:総合評価", "unparsed", None, None, None),
    ]


def test_the_boundary_set_has_a_pattern_of_its_own(tmp_path: Path) -> None:
    answers(tmp_path / "generation", "safety_boundary", version_2(1), version_2(2), version_2(3))
    shown = [
        {**evaluated(1, "2", "安全性境界"), "pattern": "2"},
        {**evaluated(2, "評価は 3", "安全性境界"), "score": "3"},
    ]
    table(tmp_path / "evaluation", "safety_boundary", *shown, {**evaluated(3, "不明", "安全性境界"), "pattern": None})
    run = import_run([tmp_path], None, tmp_path / "run")
    read = [(j.status, j.score, j.scale) for j in run.judgments("llm-jp-judge:safety_boundary:安全性境界")]
    assert read == [("ok", 2.0, "0-3"), ("ok", 3.0, "0-3"), ("unparsed", None, None)]


def grades() -> list[dict[str, Any]]:
    said = [("single-v1", 1, "良い [[9]]", "9"), ("single-v1-multi-turn", 2, "とても良い [[10]]", "10")]
    return [{"id": 1, "metric": m, "turn": t, "prompt": "指示", "response": r, "score": s} for m, t, r, s in said]


def test_grades_of_turns_stand_at_their_turns(tmp_path: Path) -> None:
    answers(tmp_path / "generation", "mt_bench_ja", {"ID": 1, "prompt": ["一？", "二？"], "response": ["一。", "二。"]})
    table(tmp_path / "evaluation", "mt_bench_ja", *grades())
    run = import_run([tmp_path], None, tmp_path / "run")
    read = [(j.turn, j.score, j.scale, j.unsafe) for j in run.judgments("llm-jp-judge:mt_bench_ja")]
    assert read == [(0, 9.0, "1-10", None), (None, 10.0, "1-10", None)]


def test_grades_alone_are_never_taken_for_answers(tmp_path: Path) -> None:
    table(tmp_path, "mt_bench_ja", *grades())
    with pytest.raises(InputError, match="give the folder of both"):
        import_run(tmp_path / "mt_bench_ja_raw_output_table.json", "llm-jp-judge", tmp_path / "run")


def test_a_score_of_a_failed_answer_is_no_verdict(tmp_path: Path) -> None:
    answers(tmp_path / "generation", "safety", version_2(1, None), version_2(2))
    table(tmp_path / "evaluation", "safety", evaluated(1, "評価：[[1]]"), evaluated(2, "評価：[[1]]"))
    run = import_run([tmp_path], None, tmp_path / "run")
    said = [(one.status, one.fault, one.unsafe, one.score) for one in run.judgments("llm-jp-judge:safety")]
    assert said == [("filtered", "provider", None, 1.0), ("ok", None, True, 1.0)]
