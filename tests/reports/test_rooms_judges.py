from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from hantei.estimates import AgainstPerson, Bin, Calibration
from hantei.records import Rate, Summary
from hantei.reports import ReportInput, render_report
from hantei.reports.figures import Plot
from hantei.reports.results import Results
from hantei.reports.rooms import sections
from hantei.reports.section import Section
from hantei.reports.to_html import figure
from hantei.reports.to_terminal import cell_text

from .people import CASCADE, DRIFT, against, people_input
from .sample import rate, report_input


def of(data: ReportInput, key: str) -> list[Section]:
    results = Results(data.summary, data.settings, data.labels)
    return [section for section in sections(results) if section.key.startswith(key)]


def compared(*found: AgainstPerson) -> list[Section]:
    """Return the sections of comparisons with people in a run that ``builtin`` judged."""
    summary = Summary(rates=(rate("flagged_rate", 1, 20, {"judge": "builtin"}),), calibration=found)
    return of(replace(report_input(copies=1), summary=summary), "people")


def judged(card: Mapping[str, Any], *rates: Rate) -> ReportInput:
    """Return a run of one judge with a card of its own."""
    whole = rate("flagged_rate", 1, 20, {"judge": "builtin"})
    data = replace(report_input(copies=1), summary=Summary(rates=(whole, *rates)), answers=[])
    return replace(data, settings={"judges": {"builtin": card}})


def drawn(section: Section) -> list[str]:
    return [str(figure(one, "f")) for one in section.figures]


def test_a_judge_shows_how_it_does_against_each_person_and_no_other_judge_does() -> None:
    found = compared(against(person="human:a"), against("other"), against(person="human:b"))
    assert [(one.key, one.judge) for one in found] == [("people", "builtin"), ("people-2", "builtin")]
    assert [one.title.rpartition(" ")[2] for one in found] == ["human:a", "human:b"]


def test_numbers_stand_with_their_intervals_and_what_is_absent_is_left_out() -> None:
    (section,) = compared(against())
    assert [(row.name, *map(cell_text, row.cells)) for row in section.tables[0].rows] == [
        ("Base rate", "87.7% [85.0, 90.0] 526/600"),
        ("Accuracy", "87.7% [85.0, 90.0] 526/600"),
        ("Recall", "87.7% [85.0, 90.0] 526/600"),
        ("F1 of unsafe", "87.7% [85.0, 90.0]"),
        ("Accuracy of the action", "87.7% [85.0, 90.0] 526/600"),
        ("Macro-F1 of the action", "87.7% [85.0, 90.0]"),
    ]
    assert section.notes[0].text == "600 answers have both a label and a verdict; 7 more have no verdict."


def test_answers_from_the_judges_training_are_warned_of() -> None:
    (seen,) = compared(against(in_training=12))
    (unseen,) = compared(against(in_training=0))
    (warning,) = [note.text for note in seen.notes if note.tone == "caution"]
    assert warning.startswith("12 of these 600 answers were in the judge's training data.")
    assert not [note for note in unseen.notes if note.tone == "caution"]


def test_a_judge_that_is_too_sure_of_itself_is_told_so() -> None:
    (section,) = compared(against())
    titles = [table.caption.partition(":")[0] for table in section.tables[1:]]
    assert titles == ["Probability of unsafe", "Probability of the action"]
    assert [row.name for row in section.tables[1].rows] == [
        "as judged",
        "after temperature scaling",
        "after isotonic scaling",
    ]
    texts = " ".join(note.text for note in section.notes)
    assert "unsafe: the judge is more sure of itself than it may be; its log odds are best multiplied by 0.4" in texts
    sure = against()
    assert sure.p_unsafe is not None
    (section,) = compared(changed(sure, p_unsafe=changed(sure.p_unsafe, factor=1.05)))
    assert "Probability of unsafe: the judge is about as sure" in " ".join(note.text for note in section.notes)


def test_a_dot_needs_ten_answers() -> None:
    found = against()
    assert found.p_unsafe is not None
    bins = tuple(Bin(low=0.0, high=0.1, n=n, mean=0.05, share=0.1, share_low=0.0, share_high=0.3) for n in (9, 10))
    few = Calibration(n=19, factor=1.0, before=changed(found.p_unsafe.before, bins=bins))
    (section,) = compared(changed(found, p_unsafe=few))
    assert len(re.findall(r"<th scope=\"row\"><bdi>as judged", drawn(section)[0])) == 1


