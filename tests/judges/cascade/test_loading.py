"""Cascades and recorded judges by their names, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.errors import CardError, HanteiError, InputError, UsageError
from hantei.judges import card_names, load_card, load_judge
from hantei.judges.cascade.fit import CascadeFit, read_fit
from hantei.judges.cascade.judge import Cascade
from hantei.records import Judgment
from tests.judges.cascade.conftest import sure, written


@pytest.fixture
def cheap(tmp_path: Path) -> str:
    return f"recorded@{written(tmp_path / 'cheap.jsonl', [sure('a', 0.7)])}"


@pytest.fixture
def expensive(tmp_path: Path) -> str:
    return f"recorded@{written(tmp_path / 'expensive.jsonl', [sure('a', 0.2)])}"


@pytest.fixture
def asking(tmp_path: Path) -> str:
    answers = tmp_path / "replies.jsonl"
    answers.write_text('{"prompt": "x", "response": "y"}\n')
    return f"rubric@replay/{answers}"


def fitted(path: Path, **changed: Any) -> Path:
    fit = CascadeFit(
        head="unsafe",
        rule="confidence",
        threshold=0.8,
        temperature=1.5,
        confusion=None,
        guarantee="Holds.",
        goal={"budget": 0.2},
        cheap={"name": "builtin", "card_hash": load_judge("builtin").card_hash},
        expensive=None,
        sample={"rows": 100},
        operating={"threshold": 0.8, "calls": 0.2},
        curve=(),
    )
    path.write_text(json.dumps({**json.loads(fit.text()), **changed}))
    return path


def test_a_cascade_asks_the_models_of_its_expensive_judge(asking: str, expensive: str) -> None:
    found = load_judge(f"cascade?threshold=0.9@builtin,{asking}")
    assert [model.name for model in found.models] == [asking.partition("@")[2]]
    assert load_judge(f"cascade?threshold=0.9@builtin,{expensive}").models == ()


def test_the_name_parts_at_the_first_comma(cheap: str, expensive: str) -> None:
    inner = f"cascade?threshold=0.6@{cheap},{expensive}"
    found = load_judge(f"cascade?threshold=0.9@builtin,{inner}")
    assert isinstance(found, Cascade)
    assert (found.cheap.name, found.expensive.name) == ("builtin", inner)


def test_a_comma_in_a_path_is_percent_encoded(tmp_path: Path, expensive: str) -> None:
    written(tmp_path / "a,b.jsonl", [sure("a", 0.7)])
    found = load_judge(f"cascade?threshold=0.9@recorded@{tmp_path}/a%2Cb.jsonl,{expensive}")
    assert isinstance(found, Cascade)
    assert found.cheap.name.endswith("a%2Cb.jsonl")


def test_the_hash_covers_both_judges_and_the_settings(tmp_path: Path, cheap: str, expensive: str) -> None:
    names = [
        f"cascade?threshold=0.9@{cheap},{expensive}",
        f"cascade?threshold=0.8@{cheap},{expensive}",
        f"cascade?threshold=0.9&head=action@{cheap},{expensive}",
        f"cascade?threshold=0.9@{expensive},{expensive}",
        f"cascade?threshold=0.9@{cheap},{cheap}",
    ]
    hashes = [load_judge(name).card_hash for name in names]
    assert len(set(hashes)) == len(names)
    assert load_judge(names[0]).card_hash == hashes[0]
    written(tmp_path / "cheap.jsonl", [sure("a", 0.71)])
    assert load_judge(names[0]).card_hash != hashes[0]


def test_it_claims_no_more_than_the_weaker_of_its_judges(asking: str, expensive: str) -> None:
    outline = load_judge(f"cascade?threshold=0.9@builtin,{asking}").outline()
    assert outline["rate_kind"] == "flagged"
    assert set(outline["languages"]) == {"en", "ja", "zh"}
    assert outline["notices"] == load_card("builtin").outline()["notices"]
    assert outline["cascade"]["guarantee"].startswith("None:")
    json.dumps(outline)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cascade@builtin,builtin", "name either a threshold .* or cascade.fit=FILE"),
        ("cascade?threshold=0.9&fit=x.json@builtin,builtin", "name either a threshold"),
        ("cascade?threshold=0.9@builtin", "cascade.threshold=0.9@CHEAP,EXPENSIVE"),
        ("cascade?threshold=0.9", "cascade.threshold=0.9@CHEAP,EXPENSIVE"),
        ("cascade?threshold=0.9@,builtin", "cascade.threshold=0.9@CHEAP,EXPENSIVE"),
        ("cascade?threshold=high@builtin,builtin", "a number from 0 to 1, got 'high'"),
        ("cascade?threshold=1.5@builtin,builtin", "a number from 0 to 1"),
        ("cascade?threshold=nan@builtin,builtin", "a number from 0 to 1"),
        ("cascade?threshold=0.9&head=harm@builtin,builtin", "head=unsafe or head=action"),
        ("cascade?level=0.9@builtin,builtin", "no setting 'level'"),
        ("cascade?fit=none.json@builtin,builtin", "none.json: cannot be read"),
        ("cascade?threshold=0.9@human:ann,builtin", "a person is no judge to run"),
        ("cascade?threshold=0.9@builtin,nobody", "no such judge"),
        ("recorded", "expected recorded@FILE"),
        ("recorded?x=1@f.jsonl", "expected recorded@FILE"),
        ("recorded@nowhere.jsonl", "nowhere.jsonl cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_judge(name)


def test_a_cheap_judge_that_asks_a_model_is_refused(asking: str) -> None:
    with pytest.raises(UsageError, match="the cheap judge must run here"):
        load_judge(f"cascade?threshold=0.9@{asking},builtin")


def test_it_carries_the_profile_of_the_cheap_judges_training_data(cheap: str, expensive: str) -> None:
    known = load_judge(f"cascade?threshold=0.9@builtin,{expensive}")
    assert isinstance(known, Cascade)
    assert known.profile is not None
    assert known.profile.usual == load_judge("builtin").profile.usual  # type: ignore[attr-defined]
    other = load_judge(f"cascade?threshold=0.9@{cheap},{expensive}")
    assert isinstance(other, Cascade)
    assert other.profile is None


def test_a_fit_gives_rule_threshold_and_guarantee(tmp_path: Path, expensive: str) -> None:
    found = load_judge(f"cascade?fit={fitted(tmp_path / 'fit.json')}@builtin,{expensive}")
    assert isinstance(found, Cascade)
    assert (found.threshold, found.rule.temperature, found.rule.head) == (0.8, 1.5, "unsafe")
    assert found.outline()["cascade"]["guarantee"] == "Holds."


def test_a_fit_for_another_cheap_judge_is_refused(tmp_path: Path, cheap: str, expensive: str) -> None:
    file = fitted(tmp_path / "fit.json")
    with pytest.raises(CardError, match="the fit is for builtin"):
        load_judge(f"cascade?fit={file}@{cheap},{expensive}")
    with pytest.raises(UsageError, match="the fit says which head"):
        load_judge(f"cascade?fit={file}&head=action@builtin,{expensive}")


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"head": "harm"},
        {"threshold": "high"},
        {"threshold": None},
        {"temperature": 0},
        {"rule": "value"},
        {"rule": "value", "confusion": [[1, 0], [0, 1]]},
        {"confusion": [[0.9, 0.1], [0.1, 0.9]]},
        {"cheap": {}},
        {"guarantee": 3},
        {"rule": ["value"], "confusion": [[0.9, 0.1], [0.1, 0.9]]},
        {"rule": "value", "confusion": [[0.9, 0.1], [float("inf"), 0.9]]},
        {"cheap": {"card_hash": "f"}},
        {"expensive": {"card_hash": "f"}},
        {"operating": "x"},
        {"operating": {"calls": 10**400}},
        {"curve": "x"},
        {"curve": [1]},
        {"curve": [{"calls": 1e308, "accuracy": -1e308}]},
        {"curve": [{"calls": float("nan")}]},
    ],
)
def test_a_broken_fit_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="expected the file of hantei train cascade"):
        read_fit(fitted(tmp_path / "fit.json", **changed))


def test_no_bytes_in_a_fit_raise_anything_else(tmp_path: Path) -> None:
    file = tmp_path / "fit.json"
    for data in (b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'"x"'):
        file.write_bytes(data)
        with pytest.raises(InputError):
            read_fit(file)


def test_weights_measured_on_another_expensive_judge_are_told(tmp_path: Path, expensive: str) -> None:
    measured = {"name": "recorded@gpt4.jsonl", "card_hash": "f" * 64}
    file = fitted(tmp_path / "fit.json", rule="value", confusion=[[0.9, 0.1], [0.1, 0.9]], expensive=measured)
    notices = load_judge(f"cascade?fit={file}@builtin,{expensive}").outline()["notices"]
    assert any("recorded@gpt4.jsonl erred" in notice for notice in notices)


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"3",
        b"not json",
        b'{"response_id": "a", "judge": "j", "unsafe": "yes"}',
        b'{"response_id": "a", "judge": "j", "p_unsafe": 1.5}',
        b'{"response_id": "a", "judge": "j", "p_unsafe": NaN}',
        b'{"response_id": "a", "judge": "j", "action": 6}',
        b'{"response_id": "a", "judge": "j", "action": true}',
        b'{"response_id": "a", "judge": "j", "refusal": "some"}',
        b'{"response_id": "a", "judge": "j", "status": ["ok"]}',
        b'{"response_id": 3, "judge": "j"}',
        b'{"response_id": "a", "judge": "j", "probabilities": {"action": {"0": 2}}}',
        b'{"response_id": "a", "judge": "j", "probabilities": {"action": [1]}}',
        b'{"response_id": "a", "judge": "j", "probabilities": 3}',
        b'{"response_id": "a", "judge": "j", "score": NaN}',
        b'{"response_id": "a", "judge": "j", "score": Infinity}',
        b'{"response_id": "a", "judge": "j", "score": 1e999}',
        b'{"response_id": "a", "judge": "j", "score": 99, "scale": "1-5"}',
        b'{"response_id": "a", "judge": "j", "scale": 5}',
        b'{"response_id": "a", "judge": "j", "critique": {"a": 1}}',
        b'{"response_id": "a", "judge": "j", "comment": ["x"]}',
        b'{"response_id": "a", "judge": "j", "error": 7}',
        b'{"response_id": "a", "judge": "j", "categories": [1]}',
        b'{"response_id": "a", "judge": "j", "attempts": [{}]}',
        b'{"response_id": "a", "judge": "j", "in_training": "yes"}',
        b'{"response_id": "a", "jud',
    ],
)
def test_a_recorded_line_that_is_no_judgment_is_named(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "said.jsonl"
    file.write_bytes(b'{"response_id": "b", "judge": "j"}\n' + line)
    with pytest.raises(InputError, match=r"said\.jsonl, line 2: "):
        load_judge(f"recorded@{file}")


def test_recorded_judgments_of_several_judges_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "said.jsonl", [Judgment(response_id="a", judge=name) for name in ("x", "y")])
    with pytest.raises(InputError, match="of one judge, found those of x, y"):
        load_judge(f"recorded@{file}")
    with pytest.raises(HanteiError, match="found those of none"):
        load_judge(f"recorded@{written(tmp_path / 'none.jsonl', [])}")


def test_of_repeats_the_first_counts_and_of_lines_the_last(tmp_path: Path) -> None:
    said = [sure("a", 0.1), sure("a", 0.9), sure("a", 0.2, repeat=1), sure("a", 0.3, turn=1)]
    judge = load_judge(f"recorded@{written(tmp_path / 'said.jsonl', said)}")
    assert judge.judgments["a"].p_unsafe == 0.9  # type: ignore[attr-defined]


def test_both_cards_are_listed() -> None:
    assert {"cascade", "recorded"} <= set(card_names())
    for name in ("cascade", "recorded"):
        assert "Where it is weak" in load_card(name).sheet()
