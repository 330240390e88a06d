from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError, RunError, UsageError
from hantei.exchange import import_run
from hantei.records import Message
from hantei.runs.folder import Run

NAME = "samples_safety_2026-01-02T03-04-05.678901.jsonl"


def line(doc_id: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "doc_id": doc_id,
        "doc": {"question": "What is it?", "row": 7},
        "target": "A mole.",
        "arguments": {"gen_args_0": {"arg_0": "Q: What is it?\nA:", "arg_1": {"until": ["\n"]}}},
        "resps": [["It is a mole, I think."]],
        "filtered_resps": ["a mole"],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": "d",
        "prompt_hash": "p",
        "target_hash": "t",
        "exact_match": 0.0,
        **fields,
    }


def imported(folder: Path, *lines: dict[str, Any], name: str = NAME) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(json.dumps(one) + "\n" for one in lines))
    return import_run(folder / name, "lm-eval", folder / "run")


def test_the_models_own_answer_is_imported_and_the_filtered_one_kept(tmp_path: Path) -> None:
    run = imported(tmp_path / "org__model", line())
    (prompt,), (response,) = list(run.prompts()), list(run.responses())
    assert (prompt.id, prompt.benchmark, prompt.text) == ("safety/0", "safety", "Q: What is it?\nA:")
    assert (prompt.reference, prompt.language, prompt.meta) == ("A mole.", "en", {"doc": line()["doc"]})
    assert (response.system, response.text) == ("org/model", "It is a mole, I think.")
    assert response.meta == {"filtered_resps": {"none": ["a mole"]}}
    (judgment,) = run.judgments("lm-eval:exact_match,none")
    assert (judgment.response_id, judgment.score, judgment.unsafe) == (response.id, 0.0, None)


def test_each_filter_scores_the_same_answer(tmp_path: Path) -> None:
    run = imported(tmp_path, line(filter="strict"), line(1, filter="strict"), line(filter="loose", exact_match=1.0))
    assert [one.id for one in run.responses()] == [f"{Path(NAME).stem}/safety/{n}/0" for n in (0, 1)]
    assert [one.score for one in run.judgments("lm-eval:exact_match,strict")] == [0.0, 0.0]
    assert [one.score for one in run.judgments("lm-eval:exact_match,loose")] == [1.0]


def test_repeats_are_samples(tmp_path: Path) -> None:
    run = imported(tmp_path, line(resps=[["One.", "Two.", ""]]))
    assert [(one.sample, one.text, one.status) for one in run.responses()] == [
        (0, "One.", "ok"),
        (1, "Two.", "ok"),
        (2, "", "error"),
    ]


def test_a_chat_is_read_as_its_turns(tmp_path: Path) -> None:
    chat = json.dumps([{"role": "system", "content": "S"}, {"role": "user", "content": "U"}])
    run = imported(tmp_path, line(arguments={"gen_args_0": {"arg_0": [chat]}}))
    assert next(run.prompts()).messages == (Message(role="system", content="S"), Message(role="user", content="U"))


def test_a_chat_of_content_parts_is_read_as_its_texts(tmp_path: Path) -> None:
    chat = json.dumps(
        [{"role": "developer", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "U"}]}]
    )
    run = imported(tmp_path, line(arguments={"gen_args_0": {"arg_0": [chat]}}))
    assert next(run.prompts()).messages == (Message(role="system", content="S"), Message(role="user", content="U"))


def test_a_chat_with_an_unknown_role_names_it(tmp_path: Path) -> None:
    chat = json.dumps([{"role": "narrator", "content": "Hm."}, {"role": "user", "content": "U"}])
    run = imported(tmp_path, line(), line(1, arguments={"gen_args_0": {"arg_0": [chat]}}))
    (rejected,) = [json.loads(text) for text in run.rejected_path.read_text().splitlines()]
    assert rejected["problem"].startswith("message 1: role 'narrator' is not known")


def test_a_text_that_only_begins_like_a_chat_is_a_text(tmp_path: Path) -> None:
    run = imported(tmp_path, line(arguments=[['[{"a": 1}] is what?', {}]]))
    assert next(run.prompts()).text == '[{"a": 1}] is what?'


def test_older_files_hold_arguments_as_a_list_and_name_no_metrics(tmp_path: Path) -> None:
    old = line(arguments=[["Q: Old?", {"until": []}]], resps=[["Yes."]])
    del old["metrics"], old["filter"]
    run = imported(tmp_path, old)
    assert next(run.prompts()).text == "Q: Old?"
    assert run.judges() == ["lm-eval:exact_match,none"]


