"""What a judge of the user's own may hand in: what cannot be read again is refused before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hantei
from hantei.engine.judge_worker import checked
from hantei.errors import RunError, UsageError
from hantei.judges.base import Pair
from hantei.records import Judgment


class Own:
    """Says the same of every answer."""

    name, card_hash = "own", "0" * 64

    def __init__(self, **said: Any) -> None:
        self.said = {"judge": "own", **said}

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "flagged"}

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        return [Judgment(response_id=response.id, **self.said) for _, response in pairs]


ROWS = [{"id": "1", "prompt": "How are you today?", "response": "Fine, thank you."}]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"unsafe": "yes"}, r"\$\.unsafe"),
        ({"p_unsafe": 1.7}, r"\$\.p_unsafe"),
        ({"action": 17}, r"\$\.action"),
        ({"refusal": "maybe"}, r"\$\.refusal"),
        ({"critique": 5}, r"\$\.critique"),
        ({"repeat": -1}, r"\$\.repeat"),
        ({"score": 99, "scale": "1-5"}, "score 99 is not on its scale 1-5"),
        ({"score": 0.5, "scale": "1-5"}, "score 0.5 is not on its scale 1-5"),
        ({"score": float("inf")}, "expected a number as its score, got inf"),
        ({"score": np.float32("nan")}, "expected a number as its score, got nan"),
        ({"p_unsafe": float("nan")}, "expected a number as its p_unsafe, got nan"),
        ({"cost": -1.0}, r"\$\.cost"),
        ({"judge": "builtin"}, "carries the name of 'builtin'"),
        ({"status": "error", "unsafe": True}, "expected no verdict with the status 'error'"),
    ],
)
def test_what_cannot_be_read_again_is_refused_and_not_written(tmp_path: Path, said: Any, names: str) -> None:
    with pytest.raises(RunError, match=f"judge own, answer '1': .*{names}"):
        hantei.judge(ROWS, judge=Own(**said), out=tmp_path / "run")
    assert not (tmp_path / "run" / "judgments" / "own.jsonl").read_bytes()
    run = hantei.judge(ROWS, judge=Own(unsafe=True), out=tmp_path / "run")
    assert [one.unsafe for one in run.judgments("own")] == [True]


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    own = Own(unsafe=np.bool_(True), p_unsafe=np.float32(0.5), action=np.int64(5), score=np.float64(2.5))
    run = hantei.judge(ROWS, judge=own, out=tmp_path / "run")
    (judgment,) = run.judgments("own")
    assert (judgment.unsafe, judgment.p_unsafe, judgment.action, judgment.score) == (True, 0.5, 5, 2.5)


def test_anything_else_is_no_judgment() -> None:
    with pytest.raises(RunError, match="judge own: expected a Judgment, got dict"):
        checked("own", {"response_id": "1"})


@pytest.mark.parametrize("out", ["responses.jsonl", "run.json", "judgments/own.jsonl", "."])
def test_an_export_never_takes_the_place_of_the_runs_records(tmp_path: Path, out: str) -> None:
    run = hantei.judge(ROWS, judge=Own(unsafe=False), out=tmp_path / "run")
    for write in (hantei.export, hantei.report):
        with pytest.raises(UsageError, match="holds the run's own records"):
            write(run.path, out=run.path / out)
    assert [one.text for one in run.responses()] == ["Fine, thank you."]


def test_a_report_in_the_place_of_a_folder_is_one_line(tmp_path: Path) -> None:
    run = hantei.judge(ROWS, judge=Own(unsafe=False), out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"cannot be written \(it is a folder\): name another --out"):
        hantei.report(run.path, out=tmp_path)
