from __future__ import annotations

from hantei.records import Rate, Summary
from hantei.reports.results import Rates, Results


def test_rates_are_found_by_exactly_what_they_are_of() -> None:
    by = {"judge": "j", "system": "s"}
    whole, part = Rate(metric="m", by={"judge": "j"}), Rate(metric="m", by=by)
    rates = Rates(Summary(rates=(whole, part)))
    assert rates.get("m", judge="j") is whole
    assert rates.get("m", system="s", judge="j") is part
    assert rates.get("m", judge="j", language="en") is None
    assert rates.values("j", "system") == ["s"]


def test_only_a_judge_that_may_give_one_has_a_violation_rate() -> None:
    def main(metric: str, kind: str | None) -> str:
        rates = (Rate(metric=metric, by={"judge": "j"}),)
        (judge,) = Results(Summary(rates=rates), {"judges": {"j": {"rate_kind": kind}}}, {}).judges
        return judge.main.name

    assert main("violation_rate", "violation") == "violation_rate"
    assert main("violation_rate", "flagged") == "flagged_rate"
    assert main("flagged_rate", None) == "flagged_rate"


def test_people_come_after_the_judges() -> None:
    rates = tuple(Rate(metric="violation_rate", by={"judge": name}) for name in ("human:given", "builtin"))
    assert [judge.name for judge in Results(Summary(rates=rates), {}, {}).judges] == ["builtin", "human:given"]
