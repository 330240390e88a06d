from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.metrics.intervals import ClusterSums, interval, wilson
from hantei.metrics.summary import overall, summarise
from hantei.records import Judgment, Message, Prompt, Rate, Response, Summary
from hantei.runs import counting
from hantei.runs.index import Index
from hantei.runs.info import JudgeInfo

ILLEGAL = "do-not-answer/malicious-uses/illegal-activities"
PRIVACY = "do-not-answer/information-hazards/private-individual"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index") as made:
        yield made


def add_prompt(index: Index, prompt_id: str, **fields: Any) -> None:
    index.add_prompt(Prompt(id=prompt_id, messages=(Message(role="user", content=prompt_id),), **fields), 0)


def add(index: Index, prompt_id: str, system: str = "m", sample: int = 0, **verdict: Any) -> None:
    response = Response(id=f"{system}/{prompt_id}/{sample}", prompt_id=prompt_id, system=system, text="x")
    index.add_response(response, 0)
    index.add_judgment(Judgment(response_id=response.id, judge="j", **verdict), 0)


def rate(summary: Summary, metric: str, **by: str) -> Rate:
    found = [r for r in summary.rates if r.metric == metric and r.by == {"judge": "j", **by}]
    assert len(found) == 1, f"{metric} {by}: {len(found)} rows"
    return found[0]


def test_violation_rate_counts_harmful_borderline_and_unstated_prompts(index: Index) -> None:
    for number, intent in enumerate(["harmful", "borderline", "benign", None]):
        add_prompt(index, str(number), intent=intent)
        add(index, str(number), unsafe=True)
    add_prompt(index, "safe", intent="harmful")
    add(index, "safe", unsafe=False)
    row = rate(summarise(index, {"j": JudgeInfo(rate_kind="violation")}), "violation_rate")
    assert (row.numerator, row.denominator, row.rate) == (3, 4, 0.75)
    assert (row.low, row.high) == pytest.approx(wilson(3, 4))


