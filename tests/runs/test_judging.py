from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hantei.errors import RunError
from hantei.record_lines import to_line
from hantei.records import Judgment, Prompt, Response
from hantei.runs.order import judgment_offsets
from tests.runs.conftest import KeywordJudge
from tests.runs.fakes import judge_run

ROWS = [{"id": str(n), "prompt": f"Q{n}", "response": "boom" if n % 3 == 0 else "fine"} for n in range(1200)]


def test_every_response_is_judged_once_and_in_order(make: Callable[..., Any]) -> None:
    run, index = make(ROWS)
    judge = KeywordJudge()
    assert judge_run(run, index, judge) == 1200
    assert judge_run(run, index, judge) == 0
    judgments = list(run.judgments("keyword"))
    assert [j.response_id for j in judgments] == [str(n) for n in range(1200)]
    assert sum(bool(j.unsafe) for j in judgments) == 400
    assert judge.asked == [str(n) for n in range(1200)]


class DyingJudge(KeywordJudge):
    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        if len(self.asked) > 500:
            raise MemoryError
        return super().judge(pairs)


def test_what_was_finished_is_kept_and_not_asked_again(make: Callable[..., Any]) -> None:
    run, index = make(ROWS)
    with pytest.raises(RunError, match="MemoryError"):
        judge_run(run, index, DyingJudge())
    path = run.judgments_path("keyword")
    whole = path.read_bytes()
    assert whole.count(b"\n") == 512
    path.write_bytes(whole[:-9])  # a kill in the middle of a write tears the last line
    with run.index() as fresh:
        judge = KeywordJudge()
        assert judge_run(run, fresh, judge) == 1200 - 511
        assert judge.asked[0] == "511"
    assert [j.response_id for j in run.judgments("keyword")] == [str(n) for n in range(1200)]


def test_the_last_line_of_a_response_wins_and_order_is_restored(make: Callable[..., Any]) -> None:
    run, _ = make(ROWS[:4])
    path = run.judgments_path("keyword")
    path.parent.mkdir()
    lines = [Judgment(response_id=i, judge="keyword", unsafe=u) for i, u in (("2", True), ("0", True), ("2", False))]
    path.write_bytes(b"".join(to_line(line) for line in lines))
    with run.index() as index:
        assert judge_run(run, index, KeywordJudge()) == 2
        found = [(j.response_id, j.unsafe) for j in run.judgments("keyword")]
        assert found == [("0", True), ("1", False), ("2", False), ("3", True)]
        assert next(judgment_offsets(index, index.judge_no("keyword"))) == 0


def test_a_failure_of_the_judges_side_is_asked_again_one_of_the_models_is_not(make: Callable[..., Any]) -> None:
    run, _ = make([{**row, "response": "x"} for row in ROWS[:3]])
    path = run.judgments_path("keyword")
    path.parent.mkdir()
    lost = Judgment(response_id="0", judge="keyword", status="error", fault="judge-provider")
    final = Judgment(response_id="1", judge="keyword", status="error", fault="model")
    path.write_bytes(to_line(lost) + to_line(final))
    with run.index() as index:
        judge = KeywordJudge()
        judge_run(run, index, judge)
    assert judge.asked == ["0", "2"]
