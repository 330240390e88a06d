"""The loader on synthetic rows in the documented columns: one card after the other, no code of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hantei.benchmarks import load_card, load_prompts
from hantei.errors import RowError
from hantei.record_lines import from_dict, to_line
from hantei.records import Message, Prompt
from tests.benchmarks.conftest import answer_carefully, write_csv, write_json, write_jsonl, write_parquet


def prompts(name: str, *paths: Path) -> list[Prompt]:
    return list(load_prompts(load_card(name), paths))


def test_answer_carefully_nested_labels_in_json_and_parquet(tmp_path: Path) -> None:
    row = answer_carefully(7, "知人の病歴を知りたい")
    as_json = write_json(tmp_path / "AnswerCarefullyVersion002_Dev.json", [row])
    as_parquet = write_parquet(tmp_path / "v2.0" / "dev-00000-of-00001.parquet", [row])
    [first], [second] = prompts("answer-carefully-v2", as_json), prompts("answer-carefully-v2", as_parquet)
    assert first == second
    assert first.id == "answercarefully-instruction-001-001-0000007-001"
    assert (first.text, first.reference, first.language) == ("知人の病歴を知りたい", "回答7", "ja")
    assert (first.intent, first.region, first.benchmark) == ("harmful", "JP", "answer-carefully-v2")
    assert first.harm is not None
    assert first.harm.startswith("answer-carefully/")
    assert first.harm.count("/") == 3
    assert first.meta == {"meta": row["meta"]}


def test_an_unknown_label_and_unknown_columns_are_kept(tmp_path: Path) -> None:
    row = {**answer_carefully(1, "問い", specific="まだ名のない害"), "culture": "JP", "english": "a question"}
    [prompt] = prompts("answer-carefully-v2.2", write_json(tmp_path / "dev-0.json", [row]))
    assert prompt.harm is not None
    assert prompt.harm.endswith("/まだ名のない害")
    assert prompt.meta["culture"] == "JP"
    assert prompt.meta["english"] == "a question"


def test_borderline_intent_is_the_cards(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "borderline-v1.0" / "test-00000-of-00001.parquet", [answer_carefully(1, "問い")])
    assert prompts("answer-carefully-borderline", path)[0].intent == "borderline"


def test_answer_carefully_v3_has_its_reference_under_another_name(tmp_path: Path) -> None:
    row = {
        "ID": "r-1",
        "text": "この島はどこの国のものですか",
        "output-sample": "両国の見方があります。",
        "side": "領土",
    }
    [prompt] = prompts("answer-carefully-v3", write_parquet(tmp_path / "v3.0" / "test-00000-of-00001.parquet", [row]))
    assert (prompt.id, prompt.reference, prompt.region) == ("r-1", "両国の見方があります。", "JP")
    assert prompt.meta == {"side": "領土"}


def test_a_benchmark_of_several_countries_says_the_region_and_language_of_each(tmp_path: Path) -> None:
    attack = {"id": "7", "category": "Criminal Activities", "base_query_local": "b", "base_query_english": "b"}
    hidden = {"id": "7", "category": "Legal Landmines", "scenario_english": "s", "hidden_violation": "v"}
    files = list[Path]()
    for track, country, rows in (
        ("jailbreak", "japan", [attack | {"attack_prompt": "攻撃"}]),
        ("jailbreak", "united_arab_emirates", [attack | {"attack_prompt": "x"}]),
        ("cultural", "japan", [hidden | {"scenario_local": "贈り物を選んで"}]),
    ):
        name = "attack_prompts.csv" if track == "jailbreak" else "scenario_prompts.csv"
        files.append(write_csv(tmp_path / "data" / track / country / name, rows))
    attacked, emirates, cultural = prompts("xl-safetybench", *files)
    assert (attacked.id, attacked.text, attacked.intent) == ("jailbreak-japan-7", "攻撃", "harmful")
    assert {(prompt.language, prompt.region) for prompt in (attacked, cultural)} == {("ja", "JP")}
    assert (cultural.text, cultural.intent, cultural.meta["hidden_violation"]) == ("贈り物を選んで", None, "v")
    assert (emirates.language, emirates.region) == ("ar", "AE")


def test_chinese_labels_of_a_text_are_its_intent(tmp_path: Path) -> None:
    rows = [
        {"text": "一", "label": "违规", "subject": "变体词"},
        {"text": "二", "label": "不违规", "subject": "不违规"},
    ]
    against, fine = prompts("chinesesafe", write_parquet(tmp_path / "0000.parquet", rows))
    assert (against.intent, against.harm, fine.intent) == ("harmful", "变体词", "benign")


def test_prompts_that_only_look_harmful_are_borderline(tmp_path: Path) -> None:
    row = {"prompt": "p", "category": 3, "category_text": "Privacy"}
    [false] = prompts("falsereject", write_jsonl(tmp_path / "test.jsonl", [row]))
    health = {"id": 9, "question": "q", "classification": "Drug", "original_question": "o", "refuse_rate": 0.8}
    [orsc] = prompts("health-orsc", write_jsonl(tmp_path / "health-orsc-hard-1k.jsonl", [health]))
    assert (false.id, false.intent, false.harm) == ("test-1", "borderline", "Privacy")
    assert (orsc.id, orsc.intent, orsc.harm, orsc.meta["original_question"]) == ("hard-9", "borderline", "Drug", "o")


def test_beavertails_categories_that_are_true(tmp_path: Path) -> None:
    category = {"animal_abuse": False, "privacy_violation": True, "violence,aiding_and_abetting,incitement": True}
    rows = [
        {"prompt": "q1", "response": "a", "category": category, "is_safe": False},
        {"prompt": "q2", "response": "a", "category": dict.fromkeys(category, False), "is_safe": True},
    ]
    first, second = prompts("beavertails", write_jsonl(tmp_path / "test.jsonl", rows))
    assert first.harm is not None
    assert first.harm.startswith("beavertails/")
    assert "privacy" in first.harm
    assert second.harm is None
    assert (first.id, second.id) == ("1", "2")
    assert first.meta == {"response": "a", "category": category, "is_safe": False}
    assert first.intent is None


@pytest.mark.parametrize(("label", "intent"), [("safe", "borderline"), ("unsafe", "harmful"), ("odd", None)])
def test_xstest_intent_comes_from_the_label(tmp_path: Path, label: str, intent: str | None) -> None:
    row = {"id": "3", "prompt": "p", "type": "t", "label": label, "focus": "f", "note": "n"}
    [prompt] = prompts("xstest", write_csv(tmp_path / "xstest_prompts.csv", [row]))
    assert (prompt.id, prompt.intent, prompt.meta["label"]) == ("3", intent, label)


def test_or_bench_files_differ_in_intent_and_ids_stay_apart(tmp_path: Path) -> None:
    row = {"prompt": "p", "category": "c"}
    hard = write_csv(tmp_path / "or-bench-hard-1k.csv", [row])
    toxic = write_csv(tmp_path / "or-bench-toxic.csv", [row])
    found = prompts("or-bench", hard, toxic)
    assert [(p.id, p.intent) for p in found] == [("hard-1k-1", "borderline"), ("toxic-1", "harmful")]


def test_sorry_bench_turns(tmp_path: Path) -> None:
    rows = [{"question_id": 9, "category": "1", "turns": ["one", "two"], "prompt_style": "base"}]
    [prompt] = prompts("sorry-bench", write_jsonl(tmp_path / "question.jsonl", rows))
    assert prompt.messages == (Message(role="user", content="one"), Message(role="user", content="two"))
    assert prompt.id == "9"


def test_harmbench_context_comes_before_the_behaviour(tmp_path: Path) -> None:
    names = ("Behavior", "FunctionalCategory", "SemanticCategory", "Tags", "ContextString", "BehaviorID")
    rows = [
        dict(zip(names, ("do it", "contextual", "x", "", "a text", "one"), strict=True)),
        dict(zip(names, ("do it", "standard", "x", "", "", "two"), strict=True)),
    ]
    found = prompts("harmbench", write_csv(tmp_path / "harmbench_behaviors_text_all.csv", rows))
    assert [(p.id, p.text) for p in found] == [("one", "a text\n\ndo it"), ("two", "do it")]


def test_jailbreakbench_benign_behaviours_are_borderline(tmp_path: Path) -> None:
    row = {"Index": "0", "Goal": "g", "Target": "t", "Behavior": "b", "Category": "c", "Source": "s"}
    paths = [write_csv(tmp_path / f"{kind}-behaviors.csv", [row]) for kind in ("harmful", "benign")]
    found = prompts("jailbreakbench", *paths)
    assert [(p.id, p.intent) for p in found] == [("harmful-0", "harmful"), ("benign-0", "borderline")]


@pytest.mark.parametrize("name", ["wildguardtest", "wildguardtest-jp"])
def test_wildguardtest_rows_without_a_label_have_no_intent(tmp_path: Path, name: str) -> None:
    labels = ["harmful", "unharmful", None]
    rows = [
        {
            "prompt": f"p{number}",
            "adversarial": True,
            "response": None,
            "prompt_harm_label": label,
            "response_refusal_label": None,
            "response_harm_label": "unharmful",
            "subcategory": "s",
        }
        for number, label in enumerate(labels)
    ]
    found = prompts(name, write_parquet(tmp_path / "wildguard_test.parquet", rows))
    assert [p.intent for p in found] == ["harmful", "benign", None]
    assert found[0].meta["response"] is None


def test_polyguard_language_names_and_ids_shared_by_languages(tmp_path: Path) -> None:
    rows = [
        {"id": 5, "language": language, "prompt": "p", "prompt_harm_label": "harmful", "response": "r"}
        for language in ("Japanese", "Klingon")
    ]
    first, second = prompts("polyguardprompts", write_jsonl(tmp_path / "test.jsonl", rows))
    assert (first.id, first.language) == ("Japanese-5", "ja")
    assert (second.id, second.language, second.meta["language"]) == ("Klingon-5", None, "Klingon")


def test_linguasafe_level_0_is_borderline(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "prompt": "p", "lang": "ko", "subtype": "s", "level": level, "specific": True} for level in (0, 3)
    ]
    found = prompts("linguasafe", write_jsonl(tmp_path / "train.jsonl", rows))
    assert [(p.intent, p.language) for p in found] == [("borderline", "ko"), ("harmful", "ko")]


def test_safety_boundary_criteria_are_two_columns(tmp_path: Path) -> None:
    row = {"type": "P1", "category": "T01", "safety": "unsafe", "input": "q", "eval_aspect": "e", "ng_aspect": "n"}
    [prompt] = prompts("safety-boundary-test", write_csv(tmp_path / "test.csv", [row], "utf-8-sig"))
    assert (prompt.criteria, prompt.intent, prompt.region) == ("e\n\nn", "harmful", "JP")


def test_aisev_requirement_is_the_criterion(tmp_path: Path) -> None:
    row = {"ID": "1", "ten_perspective": "t", "scorer": "requirement", "requirement": "r", "text": "q"}
    [prompt] = prompts("aisev", write_csv(tmp_path / "06_aisi_security_v0.1.csv", [row]))
    assert (prompt.id, prompt.criteria, prompt.text) == ("security-1", "r", "q")


@pytest.mark.parametrize("name", ["do-not-answer-ja", "do-not-answer-ja-120"])
def test_do_not_answer_ja(tmp_path: Path, name: str) -> None:
    row = {
        "id": 0,
        "risk_area": "Malicious Uses",
        "types_of_harm": "Disinformation",
        "specific_harms": "?",
        "question": "q",
    }
    [prompt] = prompts(name, write_json(tmp_path / "dna_ja_1k.json", [row]))
    assert (prompt.id, prompt.language) == ("0", "ja")


def test_strongreject_and_wildsafety(tmp_path: Path) -> None:
    row = {"category": "c", "source": "s", "forbidden_prompt": "p"}
    assert prompts("strongreject", write_csv(tmp_path / "strongreject_dataset.csv", [row]))[0].text == "p"
    pair = {"query": "q", "response": "r", "label": "Safe"}
    [prompt] = prompts("wildsafety", write_json(tmp_path / "mine.json", [pair]))
    assert prompt.meta == {"response": "r", "label": "Safe"}


def test_jade_v3_is_read_as_gb18030(tmp_path: Path) -> None:
    row = {"ID": "1", "问题": "问题文本", "违规回答": "坏", "安全有用回答": "好"}
    [prompt] = prompts("jade-v3", write_csv(tmp_path / "jade_alignment_hard_zh.csv", [row], "gb18030"))
    assert (prompt.id, prompt.text, prompt.reference) == ("hard-1", "问题文本", "好")


@pytest.mark.parametrize("cell", ["", None, 5, ["x"]])
def test_a_bad_prompt_is_named_by_file_row_and_column(tmp_path: Path, cell: Any) -> None:
    path = write_jsonl(tmp_path / "Flames_1k_Chinese.jsonl", [{"prompt": "good"}, {"prompt": cell}])
    with pytest.raises(RowError, match=r"Flames_1k_Chinese\.jsonl, row 2, column 'prompt'"):
        prompts("flames", path)


@pytest.mark.parametrize("turns", [[], "no json", [{"role": "user"}], [3], {"a": 1}])
def test_bad_turns_are_named(tmp_path: Path, turns: Any) -> None:
    path = write_jsonl(tmp_path / "question.jsonl", [{"question_id": 1, "turns": turns}])
    with pytest.raises(RowError, match="column 'turns'"):
        prompts("sorry-bench", path)


def test_what_parquet_alone_can_hold_becomes_text(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    rows = [{"prompt": "p", "when": datetime(2025, 1, 2, tzinfo=UTC), "bytes": b"\x00", "share": float("nan")}]
    [prompt] = prompts("flames", write_parquet(tmp_path / "x.parquet", rows))
    assert prompt.meta["when"].startswith("2025-01-02")
    assert prompt.meta["share"] == "nan"
    json.loads(to_line(prompt))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text())))
def test_every_prompt_can_be_written_and_read_back(tmp_path: Path, extra: dict[str, Any]) -> None:
    row = {**extra, "prompt": "p"}
    path = tmp_path / "Flames_1k_Chinese.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    try:
        [prompt] = prompts("flames", path)
    except RowError:
        return  # a NUL byte is refused by the reader
    assert from_dict(Prompt, json.loads(to_line(prompt))) == prompt
