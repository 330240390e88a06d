from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hantei.records import Judgment, Message, Prompt, Response, Summary
from hantei.reports import answers
from hantei.reports.answers import encode
from hantei.reports.data import AnswerRow, Highlight

from .hostile import TEXTS, hostile_input
from .sample import report_input


def one(**changes: Any) -> dict[str, Any]:
    """Encode one answer and return it as the page reads it."""
    prompt = Prompt(id="p", messages=(Message(role="user", content="Why?"),), **changes.pop("prompt", {}))
    response = Response(id="r", prompt_id="p", system="s", text=changes.pop("text", "Because."))
    row = AnswerRow(prompt, response, **changes)
    data = replace(report_input(copies=1), answers=[row], summary=Summary(rates=()))
    found: dict[str, Any] = json.loads(encode(data).json)["answers"][0]
    return found


def test_names_are_kept_once_and_referred_to_by_number() -> None:
    data = report_input(copies=1)
    read = json.loads(encode(data).json)
    rows = list(data.answers)
    assert len(read["answers"]) == len(rows)
    for row, answer in zip(rows, read["answers"], strict=True):
        assert read["names"]["systems"][answer["system"]] == row.response.system
        assert ("harm" in answer) == (row.prompt.harm is not None)
        if row.prompt.harm:
            assert read["names"]["harms"][answer["harm"]] == data.labels[row.prompt.harm]


def test_a_judgment_says_its_verdict_and_why_there_is_none() -> None:
    unsafe = Judgment(response_id="r", judge="j", unsafe=True, p_unsafe=0.91234567, action=5, refusal="none")
    unread = Judgment(response_id="r", judge="j", status="unparsed", fault="parser", attempts=("I think\x1b",))
    first, second = one(judgments=(unsafe, unread))["judgments"]
    assert first == {"judge": 0, "verdict": "unsafe", "p": 0.9123, "action": "5 follows", "refusal": "none"}
    assert (second["verdict"], second["why"]) == ("none", "unparsed: parser")
    assert second["attempts"] == [{"runs": ["I think", ["[ESC]"]]}]


def test_an_answer_is_cut_and_says_of_how_much() -> None:
    answer = one(text="x" * 5_000_000, marks=(Highlight(0, 4_999_999, 1.0),))["answer"]
    assert answer == {"runs": [["x" * 20_000, 1.0]], "shown": 20_000, "of": 5_000_000}


def test_a_language_that_is_no_tag_never_becomes_an_attribute() -> None:
    data = replace(report_input(copies=1), answers=list(hostile_input().answers)[:1])
    assert json.loads(encode(data).json)["names"]["languages"][0]["tag"] == ""


def test_nothing_in_the_text_can_end_its_script_element() -> None:
    text = encode(hostile_input()).json
    assert not set("<>&\u2028\u2029\x00\x1b\u202e") & set(text)
    text.encode()
    assert len(json.loads(text)["answers"]) == len(TEXTS)


def test_hostile_text_stays_bounded() -> None:
    assert sum(map(len, TEXTS.values())) > 5_000_000
    assert len(encode(hostile_input()).json) < 400_000


def test_what_does_not_fit_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_BYTES", 5_000)
    data = report_input(copies=1)
    encoded = encode(data)
    assert 0 < encoded.shown < data.total_answers
    assert encoded.shown + encoded.left_out == data.total_answers
    assert len(json.loads(encoded.json)["answers"]) == encoded.shown