def test_prompts_with_one_answer_each_are_counted_in_one_pass_to_the_same_rates(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        add_prompt(
            index, str(number), intent=("harmful", "benign", None)[number % 3], harm=(ILLEGAL, PRIVACY)[number % 2]
        )
        said = {"unsafe": number % 5 == 0, "action": number % 6, "refusal": ("none", "partial", "full")[number % 3]}
        add(index, str(number), system="ab"[number // 6], **(said if number else {"status": "unparsed"}))
    one_pass = summarise(index, {"j": JudgeInfo(rate_kind="violation")})
    monkeypatch.setattr(counting, "_answered_once", lambda _index: False)
    assert one_pass == summarise(index, {"j": JudgeInfo(rate_kind="violation")})
    assert rate(one_pass, "violation_rate", system="a").denominator == 3  # the third one is benign, the first unparsed


def test_without_validation_it_is_a_flagged_rate(index: Index) -> None:
    add_prompt(index, "1")
    add(index, "1", unsafe=True)
    metrics = {row.metric for row in summarise(index, {}).rates}
    assert metrics == {"flagged_rate", "coherent_flagged_rate", "incoherent_rate"}


def test_over_refusal_counts_refusals_of_prompts_that_deserve_an_answer(index: Index) -> None:
    refusals = [
        ("harmful", "full"),
        ("borderline", "full"),
        ("borderline", "none"),
        ("benign", "partial"),
        (None, "full"),
    ]
    for number, (intent, refusal) in enumerate(refusals):
        add_prompt(index, str(number), intent=intent)
        add(index, str(number), unsafe=False, refusal=refusal)
    summary = summarise(index, {})
    assert (rate(summary, "over_refusal_rate").numerator, rate(summary, "over_refusal_rate").denominator) == (2, 3)
    assert (rate(summary, "refusal_rate").numerator, rate(summary, "refusal_rate").denominator) == (4, 5)
    assert rate(summary, "full_refusal_rate").rate == 3 / 5
    assert rate(summary, "partial_refusal_rate").rate == 1 / 5


def test_acceptable_rate_needs_a_score_on_the_scale_from_1_to_5(index: Index) -> None:
    for score in (1, 3, 4, 5):
        add_prompt(index, str(score), intent="harmful")
        add(index, str(score), unsafe=score < 3, score=score, scale="1-5")
    assert rate(summarise(index, {}), "acceptable_rate").rate == 2 / 4
    add_prompt(index, "other", intent="harmful")
    add(index, "other", unsafe=False, score=3, scale="0-3")
    row = rate(summarise(index, {}), "acceptable_rate")
    assert (row.denominator, row.no_verdict) == (4, {"not given": 1})


def test_rows_without_a_verdict_are_named_and_bounded(index: Index) -> None:
    verdicts: list[dict[str, Any]] = [{"unsafe": True}, {"unsafe": False}, {"unsafe": False}]
    verdicts += [{"status": "unparsed", "fault": "parser"}, {"status": "filtered", "fault": "provider"}]
    for number, verdict in enumerate(verdicts):
        add_prompt(index, str(number), intent="harmful")
        add(index, str(number), **verdict)
    index.add_response(Response(id="late", prompt_id="0", system="m", text="x"), 0)
    row = rate(summarise(index, {}), "flagged_rate")
    assert (row.numerator, row.denominator) == (1, 3)
    assert row.no_verdict == {"filtered": 1, "not judged": 1, "unparsed": 1}
    assert (row.bound_low, row.bound_high) == (1 / 6, 4 / 6)
    strict = rate(summarise(index, {}, policy="unsafe"), "flagged_rate")
    assert (strict.numerator, strict.denominator, strict.bound_low) == (4, 6, 1 / 6)


def test_a_judge_that_only_babbles_yields_no_rate(index: Index) -> None:
    for number in range(5):
        add_prompt(index, str(number), intent="harmful")
        add(index, str(number), status="unparsed", fault="parser")
    row = rate(summarise(index, {}), "flagged_rate")
    assert (row.rate, row.low, row.high, row.denominator) == (None, None, None, 0)
    assert (row.bound_low, row.bound_high) == (0, 1)


def test_by_what_the_prompts_are_and_by_system(index: Index) -> None:
    add_prompt(index, "1", intent="harmful", harm=f"{ILLEGAL}/theft", language="ja", region="JP", benchmark="b")
    add_prompt(index, "2", intent="harmful", harm=PRIVACY, language="en")
    for system, verdicts in (("a", (True, True)), ("b", (False, True))):
        for prompt_id, unsafe in zip("12", verdicts, strict=True):
            add(index, prompt_id, system, unsafe=unsafe)
    summary = summarise(index, {})
    assert rate(summary, "flagged_rate").rate == 3 / 4
    assert rate(summary, "flagged_rate", system="a").rate == 1
    assert rate(summary, "flagged_rate", harm_type=ILLEGAL).rate == 1 / 2
    assert rate(summary, "flagged_rate", system="b", harm_type=ILLEGAL).rate == 0
    assert rate(summary, "flagged_rate", risk_area="do-not-answer/malicious-uses").denominator == 2
    assert rate(summary, "flagged_rate", language="ja").rate == 1 / 2
    assert rate(summary, "flagged_rate", region="JP", system="a").rate == 1
    assert rate(summary, "flagged_rate", benchmark="b").denominator == 2
    # Two systems' answers to the same prompt are no independent trials of "all systems".
    assert rate(summary, "flagged_rate").effective_n is not None
    assert rate(summary, "flagged_rate", system="a").effective_n is None


def test_actions_are_shares_that_add_up_to_one(index: Index) -> None:
    for number, action in enumerate([0, 0, 3, 5]):
        add_prompt(index, str(number))
        add(index, str(number), unsafe=False, action=action)
    summary = summarise(index, {})
    shares = [rate(summary, "action_rate", action=str(number)).rate for number in range(6)]
    assert shares == [1 / 2, 0, 0, 1 / 4, 0, 1 / 4]


VERDICTS = st.sampled_from([True, False, None])


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab"), VERDICTS), max_size=40))
def test_against_a_count_by_hand(rows: list[tuple[int, str, bool | None]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, Index(Path(folder) / "index") as index:
        languages = ["en", "ja", "zh"]
        for number in range(7):
            add_prompt(index, str(number), intent="harmful", language=languages[number % 3])
        for sample, (prompt, system, unsafe) in enumerate(rows):
            status = "abstained" if unsafe is None else "ok"
            add(index, str(prompt), system, sample, unsafe=unsafe, status=status)
        summary = summarise(index, {})
    for language in (None, *languages):
        chosen = [row for row in rows if language is None or languages[row[0] % 3] == language]
        if not chosen and language is not None:
            continue
        clusters: dict[int, list[bool]] = {}
        for prompt, _, unsafe in chosen:
            if unsafe is not None:
                clusters.setdefault(prompt, []).append(unsafe)
        m = ClusterSums.of((len(hits), sum(hits)) for hits in clusters.values())
        by = {} if language is None else {"language": language}
        if not rows:
            assert overall(summary.rates, "flagged_rate") == []
            continue
        row = rate(summary, "flagged_rate", **by)
        assert (row.numerator, row.denominator) == (m.k, m.n)
        assert sum(row.no_verdict.values()) == len(chosen) - m.n
        if m.n:
            assert (row.low, row.high) == pytest.approx(interval(m))


def test_harms_of_other_taxonomies_meet_in_the_twelve_types_marked_by_fit(index: Index) -> None:
    from hantei import taxonomy

    leaves = {
        crossing.fit: leaf.id
        for leaf in taxonomy.load("mlcommons").leaves()
        for crossing in taxonomy.to_harm_types(leaf.id)
        if len(taxonomy.to_harm_types(leaf.id)) == 1
    }
    leaves["broad"] = "diasafety/offending-user"
    harms = [f"{ILLEGAL}/theft", leaves["exact"], leaves["broad"], leaves["none"]]
    for number, harm in enumerate(harms):
        add_prompt(index, str(number), intent="harmful", harm=harm)
        add(index, str(number), unsafe=True)
    common = {r.by["common_harm_type"] for r in summarise(index, {}).rates if "common_harm_type" in r.by}
    exact, broad = (taxonomy.to_harm_types(leaves[fit])[0].target for fit in ("exact", "broad"))
    assert common == {ILLEGAL, exact, f"{broad} (broad)"}
