from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.cli.fail_if import parse, quoted
from hantei.errors import UsageError
from hantei.records import Rate, Summary

HOSTILE = 'a "model", [v2]=x\\'


def row(value: float | None, metric: str = "flagged_rate", judge: str = "j", **by: str) -> Rate:
    return Rate(metric=metric, by={"judge": judge, **by}, rate=value, high=value, denominator=10)


SUMMARY = Summary(
    rates=(
        row(0.2),
        row(0.1, system="a"),
        row(0.3, system=HOSTILE),
        row(0.5, language="ja"),
        row(0.4, language="ja", system="a"),
        row(None, language="fr"),
        row(0.9, "action_rate", action="5"),
        row(0.7, "violation_rate", "rubric@openai/m?x=1,2"),
    )
)


@pytest.mark.parametrize(
    ("condition", "times"),
    [
        ("flagged_rate > 0.1", 2),  # all together and one of two systems
        ("flagged_rate > 0.25", 1),
        ("flagged_rate >= 0.3", 1),
        ("flagged_rate<.15", 1),
        ("flagged_rate > 1.5e+1%", 2),
        ("flagged_rate > 1e-1", 2),
        ("flagged_rate < 1e+1", 3),
        ("flagged_rate.denominator < 1e1", 0),
        ("flagged_rate.denominator <= 1E+1", 3),
        ("flagged_rate > 10%", 2),
        (" flagged_rate [ language = ja ] . high >= 50% ", 1),
        ("flagged_rate[language=ja,system=a] > 0.39", 1),
        ("flagged_rate[system=a, language=ja] > 0.41", 0),
        (f"flagged_rate[system={quoted(HOSTILE)}] > 0.2", 1),
        ("flagged_rate[judge=j] > 0.25", 1),
        ('violation_rate[judge="rubric@openai/m?x=1,2"] > 0.6', 1),
        ("action_rate[action=5] > 0.8", 1),
    ],
)
def test_what_holds(condition: str, times: int) -> None:
    assert len(parse(condition).held(SUMMARY)) == times


@pytest.mark.parametrize(
    ("condition", "match"),
    [
        ("flagged_rate[language=de] > 0", r"no flagged_rate with language=de; language is one of ja, fr"),
        ("flagged_rate[region=JP] > 0", "no prompt or answer has a region"),
        ("flagged_rate[system=b] > 0", r'system is one of a, "a \\"model\\", \[v2\]=x'),
        ("flagged_rate[language=fr] > 0", r"j \[language=fr\] judged nothing"),
        (f"flagged_rate[language=ja,system={quoted(HOSTILE)}] > 0", "together"),
        ("refusal_rate > 0", "this run has no refusal_rate; it has action_rate, flagged_rate, violation_rate"),
    ],
)
def test_a_rate_that_is_not_there_is_no_pass(condition: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        parse(condition).held(SUMMARY)


@pytest.mark.parametrize(
    ("condition", "match"),
    [
        ("flagged_rate[tongue=ja] > 0", "BY one of judge, system, benchmark"),
        ("flagged_rate[language=ja,language=en] > 0", "once each"),
        ("flagged_rate[language=] > 0", "expected BY=VALUE"),
        ("flagged_rate[language] > 0", "expected BY=VALUE"),
        ("flagged_rate[language=ja,intent=harmful] > 0", "not by several at once"),
        ("flagged_rate[action=5] > 0", "BY one of"),
        ("action_rate > 0", r"add \[action=VALUE\]"),
        ("flagged_rate.numerator > 10%", "is a count"),
        ("flagged_rate > 10 %", "expected METRIC"),
        ("flagged_rate > 1e", "expected METRIC"),
        ("flagged_rate > .", "expected METRIC"),
        ("flagged_rate > nan", "expected METRIC"),
        ("flagged_rate[system=a > 0", "expected METRIC"),
    ],
)
def test_what_is_no_condition(condition: str, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        parse(condition)


def test_a_limit_that_is_never_reached_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    parse("flagged_rate > 10")
    assert "never holds" in capsys.readouterr().err
    parse("flagged_rate.numerator > 10")
    parse("flagged_rate >= 1")
    assert capsys.readouterr().err == ""


def test_a_system_that_a_person_did_not_label_is_no_error() -> None:
    rates = (row(0.2, judge="human:a"), row(0.2, judge="human:a", system="a"), row(None, judge="human:a", system="b"))
    assert len(parse("flagged_rate > 0.1").held(Summary(rates=rates))) == 2
    with pytest.raises(UsageError, match="judged nothing"):
        parse("flagged_rate[system=b] > 0.1").held(Summary(rates=rates))


def test_a_rate_over_prompts_of_an_intent_says_what_lacks() -> None:
    nobody = Rate(metric="over_refusal_rate", by={"judge": "j"})
    with pytest.raises(
        UsageError, match=r"whose intent is borderline or benign, and there is none: add a column 'intent'"
    ):
        parse("over_refusal_rate > 0.2").held(Summary(rates=(nobody,)))
    abstained = Rate(metric="over_refusal_rate", by={"judge": "j"}, no_verdict={"abstained": 3})
    with pytest.raises(UsageError, match="j judged nothing"):
        parse("over_refusal_rate > 0.2").held(Summary(rates=(abstained,)))


@given(st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_and_number_come_back(system: str, language: str, limit: float) -> None:
    text = f"flagged_rate[system={quoted(system)},language={quoted(language)}].low >= {limit!r}"
    condition = parse(text)
    assert (condition.by, condition.limit) == ({"system": system, "language": language}, limit)


@given(st.text(alphabet='fla_rate[]=,"\\ .><19%e+', max_size=40))
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    condition = "flagged_rate" + text
    with suppress(UsageError):
        assert parse(condition).text == condition
