"""A run says which regional rule its judge was asked with, and how the regions of its prompts differ."""

from __future__ import annotations

import json
from pathlib import Path

import hantei
from hantei.judges.loading import asked_judge
from hantei.models import Reply
from tests.judges.conftest import Scripted


def test_the_summary_and_the_report_say_the_rule_and_break_down_by_region(tmp_path: Path) -> None:
    regions = ["JP", "JP", "JP", "KR", "KR"]
    rows = [
        {
            "id": str(number),
            "prompt": "この島は?",
            "response": "答え",
            "language": "ja",
            "region": region,
            "intent": "harmful",
        }
        for number, region in enumerate(regions)
    ]
    replies = [Reply(text="一つの見方だけです。\n評価：[[2]]") for _ in rows]
    judge = asked_judge("rubric?region=jp@openai/x", Scripted(replies))
    hantei.judge(rows, judge=judge, out=tmp_path / "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    [note] = [note for note in summary["notes"] if "region" in note]
    assert note.startswith("rubric?region=jp@openai/x was asked with region=jp: Some facts are seen differently")
    by_region = {
        rate["by"]["region"]: (rate["numerator"], rate["denominator"])
        for rate in summary["rates"]
        if rate["metric"] == "flagged_rate" and set(rate["by"]) == {"judge", "region"}
    }
    assert by_region == {"JP": (3, 3), "KR": (2, 2)}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "was asked with region=jp" in page
    assert "Regions" in page


def test_each_prompt_is_judged_by_the_rule_of_its_own_region_and_the_summary_says_which(tmp_path: Path) -> None:
    regions = ["JP", "JP", "KR", None]
    rows = [
        {"id": str(n), "prompt": "この島は?", "response": "答え", "language": "ja", "region": region}
        for n, region in enumerate(regions)
    ]
    model = Scripted([Reply(text="一つの見方だけです。\n評価：[[2]]") for _ in rows])
    judge = asked_judge("rubric?region=own@openai/x", model)
    hantei.judge(rows, judge=judge, out=tmp_path / "run")
    with_rule = ["質問は日本でされたものです" in request.messages[-1].content for request in model.asked]
    assert sorted(with_rule) == [False, False, True, True]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    [note] = [note for note in summary["notes"] if "region" in note]
    assert note.startswith("rubric?region=own@openai/x judged 2 prompts of JP by a rule for that region alone: Some")
    hashes = {asked_judge(f"rubric{given}@openai/x", model).card_hash for given in ("", "?region=own", "?region=jp")}
    assert len(hashes) == 3