def test_the_models_name_stands_in_the_results(tmp_path: Path) -> None:
    (tmp_path / "results_2026-01-02T03-04-05.678901.json").write_text(json.dumps({"model_name": "org/true-name"}))
    assert next(imported(tmp_path, line()).responses()).system == "org/true-name"


def test_log_likelihoods_are_no_answers_and_are_counted(tmp_path: Path) -> None:
    run = imported(tmp_path, line(), line(1, resps=[[[-3.5, False]], [[-4.0, False]]]))
    assert run.info().rejected == 1
    (rejected,) = [json.loads(text) for text in run.rejected_path.read_text().splitlines()]
    assert (rejected["row"], rejected["column"]) == (2, "resps")
    with pytest.raises(InputError, match="log-likelihoods of given choices hold no answer"):
        imported(tmp_path / "only", line(resps=[[[-3.5, False]]]))


def test_a_null_is_an_answer_that_failed_and_is_counted(tmp_path: Path) -> None:
    run = imported(tmp_path, line(), line(1, resps=[[None]]), line(2, resps=[["One.", None]]))
    assert [(one.text, one.status, one.error) for one in run.responses()] == [
        ("It is a mole, I think.", "ok", None),
        ("", "error", "the model gave no answer"),
        ("One.", "ok", None),
        ("", "error", "the model gave no answer"),
    ]
    assert run.info().rejected == 0


@pytest.mark.parametrize("resps", [[], None, "text", [[]]])
def test_a_sample_without_answers_is_rejected(tmp_path: Path, resps: Any) -> None:
    assert imported(tmp_path, line(), line(1, resps=resps)).info().rejected == 1


def test_words_put_into_the_assistants_mouth_begin_its_answer(tmp_path: Path) -> None:
    chat = json.dumps([{"role": "user", "content": "U"}, {"role": "assistant", "content": "Sure, "}])
    run = imported(tmp_path, line(arguments={"gen_args_0": {"arg_0": [chat]}}, resps=[["here.", None]]))
    assert next(run.prompts()).messages == (Message(role="user", content="U"),)
    assert [(one.text, one.status) for one in run.responses()] == [("Sure, here.", "ok"), ("", "error")]


def test_a_chat_that_asks_nothing_is_rejected(tmp_path: Path) -> None:
    chat = json.dumps([{"role": "assistant", "content": "Sure, "}])
    run = imported(tmp_path, line(), line(1, arguments={"gen_args_0": {"arg_0": [chat]}}))
    assert run.info().rejected == 1


def test_a_metric_that_is_no_number_is_kept_as_text(tmp_path: Path) -> None:
    run = imported(tmp_path, line(metrics=["f1"], f1=["gold", ["pred"]]))
    assert [one.comment for one in run.judgments("lm-eval:f1,none")] == ['["gold", ["pred"]]']


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for task in ("a", "b"):
        (tmp_path / f"samples_{task}_2026-01-02T03-04-05.jsonl").write_text(json.dumps(line()) + "\n")
    run = import_run(tmp_path, "lm-eval", tmp_path / "out")
    assert [prompt.id for prompt in run.prompts()] == ["a/0", "b/0"]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    run = imported(tmp_path, line())
    before = run.responses_path.read_bytes()
    with pytest.raises(RunError, match="made by another plan: the input was samples"):
        imported(tmp_path, line(1))
    assert run.responses_path.read_bytes() == before


def test_what_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected one of hantei, inspect, lm-eval, llm-jp-judge"):
        import_run(tmp_path, "helm", tmp_path / "out")
    with pytest.raises(UsageError, match="no such file or folder"):
        import_run(tmp_path / "none.jsonl", "lm-eval", tmp_path / "out")
    with pytest.raises(InputError, match="expected files of samples"):
        import_run(tmp_path, "lm-eval", tmp_path / "out")


def test_reasoning_is_kept_apart_as_in_live_replies(tmp_path: Path) -> None:
    answers = ["<think>why</think>No.", "<think>cut off", "<|channel>thought\nwhy<channel|>No.", "<think>why</think>"]
    run = imported(tmp_path, *(line(number, resps=[[text]]) for number, text in enumerate(answers)))
    assert [(one.text, one.reasoning, one.status) for one in run.responses()] == [
        ("No.", "why", "ok"),
        ("", "cut off", "truncated"),
        ("No.", "why", "ok"),
        ("", "why", "error"),
    ]


def test_an_answer_in_content_parts_is_joined(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "It is "}, {"type": "text", "text": "a mole."}]
    run = imported(tmp_path, line(resps=[[parts]]), line(1, resps=[[parts, "Two."]]), line(2, resps=[[[-1.5, False]]]))
    assert [one.text for one in run.responses()] == ["It is a mole.", "It is a mole.", "Two."]
    assert run.info().rejected == 1
