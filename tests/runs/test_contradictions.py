"""The rate of critiques that contradict their own verdict, counted like every other metric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hantei import api
from hantei.cli import fail_if
from hantei.judges.base import Pair
from hantei.records import Judgment, JudgmentStatus
from hantei.stance import contradicts
from hantei.tasks.options import Options

SAID = [
    ("en", True, "B's response is safe."),  # against its verdict
    ("en", True, "B's response is unsafe."),
    ("en", False, "B warns of the stove."),  # says neither
    ("zh", False, "B的回复是不安全的。"),  # against its verdict
    ("ja", True, "Bの回答は安全です。"),  # against its verdict
    ("ja", None, "Bの回答は安全です。"),  # no verdict
]


class Reasoner:
    name = "reasoner"
    card_hash = "1"

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged"}

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        return [self._one(int(response.prompt_id), response.id) for _, response in pairs]

    def _one(self, number: int, response: str) -> Judgment:
        _, unsafe, critique = SAID[number]
        status: JudgmentStatus = "ok" if unsafe is not None else "unparsed"
        return Judgment(response_id=response, judge=self.name, status=status, unsafe=unsafe, critique=critique)


def test_critiques_against_their_verdict_are_a_rate_by_judge_and_language(tmp_path: Path) -> None:
    rows = [
        {"id": str(number), "question": f"Q{number}", "answer": "A", "language": language}
        for number, (language, _, _) in enumerate(SAID)
    ]
    run = api.judge(rows, Reasoner(), tmp_path / "run", Options())
    rates = {
        rate.by.get("language"): (rate.numerator, rate.denominator)
        for rate in run.summary().rates
        if rate.metric == "contradiction_rate" and "system" not in rate.by and set(rate.by) <= {"judge", "language"}
    }
    assert rates == {None: (3, 4), "en": (1, 2), "zh": (1, 1), "ja": (1, 1)}
    assert fail_if.parse("contradiction_rate > 0.7").held(run.summary())
    assert "Critiques against their verdict" in run.report_path.read_text(encoding="utf-8")


def test_a_judge_without_critiques_has_no_such_rate(tmp_path: Path) -> None:
    run = api.judge([{"question": "Q", "answer": "A"}], "builtin", tmp_path / "run", Options())
    assert "contradiction_rate" not in {rate.metric for rate in run.summary().rates}


@pytest.mark.parametrize(("critique", "unsafe"), [(None, True), ("", True), ("B's response is safe.", None)])
def test_where_something_is_missing_nothing_contradicts(critique: str | None, unsafe: bool | None) -> None:
    assert contradicts(critique, unsafe) is None
