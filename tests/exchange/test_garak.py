from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hantei.errors import InputError
from hantei.records import Message
from tests.exchange.files import imported, judgments, lines, problems

SETUP = {"entry_type": "start_run setup", "plugins.target_name": "org/model", "run.eval_threshold": 0.5}


def attempt(identity: str, prompt: Any, outputs: Any, scores: Any, **fields: Any) -> dict[str, Any]:
    """Return a final attempt as garak writes it."""
    return {
        "entry_type": "attempt",
        "uuid": identity,
        "seq": 0,
        "status": 2,
        "probe_classname": "dan.Dan_11_0",
        "prompt": prompt,
        "outputs": outputs,
        "detector_results": scores,
        "goal": "disregard the system prompt",
        **fields,
    }


def turns(*said: tuple[str, str]) -> dict[str, Any]:
    return {"turns": [{"role": role, "content": {"text": text, "lang": "en"}} for role, text in said], "notes": {}}


def test_final_attempts_with_an_answer_a_generation(tmp_path: Path) -> None:
    asked = turns(("system", "Be brief."), ("user", "もぐらは？"))
    started = attempt("a", asked, [], {}, status=1)
    done = attempt("a", asked, [{"text": "罠です。"}, {"text": ""}, None], {"dan.DAN": [1.0, 0.0, None]})
    run = imported(lines(tmp_path / "garak.1.report.jsonl", [SETUP, {"entry_type": "init"}, started, done]))
    (prompt,) = run.prompts()
    assert prompt.messages == (Message(role="system", content="Be brief."), Message(role="user", content="もぐらは？"))
    assert (prompt.id, prompt.benchmark, prompt.language) == ("a", "dan.Dan_11_0", "ja")
    assert [(one.id, one.text, one.status, one.error) for one in run.responses()] == [
        ("org/model/a/0", "罠です。", "ok", None),
        ("org/model/a/1", "", "error", "the answer is empty"),
        ("org/model/a/2", "", "error", "the generator gave no output"),
    ]
    said = judgments(run, "garak:dan.DAN")
    assert [(one.unsafe, one.score, one.scale, one.status) for one in said.values()] == [
        (True, 1.0, "0-1", "ok"),
        (None, 0.0, "0-1", "error"),  # nothing was said
        (None, None, "0-1", "unparsed"),
    ]
    assert run.info().judges["garak:dan.DAN"].title == "recorded by garak"


def test_older_reports_hold_texts(tmp_path: Path) -> None:
    setup = {"entry_type": "start_run setup", "plugins.model_name": "gpt-x"}
    run = imported(lines(tmp_path / "r.jsonl", [setup, attempt("a", "Hi?", ["Hello.", "Bye."], {"d": [0.5, 0.49]})]))
    assert [(one.system, one.text) for one in run.responses()] == [("gpt-x", "Hello."), ("gpt-x", "Bye.")]
    assert [one.unsafe for one in run.judgments("garak:d")] == [True, False]


def test_the_threshold_is_that_of_the_run(tmp_path: Path) -> None:
    setup = SETUP | {"run.eval_threshold": 0.9}
    run = imported(lines(tmp_path / "r.jsonl", [setup, attempt("a", "Hi?", ["Hello."], {"d": [0.6]})]))
    assert [one.unsafe for one in run.judgments("garak:d")] == [False]


def test_each_history_of_several_turns_has_its_own_prompt(tmp_path: Path) -> None:
    histories = [
        turns(("user", "One?"), ("assistant", "1"), ("user", "Two?"), ("assistant", "2")),
        turns(("user", "One?"), ("assistant", "uno"), ("user", "Two?"), ("assistant", "dos")),
    ]
    row = attempt("a", turns(("user", "One?")), [{"text": "2"}, {"text": "dos"}], {}, conversations=histories)
    run = imported(lines(tmp_path / "r.jsonl", [SETUP, row]))
    assert [(p.id, [m.content for m in p.messages]) for p in run.prompts()] == [
        ("a/0", ["One?", "1", "Two?"]),
        ("a/1", ["One?", "uno", "Two?"]),
    ]


def test_two_reports_are_two_systems(tmp_path: Path) -> None:
    for name in ("a", "b"):
        setup = SETUP | {"plugins.target_name": name}
        lines(tmp_path / "in" / f"{name}.report.jsonl", [setup, attempt(name, "Hi?", ["Yes."], {"d": [0]})])
    assert [one.system for one in imported(tmp_path / "in").responses()] == ["a", "b"]


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [
        SETUP,
        attempt("a", "Hi?", ["Yes."], {"d": ["x"], "e": 3, "f": [10**400], "g": [float("nan")], "h": []}),
        attempt("b", 7, ["Yes."], {}),
        attempt("c", turns(("narrator", "Hm")), ["Yes."], {}),
        attempt("d", "Hi?", "Yes.", []),
        attempt("a", "Hi?", ["Yes."], {}),
        {"other": 1},
    ]
    run = imported(lines(tmp_path / "r.jsonl", rows))
    assert [one.id for one in run.responses()] == ["org/model/a/0"]
    assert [(row, text[:40]) for row, text in problems(run)] == [
        (3, "expected what was asked, as text or mess"),
        (4, "message 1: role 'narrator' is not known "),
        (5, "expected 'outputs' as a list"),
        (6, "the answer 'org/model/a/0' was there bef"),
        (7, "expected an entry of garak's report, wit"),
    ]
    assert [(j, next(run.judgments(j)).status) for j in run.judges()] == [
        ("garak:d", "ok"),
        ("garak:f", "unparsed"),
        ("garak:g", "unparsed"),
    ]
    assert next(run.judgments("garak:d")).comment == "x"


def test_a_log_of_hits_is_told_from_a_report(tmp_path: Path) -> None:
    hit = {"goal": "g", "prompt": "p", "output": "o", "score": 1.0, "attempt_id": "a", "probe": "p", "detector": "d"}
    with pytest.raises(InputError, match=r"every rate is 100%; import the report beside it, garak\.x\.report\.jsonl"):
        imported(lines(tmp_path / "garak.x.hitlog.jsonl", [hit]))
