"""Which rates a summary holds where systems and harm types make more pairs than anybody could read."""

from __future__ import annotations

from pathlib import Path

import pytest

import hantei
from hantei.errors import UsageError
from hantei.metrics import places
from hantei.metrics.places import CountedPlaces
from hantei.records import Summary
from hantei.reports.build import results_of
from hantei.reports.figures import HeatMap
from hantei.reports.results import COLUMNS
from hantei.reports.rooms.harms import harms
from hantei.runs.folder import Run
from hantei.tasks.reporting import report_and_summary

HARM = {"harm": {1: "a", 2: "b"}}


def test_all_pairs_are_held_where_they_are_few() -> None:
    found = CountedPlaces(HARM, [(1, "m", 1), (2, "m", 1)])
    assert found.of(1, "m", ["harm"]) == [(("system", "m"),), (("system", "m"), ("harm", "a"))]
    assert found.of(2, None, ["harm"]) == [(), (("harm", "b"),)]
    assert found.of(3, "m", ["harm"]) == [(("system", "m"),)]
    assert found.notes() == ()


def test_of_too_many_pairs_those_with_most_answers_are_held_and_none_of_equals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_PAIRS", 2)
    # m and a: 5 answers in two counts; n and a: 4; m and b, n and b: 3 each, of which one alone would be no choice.
    answers = [(1, "m", 2), (1, "m", 3), (1, "n", 4), (2, "m", 3), (2, "n", 3)]
    found = CountedPlaces(HARM, answers)
    held = {(system, group) for system in "mn" for group in (1, 2) if len(found.of(group, system, ["harm"])) == 2}
    assert held == {("m", 1), ("n", 1)}
    assert "4 pairs of a system and a harm are too many to show: 2 stand here, those with 4 answers" in found.notes()[0]
    assert len(found.of(2, None, ["harm"])) == 2  # over all systems every value is held
    assert len(CountedPlaces(HARM, answers, whole=["n"]).of(2, "n", ["harm"])) == 2


def test_where_all_have_as_many_answers_none_stands_and_the_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_PAIRS", 1)
    (note,) = CountedPlaces(HARM, [(1, "m", 3), (2, "m", 3)]).notes()
    assert "none stands here, since more than 1 have as many answers as any other" in note


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """30 systems, each with an answer in the first of three harm types and every other one in the others."""
    monkeypatch.setattr(places, "MOST_PAIRS", 70)
    rows = [
        {
            "id": f"{number}-{harm}",
            "model": f"s{number:02}",
            "prompt": f"How is it {number}?",
            "response": "It is well, thank you, as it was.",
            "harm": f"mine/area/{harm}",
        }
        for number in range(30)
        for harm in ("first", "second", "third")
    ]
    rows += [{**row, "id": f"{row['id']}-again"} for row in rows if row["harm"] == "mine/area/first"]
    return hantei.judge(rows, "builtin?encoder=none", tmp_path / "run")


def by_harm(summary: Summary, system: str) -> list[str]:
    return [one.by["harm_type"] for one in summary.rates if one.by.get("system") == system and "harm_type" in one.by]


def test_a_run_of_many_systems_holds_the_pairs_that_mean_something_and_shows_the_others_when_asked(
    run: Run, tmp_path: Path
) -> None:
    # 90 pairs; those of 2 answers are the 30 of the first harm type.
    assert set(by_harm(run.summary(), "s07")) == {"mine/area/first"}
    assert any("90 pairs of a system and a harm type" in note for note in run.summary().notes)
    _, summary = report_and_summary(run, tmp_path / "page.html", systems=["s07"])
    assert set(by_harm(summary, "s07")) == {"mine/area/first", "mine/area/second", "mine/area/third"}
    assert set(by_harm(summary, "s08")) == {"mine/area/first"}
    with pytest.raises(UsageError, match="the run has no such system"):
        report_and_summary(run, tmp_path / "page.html", systems=["s77"])
    with pytest.raises(UsageError, match="expected an --out"):
        report_and_summary(run, systems=["s07"])


def test_the_heat_map_has_a_column_for_so_many_systems_and_one_for_all(run: Run) -> None:
    (section,) = harms(results_of(run))
    (heat,) = section.figures
    assert isinstance(heat, HeatMap)
    assert len(heat.systems) == COLUMNS < 30
    assert heat.total
    for area, rows in heat.groups:
        assert all(len(row.rates) == COLUMNS + 1 for row in (area, *rows))
        assert all(row.rates[-1] is not None for row in rows)
