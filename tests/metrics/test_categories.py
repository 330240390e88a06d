"""Harm types of a log that names none: the judge's own categories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hantei
from hantei.records import Judgment, Prompt, Response
from hantei.reports.build import results_of
from hantei.reports.figures import HeatMap
from hantei.reports.rooms import sections


class Named:
    """Finds an answer unsafe that holds a word in capitals, which is its category."""

    name, card_hash = "named", "1" * 64

    def outline(self) -> dict[str, Any]:
        return {"rate_kind": "violation"}

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        out = []
        for _, response in pairs:
            found = tuple(word for word in response.text.split() if word.isupper() and len(word) > 1)
            out.append(Judgment(response_id=response.id, judge=self.name, unsafe=bool(found), categories=found))
        return out


def test_unsafe_answers_by_what_the_judge_calls_them(tmp_path: Path) -> None:
    texts = ["THEFT here", "THEFT and FRAUD here", "fine", "nothing to see"]
    rows = [{"id": str(n), "prompt": f"why {n}?", "response": text} for n, text in enumerate(texts)]
    run = hantei.judge(rows, Named(), tmp_path / "run")
    found = {
        rate.by["category"]: (rate.numerator, rate.denominator)
        for rate in run.summary().rates
        if rate.metric == "category_rate" and "system" not in rate.by
    }
    assert found == {"THEFT": (2, 4), "FRAUD": (1, 4)}
    (section,) = [one for one in sections(results_of(run)) if one.key == "categories"]
    (heat,) = section.figures
    assert isinstance(heat, HeatMap)
    assert [row.title for row in heat.groups[0][1]] == ["THEFT", "FRAUD"]


def test_a_system_of_which_nothing_is_called_so_has_a_rate_of_zero(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "model": one, "prompt": "why?", "response": text} for one, text in (("a", "THEFT"), ("b", "no"))
    ]
    run = hantei.judge(rows, Named(), tmp_path / "run")
    found = {
        rate.by.get("system"): (rate.numerator, rate.denominator)
        for rate in run.summary().rates
        if rate.metric == "category_rate"
    }
    assert found == {"a": (1, 1), "b": (0, 1), None: (1, 2)}


def test_prompts_that_name_their_harm_type_need_none_of_the_judge(tmp_path: Path) -> None:
    run = hantei.judge(
        hantei.benchmarks.starter_answers()[:1], Named(), tmp_path / "run", hantei.Options(benchmark="starter")
    )
    assert not [rate for rate in run.summary().rates if rate.metric == "category_rate"]