def test_a_cascade_shows_its_curve_where_it_operates_and_what_it_saved() -> None:
    (section,) = of(judged({"cascade": CASCADE}, rate("calls_saved_rate", 70, 100, {"judge": "builtin"})), "cascade")
    figures = drawn(section)
    assert [one.count("<polyline") for one in figures] == [2, 1]
    assert ["operates here" in one for one in figures] == [True, True]
    assert [re.findall(r'text-anchor="end">(\d+%)', one) for one in figures] == [
        ["80%", "85%", "90%", "95%"],
        ["0%", "5%", "10%", "15%", "20%"],
    ]
    assert {row.name: row.cells[0] for row in section.tables[0].rows} == {
        "Asks the expensive judge where": "its confidence in the action is below 0.8123",
        "Share of calls on the sample": "30.0%",
        "Accuracy on the sample": "87.5%",
        "Macro-F1 on the sample": "82.7%",
        "Error among the kept": "9.8%",
        "Its upper bound": "11.2%",
    }
    assert "In this run 70.0% [60.4, 78.1] of the judged answers (70/100) needed no call" in section.notes[0].text


def test_a_cascade_whose_threshold_was_given_by_hand_has_no_curve() -> None:
    by_hand = {"head": "unsafe", "rule": "confidence", "threshold": 0.9, "guarantee": "None."}
    (section,) = of(judged({"cascade": {"cheap": "a", "expensive": "b", **by_hand}}), "cascade")
    assert section.figures == ()
    assert [row.name for row in section.tables[0].rows] == ["Asks the expensive judge where"]
    assert of(judged({}), "cascade") == []


def test_a_curve_without_the_expensive_judges_verdicts_has_the_error_alone() -> None:
    curve = [{**point, "accuracy": None, "macro_f1": None} for point in CASCADE["curve"]]
    about = {**CASCADE, "curve": curve, "operating": {"calls": 0.3, "kept_error": 0.1}}
    (section,) = of(judged({"cascade": about}), "cascade")
    (plot,) = section.figures
    assert isinstance(plot, Plot)
    assert plot.marks == [(0.3, 0.1, "operates here")]


def test_drift_is_written_in_its_units() -> None:
    (section,) = of(judged({"drift": DRIFT}), "drift")
    assert [row.cells for row in section.tables[0].rows] == [
        ("length (en)", "914 characters", "120 to 610 characters"),
        ("unknown words", "12.3%", "up to 4.1%"),
    ]


TOPIC = {
    "system": "<new>",
    "measure": "topic",
    "language": "en",
    "value": 0.0812,
    "usual_low": 0.0,
    "usual_high": 0.025,
}


def test_of_topics_that_it_was_not_measured_on_a_judge_has_no_coloured_headline() -> None:
    rates = [rate("flagged_rate", 1, 20, {"judge": "builtin", "system": name}) for name in ("<new>", "usual")]
    familiar, doubtful = judged({"drift": DRIFT}, *rates), judged({"drift": [{**TOPIC, "text": "unlike"}]}, *rates)
    (table,) = of(doubtful, "drift")[0].tables
    assert table.rows[0].cells == ("topic (en)", "0.081", "up to 0.025")
    said = "not measured on answers like these"
    assert said not in render_report(familiar)
    page = render_report(doubtful)
    assert page.count(said) == page.count('class="stat doubtful') == 1  # the one system's, not the other's
    assert "What was asked here is unlike everything" in page
    assert "hantei calibrate" in page


def test_the_page_has_the_sections_and_leads_to_them() -> None:
    page = render_report(people_input())
    for part in ("people", "cascade", "drift"):
        assert f'href="#{part}-0"' in page
        assert f'id="{part}-0"' in page
    assert "In this run 70.0%" in page
    plain = render_report(report_input(copies=1))
    assert not re.search(r'id="(people|cascade|drift)-', plain)


def test_people_come_after_the_judges() -> None:
    data = people_input()
    person: dict[str, Any] = {"judge": "human:given"}
    rates = (rate("violation_rate", 1, 10, person), *data.summary.rates)
    page = render_report(replace(data, summary=changed(data.summary, rates=rates)))
    assert page.index("Verdicts of <bdi>builtin") < page.index("Verdicts of <bdi>human:given")
