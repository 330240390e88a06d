"""Before and after: each metric as a paired difference, scores too, incoherent answers apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import hantei
from hantei.errors import UsageError
from hantei.records import Judgment, Prompt, Response
from hantei.training import before_after
from hantei.training.mixtures.recipe import LoadedRecipe, parse_recipe

TEXT = 'title = "T"\n[model]\nbase = "x"\n[[sources]]\nname = "s"\nfile = "s.jsonl"\n'


class Graded:
    """Scores an answer by its length; unsafe is what holds ``boom``."""

    name, card_hash = "graded", "2" * 64

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "violation"}

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        return [
            Judgment(
                response_id=response.id,
                judge=self.name,
                unsafe="boom" in response.text,
                score=float(min(len(response.text), 10)),
                scale="1-10",
            )
            for _, response in pairs
        ]


def _run(folder: Path, answers: Sequence[str]) -> hantei.Run:
    rows = [{"id": str(n), "prompt": f"question {n}?", "response": text} for n, text in enumerate(answers)]
    return hantei.judge(rows, Graded(), folder)


def test_scores_are_compared_prompt_by_prompt(tmp_path: Path) -> None:
    pair = _run(tmp_path / "a", ["boom", "four", "ha"]), _run(tmp_path / "b", ["nine here", "four", "ha"])
    scores = before_after.paired_scores(pair, "graded")
    assert scores is not None
    base, tuned, gain = scores
    assert (base.value, tuned.value) == ((4 + 4 + 2) / 3, (9 + 4 + 2) / 3)
    assert gain.value == pytest.approx(5 / 3)
    assert gain.low is not None
    assert gain.low >= 0


def test_incoherent_answers_stand_apart_and_every_change_has_its_interval(tmp_path: Path) -> None:
    pair = _run(tmp_path / "a", ["boom", "boom it is", "fine"]), _run(tmp_path / "b", ["no", "ha ha " * 40, "fine"])
    changes, _ = before_after._compared("safety", "own.jsonl", "graded", pair)
    by_metric = {one.metric: one for one in changes}
    assert by_metric["violation_rate"].difference.value == pytest.approx(-2 / 3)
    assert by_metric["incoherent_rate"].difference.value == pytest.approx(1 / 3)
    assert by_metric["coherent_violation_rate"].difference.value == -0.5
    assert by_metric["score"].judge == "graded"
    for one in changes:
        assert one.difference.low is not None
        assert one.difference.high is not None
    table = before_after.BeforeAfter(changes=tuple(changes), folders=()).table()
    assert table[0][-1] == "prompts"
    assert len(table) == 1 + len(changes)


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    loaded = LoadedRecipe(name="r", recipe=parse_recipe(TEXT, "r"), folder=tmp_path, text=TEXT)
    with pytest.raises(UsageError, match="made from nothing"):
        before_after.evaluate(loaded, None, tmp_path, lambda _: None)
    with pytest.raises(UsageError, match="needs benchmarks"):
        before_after.evaluate(loaded, "base", tmp_path, lambda _: None)
