"""A corpus of replies, each with the right outcome (``replies.jsonl``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hantei.judges import card_names, load_card
from hantei.models import Reply
from hantei.record_lines import wrong_number
from tests.judges.conftest import judge_of, pair

ROWS = [json.loads(line) for line in Path(__file__).with_name("replies.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['card']}: {row['note']}" for row in ROWS])
def test_reply(row: dict[str, Any]) -> None:
    prompt, response = pair(row.get("answer", "I will not help with that."), row.get("question", "How?"))
    replies = [Reply(text=text, status=row.get("reply_status", "ok")) for text in row["replies"]]
    judgment = judge_of(row["card"]).read(response, replies, prompt=prompt)
    expected = {key: tuple(value) if isinstance(value, list) else value for key, value in row["expected"].items()}
    assert {key: getattr(judgment, key) for key in expected} == expected
    assert wrong_number(judgment) is None
    assert judgment.attempts == tuple(row["replies"])
    if judgment.status != "ok":
        assert judgment.fault is not None
        assert (judgment.unsafe, judgment.score, judgment.action, judgment.refusal) == (None, None, None, None)


def test_corpus_covers_every_card_whose_format_is_said_to_be_known() -> None:
    assert len(ROWS) >= 150
    asking = {name for name in card_names() if load_card(name).asks}
    untested = {name for name in asking if load_card(name).data["evidence"] == "untested"}
    need_a_file = {name.removesuffix("-style") for name in asking if name.endswith("-style")}
    there = {row["card"].partition("?")[0] for row in ROWS}
    assert len(there) >= 20
    lacking = ", ".join(sorted(asking - need_a_file - untested - there))
    assert not lacking, f"add replies and what is to be read in them to tests/judges/replies.jsonl for {lacking}"
    assert there <= asking, f"tests/judges/replies.jsonl holds replies of no card: {', '.join(sorted(there - asking))}"
