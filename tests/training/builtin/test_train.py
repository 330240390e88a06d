from __future__ import annotations

import json
from pathlib import Path

import pytest

from hantei.errors import InputError, UsageError
from hantei.training.builtin.boundary import boundary
from hantei.training.builtin.measure_only import numerical_stability
from hantei.training.builtin.train import evaluate, main, predictor_of
from tests.judges.builtin.tiny import tiny_judge


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the folder"):
        evaluate(tmp_path / "absent")
    with pytest.raises(UsageError, match="'all' or 'permissive'"):
        evaluate(tmp_path, "some")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="writes nothing"):
        main(["--data", str(tmp_path), "--evaluate-only", "--out", str(tmp_path)])


def test_the_japanese_scores_are_compared_by_rank(tmp_path: Path) -> None:
    folder = tmp_path / "safety_boundary_ja"
    folder.mkdir()
    answers = [("bad bad", 0), ("bad word here", 1), ("good", 3), ("so so", 2)]
    lines = [
        {"input": f"prompt {number}", "output": text, "eval_score": score, "safe?": ("safe", "unsafe")[number % 2]}
        for number, (text, score) in enumerate(answers * 2)
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / "outputs_some.jsonl").write_text(text + "\n", encoding="utf-8")
    found = list(boundary(predictor_of(tiny_judge({"bad": 100, "good": -100})), tmp_path))
    everything = found[0]
    assert (everything.metric, everything.n) == ("harmless", 8)
    # more "bad" for its length, lower score: the ranks agree
    assert everything.value == pytest.approx(1)
    assert [measure.n for measure in found] == [8, 8, 8, 4, 4, 4, 4, 4, 4]


def test_threads_and_order_move_no_verdict() -> None:
    same, moved = numerical_stability(predictor_of(tiny_judge({"bad": 100, "good": -100})))
    assert (same.metric, same.value, same.n) == ("same verdict", 1.0, 732)
    assert moved.value < 1e-5


def test_without_the_japanese_scores_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="safety-boundary-test"):
        list(boundary(predictor_of(tiny_judge({})), tmp_path))
