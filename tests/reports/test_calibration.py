from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from hantei.reports import render_report
from hantei.reports.calibration import cascade_view, drift_rows, person_views
from hantei.reports.rates import describe

from .people import CASCADE, DRIFT, against, people_input
from .sample import rate, report_input


def test_a_judge_shows_how_it_does_against_each_person_and_no_other_judge_does() -> None:
    found = [against(person="human:a"), against("other"), against(person="human:b")]
    assert [view.name for view in person_views(found, "builtin")] == ["human:a", "human:b"]
    assert person_views(found, "third") == ()


def test_numbers_stand_with_their_intervals_and_what_is_absent_is_left_out() -> None:
    (view,) = person_views([against()], "builtin")
    assert [(score.title, score.value, score.interval, score.counts) for score in view.scores] == [
        ("Base rate", "87.6%", "[85.0, 90.0]", "193/600"),
        ("Accuracy", "87.6%", "[85.0, 90.0]", "526/600"),
        ("Recall", "87.6%", "[85.0, 90.0]", ""),
        ("F1 of unsafe", "87.6%", "[85.0, 90.0]", ""),
        ("Accuracy of the action", "87.6%", "[85.0, 90.0]", ""),
        ("Macro-F1 of the action", "87.6%", "[85.0, 90.0]", ""),
    ]
    assert view.counts == "600 answers have both a label and a verdict; 7 more have no verdict"


def test_answers_from_the_judges_training_are_warned_of() -> None:
    (seen,) = person_views([against(in_training=12)], "builtin")
    (unseen,) = person_views([against(in_training=0)], "builtin")
    assert seen.in_training.startswith("12 of these 600 answers were in the judge's training data.")
    assert unseen.in_training == ""


def test_a_judge_that_is_too_sure_of_itself_is_told_so() -> None:
    (view,) = person_views([against()], "builtin")
    assert [scaling.title for scaling in view.scalings] == ["Probability of unsafe", "Probability of the action"]
    assert [name for name, _, _ in view.scalings[0].rows] == [
        "as judged",
        "after temperature scaling",
        "after isotonic scaling",
    ]
    assert "more sure of itself than it may be: its log odds are best multiplied by 0.4" in view.scalings[0].sure
    fine = against()
    fine["p_unsafe"] = {**fine["p_unsafe"], "factor": 1.05}
    (view,) = person_views([fine], "builtin")
    assert view.scalings[0].sure == ""


def test_a_dot_needs_ten_answers() -> None:
    found = against()
    bins = [
        {"low": 0.0, "high": 0.1, "n": n, "mean": 0.05, "share": 0.1, "share_low": 0.0, "share_high": 0.3}
        for n in (9, 10)
    ]
    found["p_unsafe"] = {"n": 19, "factor": 1.0, "before": {**found["p_unsafe"]["before"], "bins": bins}}
    (view,) = person_views([found], "builtin")
    assert len(re.findall(r"<th scope=\"row\"><bdi>as judged", view.scalings[0].figure)) == 1


def test_a_cascade_shows_its_curve_where_it_operates_and_what_it_saved() -> None:
    saved = describe(rate("calls_saved_rate", 70, 100, {"judge": "c"}))
    view = cascade_view(CASCADE, saved)
    assert view is not None
    assert [figure.count("<polyline") for figure in view.figures] == [2, 1]
    assert ["operates here" in figure for figure in view.figures] == [True, True]
    assert [re.findall(r'text-anchor="end">(\d+%)', figure) for figure in view.figures] == [
        ["80%", "85%", "90%", "95%"],
        ["0%", "5%", "10%", "15%", "20%"],
    ]
    assert dict(view.facts) == {
        "Asks the expensive judge where": "its confidence in the action is below 0.8123",
        "Share of calls on the sample": "30.0%",
        "Accuracy on the sample": "87.5%",
        "Macro-F1 on the sample": "82.7%",
        "Error among the kept": "9.8%",
        "Its upper bound": "11.2%",
    }


def test_a_cascade_whose_threshold_was_given_by_hand_has_no_curve() -> None:
    by_hand = {"head": "unsafe", "rule": "confidence", "threshold": 0.9, "guarantee": "None."}
    view = cascade_view({"cheap": "a", "expensive": "b", **by_hand}, None)
    assert view is not None
    assert view.figures == ()
    assert [title for title, _ in view.facts] == ["Asks the expensive judge where"]
    assert cascade_view(None, None) is None


def test_a_curve_without_the_expensive_judges_verdicts_has_the_error_alone() -> None:
    curve = [{**point, "accuracy": None, "macro_f1": None} for point in CASCADE["curve"]]
    view = cascade_view({**CASCADE, "curve": curve, "operating": {"calls": 0.3, "kept_error": 0.1}}, None)
    assert view is not None
    (figure,) = view.figures
    assert "operates here" in figure


def test_drift_is_written_in_its_units() -> None:
    rows = [(row.measure, row.value, row.usual) for row in drift_rows(DRIFT)]
    assert rows == [
        ("length (en)", "914 characters", "120 to 610 characters"),
        ("unknown words", "12.3%", "up to 4.1%"),
    ]


def test_the_page_has_the_sections_and_leads_to_them() -> None:
    page = render_report(people_input())
    for part in ("people", "cascade", "drift"):
        assert f'href="#{part}-0"' in page
        assert f'id="{part}-0"' in page
    assert "<b>70.0%</b>" in page
    plain = render_report(report_input(copies=1))
    assert not re.search(r'id="(people|cascade|drift)-', plain)


def test_people_come_after_the_judges() -> None:
    data = people_input()
    person: dict[str, Any] = {"judge": "human:given"}
    rates = (rate("violation_rate", 1, 10, person), *data.summary.rates)
    page = render_report(replace(data, summary=changed(data.summary, rates=rates)))
    assert page.index("Verdicts of <bdi>builtin") < page.index("Verdicts of <bdi>human:given")
